"""The queue without a network: the real store, the real composer and signer, and an agent that says what it is told.

world.answers["dead.test"] = lambda envelope: LocalCause.NO_ANSWER.status("refused")
mail = await world.put("joe@dead.test")
await world.start()
await world.until(mail, RecipientState.DEFERRED)
"""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from emailgw.core.directory import DkimAlgorithm, DkimKey, Domain, DomainStatus
from emailgw.core.events import Attempt
from emailgw.core.ids import DomainId, SerialNumbers
from emailgw.core.model import Envelope, Recipient, RecipientState
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus
from emailgw.mime.dkim import generate_key, public_record
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.mime.tokens import Tokens
from emailgw.mime.tracking import Links
from emailgw.queue.lane import LaneSettings, Tools
from emailgw.queue.manager import Manager, ManagerSettings
from emailgw.queue.notices import Notices
from emailgw.queue.prepare import Paths, Preparer
from emailgw.queue.sites import SiteLimits
from emailgw.queue.withholding import Withholding
from emailgw.signing import MakeAll, SigningProcesses
from emailgw.store.lock import DirectoryLock
from emailgw.store.open import DATABASE_FILE, Store
from emailgw.store.presence import Presence
from emailgw.store.schema import prepare
from emailgw.store.sqlite import SQLiteDatabase, Watch
from emailgw.store.verb import Statement, Verb
from emailgw.vault import Vault
from tests.harness.mail import Mail, make_mail, said

Answer = Callable[[Envelope], DeliveryStatus | Awaitable[DeliveryStatus]]

OK = said(250, "2.0.0 taken")
PATIENCE = 40  # seconds for a condition to come true


def takes(envelope: Envelope) -> DeliveryStatus:
    return OK


def clock() -> int:
    return time.time_ns() // 1_000_000


async def eventually(probe: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """The first truthy value of `probe` (or of what it awaits), asked again and again."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"never came true: {what}; last value {value!r}"
        await asyncio.sleep(0.002)


class Site(msgspec.Struct, frozen=True):
    """A route: all that the manager wants to know of one."""

    site: str


class FakeAgent:
    """The agent that the design promises: it knows no network, and tells the world what it was asked."""

    def __init__(self, world: "World", nexthop: str) -> None:
        self._world = world
        self._nexthop = nexthop
        world.opened[nexthop] += 1
        world.open_now += 1
        world.most_open = max(world.most_open, world.open_now)

    async def deliver(self, envelope: Envelope, deadline: int) -> Attempt:
        self._world.tried.append((self._nexthop, envelope, clock()))
        started_at = clock()
        answer = self._world.answers.get(self._nexthop, takes)(envelope)
        status = answer if isinstance(answer, DeliveryStatus) else await answer
        if status.status.is_success:
            self._world.taken.append(envelope)
        return Attempt(status, started_at, transcript=self._world.transcript)

    async def close(self) -> None:
        self._world.open_now -= 1


class World:
    """`answers`: by next hop, what its hosts say; `sites`: by next hop, its site or why there is no route."""

    def __init__(self, data_dir: Path, database: SQLiteDatabase, lock: DirectoryLock, suppressed: Presence) -> None:
        self.data_dir = data_dir
        self.database = database
        self.store = Store(database, lock, suppressed)
        self.answers: dict[str, Answer] = {}
        self.sites: dict[str, Site | DeliveryStatus] = {}
        self.tried: list[tuple[str, Envelope, int]] = []
        self.taken: list[Envelope] = []
        self.opened: Counter[str] = Counter()
        self.open_now = 0
        self.most_open = 0
        self.transcript: tuple[str, ...] = ()
        self.vault = Vault(bytes(32))
        self.return_paths = ReturnPaths(self.vault.key_for("return path"))
        self.serials = SerialNumbers()
        self.lane = LaneSettings(
            claim=10, lease=60_000, try_timeout=30_000, idle=0, policy=RetryPolicy((40,), jitter=0.0)
        )
        self.settings = ManagerSettings(sessions=20, site=SiteLimits(sessions=10, first_pause=50, longest_pause=50))
        self.manager: Manager | None = None
        self._running: asyncio.Task[None] | None = None
        tokens = Tokens({1: self.vault.key_for("tracking 1")}, 1)
        paths = Paths(
            bounces=self.return_paths,
            unsubscribing=ReturnPaths(self.vault.key_for("return path"), UNSUBSCRIBE),
            lifetime=3_600_000,
            links_of=lambda domain: Links(tokens, f"https://{domain.tracking_host}"),
        )
        self._signing = SigningProcesses(0)
        self.make_all: MakeAll = self._signing.make_all
        self._preparer = Preparer(self.store.directory, self.vault, paths, lambda drafts, at: self.make_all(drafts, at))

    @classmethod
    async def open(cls, data_dir: Path) -> Self:
        lock = DirectoryLock.take(data_dir)
        prepare(data_dir / DATABASE_FILE)
        suppressed = Presence()
        watch = Watch("suppressions", "address", suppressed.add)
        world = cls(data_dir, await SQLiteDatabase.open(data_dir / DATABASE_FILE, watches=(watch,)), lock, suppressed)
        await world.store.suppressions.learn()
        await world.add_domain("sender.test")
        return world

    async def close(self) -> None:
        if self._running is not None:
            await self.stop()
        self._preparer.close()
        self._signing.close()
        await self.store.close()

    async def add_domain(self, name: str, status: DomainStatus = DomainStatus.VERIFIED) -> None:
        private = generate_key(DkimAlgorithm.ED25519)
        domain = Domain(DomainId(name), name, status, clock())
        sealed = self.vault.seal(private, "dkim ed1")
        key = DkimKey(domain.id, "ed1", DkimAlgorithm.ED25519, sealed, public_record(private), clock())
        await self.store.directory.add_domain(domain, (key,))

    # Running.

    async def start(self) -> None:
        tools = Tools(
            queue=self.store.queue,
            preparer=self._preparer,
            open_agent=lambda nexthop: FakeAgent(self, nexthop),
            clock=clock,
            dice=random.random,
            next_lease=lambda: self.serials.take(clock())[0],
            settings=self.lane,
            withholding=Withholding(self.store.suppressions),
            notices=Notices(
                self.store.queue,
                self.store.history,
                self.store.directory,
                clock,
                self.serials,
                "gw.test",
                86_400_000,
            ),
        )
        self.manager = Manager(tools, self._route, self.settings)
        self._running = asyncio.create_task(self.manager.run())
        await asyncio.sleep(0)

    async def stop(self, grace: int = 2000) -> None:
        assert self.manager is not None
        assert self._running is not None
        await self.manager.stop(grace)
        await asyncio.wait_for(self._running, 5)
        self._running = None

    async def _route(self, nexthop: str) -> Site | DeliveryStatus:
        return self.sites.get(nexthop, Site(f"mx.{nexthop}"))

    # Mail.

    async def put(self, *addresses: str, **options: Any) -> Mail:
        mail = make_mail(*addresses, **{"now": clock(), **options})
        await self.store.queue.enqueue(*mail)
        return mail

    async def recipients(self, mail: Mail) -> tuple[Recipient, ...]:
        return await self.store.history.recipients(mail.message.id)

    async def until(self, mail: Mail, *states: RecipientState, timeout: float = PATIENCE) -> tuple[Recipient, ...]:
        """The recipients of a message once they are in these states (one for all, or one for each)."""

        async def probe() -> tuple[Recipient, ...] | None:
            found = await self.recipients(mail)
            wanted = states * len(found) if len(states) == 1 else states
            return found if tuple(r.state for r in found) == wanted else None

        found: tuple[Recipient, ...] = await eventually(probe, f"{mail.message.to} {states}", timeout)
        return found

    async def until_idle(self, nexthop: str) -> None:
        """A lane of the next hop waits for mail with its session open."""
        hops = self.manager._hops if self.manager is not None else {}
        await eventually(lambda: nexthop in hops and hops[nexthop].has_idle_lane, f"a lane of {nexthop} is idle")

    async def story(self, mail: Mail) -> list[str]:
        return [event.type.value for event in (await self.store.history.story(mail.message.id)).events]

    def tries_of(self, nexthop: str) -> int:
        return sum(tried == nexthop for tried, _, _ in self.tried)

    # Faults.

    async def limit_pages(self, spare: int | None) -> None:
        """Leave the database only so many more pages: then its disk is full."""
        [[[count]]] = await self.database.write(Verb((Statement("PRAGMA page_count"),)))
        most = 1_000_000 if spare is None else int(count or 0) + spare
        await self.database.write(Verb((Statement(f"PRAGMA max_page_count={most}"),)))

    def damage(self, sql: str, *parameters: object) -> None:
        """Change rows behind everybody's back."""
        connection = sqlite3.connect(self.data_dir / DATABASE_FILE, timeout=10)
        try:
            connection.execute(sql, parameters)
            connection.commit()
        finally:
            connection.close()
