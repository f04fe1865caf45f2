"""Fill a gateway's queue without running it: messages stored as accept would store them.

python -m tests.bench.fill CONFIG COUNT DOMAINS [DELAY_SECONDS]
"""

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from emailgw.config import load
from emailgw.control.operations import OPERATOR
from emailgw.core.address import Mailbox
from emailgw.core.model import Content, Submission
from emailgw.service.core import Core

TEXT = "The quick brown fox jumps over the lazy dog, and the fox says «thanks».\n" * 28  # 2 KB


async def fill(config_path: Path, count: int, domains: int, delay: int) -> None:
    """`count` messages of 4 KB in two parts, round robin to `domains` recipient domains."""
    core = await Core.open(load(config_path))
    content = Content(Mailbox.parse("Bench <b@sender.test>"), subject="Grüße", text=TEXT, html=f"<p>{TEXT}</p>")
    send_at = int((time.time() + delay) * 1000) if delay else None
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            mailbox = Mailbox.parse(f"user{number}@d{number % domains}.test")
            own = msgspec.structs.replace(content, subject=f"Grüße {number}")  # what they share is made but once
            submission = Submission(OPERATOR.id, own, (mailbox,), send_at=send_at)
            await core.accept.submit(submission, OPERATOR, "bench")

    await asyncio.gather(*(work() for _ in range(64)))
    await core.store.close()


if __name__ == "__main__":
    path, count, domains, *delay = sys.argv[1:]
    uvloop.run(fill(Path(path), int(count), int(domains), int(delay[0]) if delay else 0))
