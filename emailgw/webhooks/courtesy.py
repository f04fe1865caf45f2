"""Mail goes first: while it waits for the processor, webhooks take what it leaves, and a thirtieth at the least.

What they cost is measured at each of their turns on the loop, in time of the processor, and is a share of what the loop
gets of it. The share halves each time that the loop is late, and grows slowly while it is not, so that a queue which
only waits for slow hosts slows nobody down. One for all carriers and the reader of the log.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")

LEAST = 1 / 30
GROWTH = 0.002  # of the share, at each look that finds the loop in time
LOOK = 0.01  # seconds between two looks while mail waits
IDLE_LOOK = 0.1
LATE = 0.0015  # seconds
SLOWEST = 0.1  # of the processor, that the loop is reckoned to get at least
LONGEST = 0.05  # seconds that one turn is charged: what takes longer is done once, as loading the HTTP client is


class Courtesy:
    """`mail_waits` is asked on the loop."""

    def __init__(self, mail_waits: Callable[[], bool] = lambda: False) -> None:
        self._mail_waits = mail_waits
        self._share = 1.0
        self._free_at = 0.0
        self._got = 1.0  # of the processor, that the loop got lately

    @property
    def busy(self) -> bool:
        """Whether webhooks get less than they could use."""
        return self._share < 1

    async def run(self) -> None:
        """Until cancelled: look how much there is to share."""
        loop = asyncio.get_running_loop()
        while True:
            waits = self._mail_waits()
            began, used, pause = loop.time(), time.thread_time(), LOOK if waits else IDLE_LOOK
            await asyncio.sleep(pause)
            took = loop.time() - began
            self.saw(waits, took - pause, (time.thread_time() - used) / took)

    def saw(self, mail_waits: bool, late: float, got: float = 1.0) -> None:
        """By how many seconds the loop was late; `got`: how much of the processor it had."""
        self._got += (max(SLOWEST, min(got, 1.0)) - self._got) / 8
        if not mail_waits:
            self._share, self._free_at = 1.0, 0.0
        elif late > LATE:
            self._share = max(LEAST, self._share / 2)
        else:
            self._share = min(1.0, self._share + GROWTH)

    def wait(self, now: float) -> float:
        """Seconds until the next piece of work may begin."""
        return max(0.0, self._free_at - now)

    def took(self, cost: float, now: float) -> None:
        """A piece of work that ends took so many seconds."""
        if self._share < 1:
            self._free_at = max(self._free_at, now) + cost / self._got * (1 / self._share - 1)

    async def charged(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, and count what it takes."""
        return await _Charged(self, work)


class _Charged(Generic[T]):
    """A coroutine with a watch on each of its turns."""

    def __init__(self, courtesy: Courtesy, work: Coroutine[Any, Any, T]) -> None:
        self._courtesy = courtesy
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        now = asyncio.get_running_loop().time
        turn: Callable[[], Any] = partial(self._work.send, None)
        while True:
            began = time.thread_time()
            try:
                waited_for = turn()
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self._courtesy.took(min(time.thread_time() - began, LONGEST), now())
            try:
                turn = partial(self._work.send, (yield waited_for))
            except GeneratorExit:
                self._work.close()
                raise
            except BaseException as error:  # noqa: BLE001  (handed on)
                turn = partial(self._work.throw, error)
