"""Parts that the daemon cannot live without: when one ends by itself, the daemon ends, to be started anew."""

import asyncio
import logging
from collections.abc import Coroutine

log = logging.getLogger("emailgw")


class Supervisor:
    """`stopping` is set when the daemon shall end; `trouble` says why where it was not asked to."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.trouble: str | None = None

    def start(self, name: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a part until it is cancelled; its end by itself is the daemon's."""
        task = asyncio.create_task(work, name=name)

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled() or self.stopping.is_set():
                return
            error = task.exception()
            log.error("%s ended unexpectedly", name, exc_info=error)
            self.fail(f"{name} ended unexpectedly")

        task.add_done_callback(ended)
        return task

    def fail(self, trouble: str) -> None:
        log.critical("giving up: %s", trouble)
        self.trouble = trouble
        self.stopping.set()


async def cancel(task: asyncio.Task[None]) -> None:
    """End a part; what it does not finish in five seconds is left behind."""
    task.cancel()
    await asyncio.wait([task], timeout=5)
