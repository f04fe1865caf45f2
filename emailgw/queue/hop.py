"""A next hop that lanes work on, and how fresh mail finds an idle lane of it."""

import asyncio


class Hop:
    """`fresh` is set when mail for it was queued since the last claim began; `lanes` counts its lanes."""

    def __init__(self, nexthop: str) -> None:
        self.nexthop = nexthop
        self.lanes = 0
        self.fresh = False
        self._idle: list[asyncio.Future[bool]] = []

    def wake(self) -> bool:
        """Tell one idle lane, and only one, of fresh mail; False when none is idle."""
        self.fresh = True
        return self._end_one_wait(True)

    @property
    def has_idle_lane(self) -> bool:
        return any(not future.done() for future in self._idle)

    def send_away(self) -> bool:
        """Make one idle lane end, so that its place is free for another; False when none is idle."""
        return self._end_one_wait(False)

    def _end_one_wait(self, there_is_mail: bool) -> bool:
        while self._idle:
            future = self._idle.pop()
            if not future.done():
                future.set_result(there_is_mail)
                return True
        return False

    async def wait_for_mail(self, timeout: int) -> bool:
        """Idle until woken, for up to `timeout` milliseconds; False when nothing came or the place is needed."""
        if self.fresh:
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._idle.append(future)
        try:
            async with asyncio.timeout(timeout / 1000):
                return await future
        except TimeoutError:
            return False
        finally:
            if future in self._idle:
                self._idle.remove(future)
