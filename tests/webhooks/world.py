"""The engine without a gateway around it: the real store, the real HTTP client, endpoints in other processes.

    async with World.open(tmp_path) as world:
        endpoint = await world.add(url)
        [event] = await world.happen()
        await world.until_settled(endpoint)

Times are the machine's; `retry` makes a day of waits a second.
"""

import asyncio
import base64
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from emailgw.core.ids import SerialNumbers, uuid7
from emailgw.core.listing import EventFilter
from emailgw.core.webhooks import Endpoint, EndpointId, WebhookPolicy
from emailgw.outhttp import OutHttp
from emailgw.outhttp.terms import Resolve
from emailgw.store.deliveries import Listed
from emailgw.store.open import Store, open_store
from emailgw.vault import Vault
from emailgw.webhooks.carrier import Tools
from emailgw.webhooks.carriers import Carriers
from emailgw.webhooks.courtesy import Courtesy
from emailgw.webhooks.signing import PREFIX, PURPOSE
from tests.harness.mail import make_mail
from tests.queue.world import eventually

LOOPBACK = ("127.0.0.0/8",)
RETRY = (30, 50, 80, 150, 300, 500, 500, 1000, 1000)
_LAST = 1 << 62
_FIRST = os.urandom(10)


def clock() -> int:
    return time.time_ns() // 1_000_000


def new_secret() -> str:
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def make_endpoint(vault: Vault, url: str, secret: str | None = None, **fields: Any) -> Endpoint:
    now = clock()
    sealed = vault.seal((secret or new_secret()).encode(), PURPOSE)
    id = EndpointId(uuid7(now, os.urandom(10)))
    return Endpoint(id=id, url=url, sealed=sealed, created_at=now, updated_at=now, **fields)


class World:
    def __init__(self, store: Store, vault: Vault, http: OutHttp, **policy: Any) -> None:
        self.store = store
        self.vault = vault
        self.timeout = policy.pop("timeout", 2_000)
        courtesy = policy.pop("courtesy", Courtesy())
        serials = SerialNumbers()
        next_lease = policy.pop("next_lease", lambda: serials.take(clock())[0])
        values = {"retry": RETRY, "jitter": 0.0, "longest": 60_000, "give_up_after": 3_600_000, "pause_after": 5}
        self.tools = Tools(
            events=store.events,
            webhooks=store.webhooks,
            deliveries=store.deliveries,
            http=http,
            vault=vault,
            clock=clock,
            dice=random.Random(7).random,
            next_lease=next_lease,
            policy=WebhookPolicy(**{**values, **policy}),
            timeout=self.timeout,
            window=16,
            courtesy=courtesy,
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        directory: Path,
        allow_networks: tuple[str, ...] = LOOPBACK,
        resolve: Resolve | None = None,
        **policy: Any,
    ) -> AsyncIterator["World"]:
        """With the carriers running."""
        store = await open_store(directory)
        world = cls(store, Vault.open(directory), OutHttp(allow_networks, resolve), **policy)
        task = asyncio.create_task(Carriers(world.tools).run())
        try:
            yield world
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.wait([task])
            await store.close()

    async def add(self, url: str, secret: str | None = None, **fields: Any) -> Endpoint:
        endpoint = make_endpoint(self.vault, url, secret, **fields)
        await self.store.webhooks.add(endpoint)
        return endpoint

    async def happen(self, count: int = 1, **mail: Any) -> list[int]:
        """So many messages are accepted, each of which is one event; the events' ids."""
        before = await self.store.events.head()
        for start in range(0, count, 50):
            mails = [make_mail(now=clock(), **mail) for _ in range(start, min(count, start + 50))]
            await asyncio.gather(*(self.store.queue.enqueue(*one) for one in mails))
        return [one.id for one in (await self.store.events.page(EventFilter(), count, before, newest_first=False)).told]

    async def listed(self, endpoint: Endpoint) -> Sequence[Listed]:
        return await self.store.deliveries.list(endpoint.id, 10_000, 0, _LAST, False)

    async def until(self, endpoint: Endpoint, state: str, count: int, timeout: float = 20) -> Sequence[Listed]:
        """So many of its deliveries are in a state."""

        async def probe() -> Sequence[Listed] | None:
            found = [one for one in await self.listed(endpoint) if one.delivery.state == state]
            return found if len(found) == count else None

        found: Sequence[Listed] = await eventually(probe, f"{count} deliveries are {state}", timeout)
        return found
