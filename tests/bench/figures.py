"""What metrics cost: counting a million events of the log, and asking for a month of them by day, domain and tag."""

import asyncio
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from emailgw.core.figures import HALF_HOUR, FiguresFilter
from emailgw.store.open import DATABASE_FILE, open_store

DAY = 48 * HALF_HOUR
START = 1_700_000_000_000 - 1_700_000_000_000 % DAY
_KINDS = (
    "CASE WHEN n % 50 = 7 THEN 'opened' WHEN n % 60 = 9 THEN 'bounced' WHEN n % 2 THEN 'delivered' ELSE 'queued' END"
)
_FILL = (
    "INSERT INTO contents VALUES (1, x'00')",
    "WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < :messages) INSERT INTO messages "
    "(id, content_id, key_id, author, domain, subject, fields, size, accepted_at, date, expires_at) SELECT "
    "printf('%08d', n), 1, 'k', 'a@b', 'd' || (n % 20) || '.test', '', '{}', 0, :start + n * 2000, :start + n * 2000, "
    "0 FROM s",
    "INSERT INTO message_tags SELECT '4:kind=' || (CAST(id AS INTEGER) % 7), id FROM messages",
    "WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < 2 * :messages) INSERT INTO events "
    f"(at, type, message_id, recipient_id, address, detail, domain) SELECT :start + n * 1000 + n % 997, {_KINDS}, "
    "printf('%08d', n / 2), n / 2, 'r', '{\"source\":\"smtp\"}', 'd' || (n / 2 % 20) || '.test' FROM s",
)


def figures(events: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="emailgw-bench-", dir=os.environ.get("BENCH_DIR")) as directory:
        return asyncio.run(_figures(Path(directory), events))


async def _figures(directory: Path, events: int) -> dict[str, float]:
    await (await open_store(directory)).close()
    connection = sqlite3.connect(directory / DATABASE_FILE)
    for sql in _FILL:
        connection.execute(sql, {"messages": events // 2, "start": START})
    connection.commit()
    connection.close()
    store = await open_store(directory)
    began = time.perf_counter()
    while not await store.figures.catch_up():
        pass
    found = {"counting us an event": (time.perf_counter() - began) / events * 1e6}
    days = tuple((START + day * DAY, START + (day + 1) * DAY) for day in range(31))
    for name, wanted in {
        "month ms": FiguresFilter(((START, START + 31 * DAY),)),
        "month by day ms": FiguresFilter(days),
        "one domain by day ms": FiguresFilter(days, ("d7.test",)),
        "one tag by day ms": FiguresFilter(days, tag=("kind", "3")),
        "by day and domain ms": FiguresFilter(days, by_domain=True),
        "by tag ms": FiguresFilter(((START, START + 31 * DAY),), by_tag=True),
    }.items():
        began = time.perf_counter()
        assert await store.figures.lines(wanted)
        found[name] = (time.perf_counter() - began) * 1000
    await store.close()
    return found
