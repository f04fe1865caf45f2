"""How the daemon's log gets to stderr: the form of its lines, and one write for all lines of a turn of the loop."""

import asyncio
import contextlib
import logging
import os
import sys
import time
from typing import TextIO

from emailgw.config import Config


class LineFormatter(logging.Formatter):
    """What stands before a message stands before each of its lines; a second's date and time are written once."""

    _second = -1
    _text = ""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if "\n" not in record.message:
            return text
        head, _, tail = text.partition(record.message)
        return head + record.message.replace("\n", f"\n{head}") + tail

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        second = int(record.created)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = second
        return f"{self._text},{int(record.msecs):03d}"


class TurnHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Lines that are logged in one turn of the loop, as those of a group that was committed together, are written when
    it is over: to the system, line by line costs more than all else about them. Warnings, and what other threads say,
    are written at once, behind what waits; `flush` writes that, and is called at the end of the process.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.append(self.format(record))
            if record.levelno > logging.INFO or not self._at_end_of_turn():
                self.flush()
        except Exception:  # noqa: BLE001  (as every handler: the log's own trouble is nobody else's)
            self.handleError(record)

    def _at_end_of_turn(self) -> bool:
        """Whether the loop will write what waits; other threads have none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if len(self._waiting) == 1:
            loop.call_soon(self.flush)
        return True

    def flush(self) -> None:
        with contextlib.suppress(OSError), self.lock or contextlib.nullcontext():  # there is nobody left to tell
            waiting, self._waiting = self._waiting, []
            if waiting:
                self.stream.write("\n".join([*waiting, ""]))
            super().flush()


def set_up_logging(config: Config) -> None:
    """To stderr, a line each. Under systemd the journal knows the time."""
    # Two lines a message: nothing is looked up that no line shows (the logging documentation, "Optimization").
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
    logging._srcfile = None
    stamp = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    handler = TurnHandler(sys.stderr)
    handler.setFormatter(LineFormatter(f"{stamp}%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=config.log.level.upper(), handlers=[handler], force=True)
    logging.getLogger("emailgw.mail").setLevel(logging.INFO if config.log.mail else logging.CRITICAL)
    for name in ("asyncio", "uvicorn.error", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
