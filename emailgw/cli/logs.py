"""How the daemon's log gets to stderr, and the form of its lines."""

import logging
import os
import sys
import time

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


def set_up_logging(config: Config) -> None:
    """To stderr, a line each. Under systemd the journal knows the time."""
    # Two lines a message: nothing is looked up that no line shows (the logging documentation, "Optimization").
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
    logging._srcfile = None
    stamp = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(f"{stamp}%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=config.log.level.upper(), handlers=[handler], force=True)
    logging.getLogger("emailgw.mail").setLevel(logging.INFO if config.log.mail else logging.CRITICAL)
    for name in ("asyncio", "uvicorn.error", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
