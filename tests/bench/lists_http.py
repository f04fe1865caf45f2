"""Lists of a gateway with very many messages, over HTTP: each kind of page asked for repeatedly, on one connection.

The most milliseconds that an answer took, and the CPU milliseconds of the gateway for one, which neighbours on the
machine do not change.
"""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx

from emailgw.store.open import open_store
from tests.bench.lists import fill
from tests.bench.world import World, stopwatch, world

ASKED = 20  # times each
# As `tests.bench.lists` fills the store: what fits many messages, few, and together next to none.
FILTERS = {
    "all": "",
    "delivered": "&status=delivered",
    "bounced": "&status=bounced",
    "small domain": "&domain=small.test",
    "recipient": "&recipient=user77@example.test",
    "tag": "&tag=campaign:c3",
    "dates": "&start_date=2027-01-16&end_date=2027-01-17",
    "tag, delivered": "&tag=campaign&status=delivered",
    "tag, bounced, domain": "&tag=campaign&status=bounced&domain=big.test",
    "recipient, bounced": "&recipient=user77@example.test&status=bounced",
    "tag, dates, delivered, domain": "&tag=campaign:c3&start_date=2027-01-16&status=delivered&domain=big.test",
    "nothing fits": "&tag=odd&domain=big.test",
}


def lists_over_http(count: int, filled: Path | None = None) -> dict[str, float]:
    """`filled`: a database that was filled before."""
    with world(sink=False) as w:
        w.gateway.key = ""
        database = w.gateway.data_dir / "emailgw.db"
        if filled is not None:
            shutil.copy(filled, database)
        else:
            asyncio.run(_fill(w.gateway.data_dir, count))
        w.gateway.add_domain("big.test")
        w.gateway.start()
        figures: dict[str, float] = {}
        with httpx.Client(
            base_url=w.gateway.url, headers={"authorization": f"Bearer {w.gateway.key}"}, timeout=60
        ) as client:
            for name, query in FILTERS.items():
                for kind, path in _pages(client, query):
                    figures[f"{name}, {kind} ms"], figures[f"{name}, {kind} CPU"] = _ask(w, client, path)
        return figures


def _pages(client: httpx.Client, query: str) -> Iterator[tuple[str, str]]:
    """By number with a total, as a hundred by cursor, and a hundred far behind by number."""
    yield "page", f"/emails?page=1{query}"
    first = client.get(f"/emails?limit=1{query}").json()["data"]
    after = f"&after={first[0]['id']}" if first else ""
    yield "cursor", f"/emails?limit=100{after}{query}"
    yield "behind", f"/emails?page=99&per_page=100{query}"


def _ask(w: World, client: httpx.Client, path: str) -> tuple[float, float]:
    client.get(path).raise_for_status()  # the first one also reads the file
    cpu, most = w.cpu(), 0.0
    for _ in range(ASKED):
        began = stopwatch()
        client.get(path).raise_for_status()
        most = max(most, (stopwatch() - began) * 1000)
    return most, (w.cpu() - cpu) / ASKED * 1000


async def _fill(data_dir: Path, count: int) -> None:
    store = await open_store(data_dir)
    try:
        await fill(store, count)
    finally:
        await store.close()
