"""The composition root: builds every part from its config section, starts them in order, supervises, stops in reverse.

The one place that knows all layers. Roles never call each other; they are handed the store and meet there.
"""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Self

import hypercorn.asyncio
import hypercorn.config

from emailgw.api.app import Health, Metrics, build_app
from emailgw.api.fetch import Fetch
from emailgw.api.limits import BodyLimits
from emailgw.api.resources import Parts, build_resources
from emailgw.clock import Clock
from emailgw.config import Config
from emailgw.control.channel import ControlServer
from emailgw.control.directory import DirectoryOperations
from emailgw.control.operations import Operations
from emailgw.control.queue import QueueOperations, Sites
from emailgw.control.suppressions import SuppressionOperations
from emailgw.core.address import Address
from emailgw.core.ids import SerialNumbers
from emailgw.core.rehearsal import REHEARSAL
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus
from emailgw.delivery.agent import Agent
from emailgw.delivery.lookup import RecordLookup
from emailgw.delivery.mx import Route
from emailgw.delivery.router import Router
from emailgw.delivery.settings import DeliverySettings, Timeouts, TLSLevel
from emailgw.errors import ConfigError
from emailgw.listeners import BACKLOG, bind, close_all, listening_on, own_addresses
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.outhttp import OutHttp
from emailgw.queue.accept import Accept, AcceptLimits
from emailgw.queue.bounces import BounceLimits, Bounces
from emailgw.queue.bounces import Tools as BounceTools
from emailgw.queue.domains import Domains, DomainSettings
from emailgw.queue.forwarding import Forwarding
from emailgw.queue.housekeeping import Housekeeping
from emailgw.queue.lane import LaneSettings, Tools
from emailgw.queue.mailboxes import Mailboxes
from emailgw.queue.manager import Manager, ManagerSettings
from emailgw.queue.prepare import Preparer
from emailgw.queue.quotas import Quotas
from emailgw.queue.rehearsal import Rehearsal, RehearsalRoute
from emailgw.queue.sites import FIRST_PAUSE, LONGEST_PAUSE, SiteLimits
from emailgw.queue.suppression import Suppressing, SuppressionPolicy
from emailgw.smtpd.inbound import Inbound, InboundSettings
from emailgw.store.open import Store, open_store
from emailgw.systemd import notify
from emailgw.vault import Vault

log = logging.getLogger("emailgw")

BODIES_AT_ONCE = 2  # of the largest size: each costs about four times its size while it is stored
HTTP_GRACE = 5  # seconds for requests under way when stopping


class Core:
    """What the daemon and a CLI without one have in common: the open store and what may be asked of it."""

    def __init__(self, config: Config, store: Store, vault: Vault, clock: Clock, host_name: str) -> None:
        self.config = config
        self.store = store
        self.vault = vault
        self.clock = clock
        self.host_name = host_name
        self.serials = SerialNumbers()
        self.suppressing = Suppressing(store.reports, _suppression_policy(config))
        limits = AcceptLimits(
            config.queue.lifetime, config.http.max_body, config.queue.min_free_space, str(config.testing.domain)
        )
        quotas = Quotas(store.directory, config.limits.recipients_per_day, config.limits.recipients_per_month)
        self.accept = Accept(
            store.queue, store.directory, limits, Path(config.data_dir), clock, self.serials, store.suppressions, quotas
        )

        settings = DomainSettings(host_name, config.domains.check_every, config.domains.retire_after)
        self.domains = Domains(store.directory, vault, settings, clock, self.open_lookup)

    def open_lookup(self) -> RecordLookup:
        return RecordLookup(tuple(self.config.dns.nameservers), self.config.dns.timeout)

    @classmethod
    async def open(cls, config: Config, on_failure: Callable[[str], None] | None = None) -> Self:
        """Raises ConfigError, Locked or StoreUnavailable."""
        data_dir = Path(config.data_dir)
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"data_dir: {data_dir}: {error.strerror}") from None
        store = await open_store(data_dir, on_failure)
        try:
            core = cls(config, store, Vault.open(data_dir), Clock(), str(config.ehlo_name) or socket.getfqdn())
            core.serials.start_after(await store.history.highest_serial())
            return core
        except BaseException:
            await store.close()
            raise

    def operations(self, sites: Sites | None) -> Operations:
        directory = DirectoryOperations(self.store.directory, self.store.reports, self.domains, self.clock)
        suppressions = SuppressionOperations(self.store.suppressions, self.clock)
        queue = QueueOperations(self.store.queue, self.store.history, self.clock, sites)
        return Operations(directory, queue, suppressions, self.accept)


class Service:
    """The daemon. `run` returns its exit status."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = asyncio.Event()
        self._trouble: str | None = None

    async def run(self) -> int:
        """Until SIGTERM or SIGINT (0), or until a part fails that it cannot live without (1).

        Raises ConfigError, CannotListen, Locked or StoreUnavailable when it cannot start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with contextlib.AsyncExitStack() as stack:
            listeners = bind(self._config.http.listen, "http.listen")
            stack.callback(close_all, listeners)
            inbound_listeners = bind(self._config.inbound.listen, "inbound.listen")
            stack.callback(close_all, inbound_listeners)
            core = await Core.open(self._config, self._fail)
            stack.push_async_callback(core.store.close)
            addresses = (listening_on(listeners), listening_on(inbound_listeners))
            await self._start(core, stack, listeners, inbound_listeners)
            log.info("ready: http on %s, inbound SMTP on %s, as %s", *addresses, core.host_name)
            notify("READY=1")
            await self._stop.wait()
            notify("STOPPING=1")
            log.info("stopping")
        log.info("stopped")
        return 1 if self._trouble else 0

    async def _start(
        self,
        core: Core,
        stack: contextlib.AsyncExitStack,
        listeners: list[socket.socket],
        inbound_listeners: list[socket.socket],
    ) -> None:
        """Each part is pushed on the stack as it starts, so they stop in reverse."""
        recovered = await core.store.queue.recover_leases(core.clock())
        if recovered:
            log.info("%d recipients were being delivered when the last process ended; they are due again", recovered)
        return_paths = ReturnPaths(core.vault.key_for("return path"))
        preparer = Preparer(core.store.directory, core.vault, return_paths, self._config.queue.return_path_lifetime)
        stack.callback(preparer.close)
        router, manager = self._build_manager(core, preparer)
        stack.push_async_callback(router.close)
        housekeeping = Housekeeping(
            core.store.queue, core.store.history, core.clock, self._config.queue.keep, core.store.idempotency
        )
        stack.push_async_callback(_cancel, self._supervise("housekeeping", housekeeping.run()))
        stack.push_async_callback(_cancel, self._supervise("domain checks", core.domains.run()))
        task = self._supervise("queue manager", manager.run())
        stack.push_async_callback(_finish_manager, manager, task, self._config.queue.shutdown_grace)
        control = ControlServer(core.operations(manager), Path(self._config.data_dir))
        await control.start()
        stack.push_async_callback(control.close)
        inbound = self._build_inbound(core, return_paths)
        for listener in inbound_listeners:
            server = await asyncio.get_running_loop().create_server(inbound.protocol, sock=listener, backlog=BACKLOG)
            stack.callback(server.close)
        stack.push_async_callback(self._serve_http(core, listeners))
        stack.push_async_callback(_cancel, self._supervise("watchdog", _watchdog()))

    def _build_manager(self, core: Core, preparer: Preparer) -> tuple[Router, Manager]:
        config = self._config
        settings = delivery_settings(config, core.host_name)
        router = Router(settings)
        return_paths = ReturnPaths(core.vault.key_for("return path"))
        rehearsal = Rehearsal(
            str(config.testing.domain), core.store.queue, core.store.history, return_paths, core.clock
        )

        def open_agent(nexthop: str) -> Rehearsal | Agent:
            return rehearsal if nexthop == REHEARSAL else Agent(router, settings, nexthop, core.clock)

        async def route(nexthop: str) -> RehearsalRoute | Route | DeliveryStatus:
            return RehearsalRoute() if nexthop == REHEARSAL else await router.route(nexthop)

        queue = config.queue
        policy = RetryPolicy(tuple(map(int, queue.retry)), queue.jitter)
        tools = Tools(
            queue=core.store.queue,
            preparer=preparer,
            open_agent=open_agent,
            clock=core.clock,
            dice=random.random,
            next_lease=lambda: core.serials.take(core.clock())[0],
            mark=core.suppressing.mark,
            settings=LaneSettings(
                claim=queue.claim,
                lease=queue.lease,
                try_timeout=config.delivery.try_timeout,
                idle=config.delivery.idle_session,
                policy=policy,
            ),
        )
        # A site's pause never outlasts the operator's own retry schedule.
        limits = SiteLimits(
            queue.sessions_per_site, min(FIRST_PAUSE, policy.schedule[0]), min(LONGEST_PAUSE, max(policy.schedule))
        )
        return router, Manager(tools, route, ManagerSettings(queue.max_sessions, limits))

    def _build_inbound(self, core: Core, return_paths: ReturnPaths) -> Inbound:
        section = self._config.inbound
        settings = InboundSettings(
            section.max_size,
            section.timeout,
            section.max_connections,
            section.max_connections_per_address,
            section.plain_rate,
            section.plain_size,
        )
        store = core.store
        owner = Address.parse(section.forward_reports_to) if section.forward_reports_to else None
        bounces = Bounces(
            BounceTools(
                queue=store.queue,
                history=store.history,
                reports=store.reports,
                paths=return_paths,
                suppressing=core.suppressing,
                forwarding=Forwarding(store.reports, owner, self._config.queue.lifetime, core.clock, core.serials),
                clock=core.clock,
                serials=core.serials,
                limits=BounceLimits(section.keep_unparsed, section.keep_unparsed_size),
            )
        )
        unsubscribe_paths = ReturnPaths(core.vault.key_for("return path"), UNSUBSCRIBE)
        mailboxes = Mailboxes(
            return_paths, unsubscribe_paths, store.directory, tuple(section.plain_addresses), core.clock
        )
        return Inbound(mailboxes, bounces, settings, core.host_name, core.clock)

    def _serve_http(self, core: Core, listeners: list[socket.socket]) -> Callable[[], Coroutine[None, None, None]]:
        """Serve until the returned coroutine function is called; it waits for requests under way, but not for long."""
        section = self._config.http
        limits = BodyLimits(section.max_body, section.body_timeout)
        fetch = Fetch(OutHttp(tuple(self._config.outbound.allow_networks)), section.max_body)
        rate = self._config.limits.requests_per_second
        links = core.vault.key_for("attachment links")
        parts = Parts(core.store, core.accept, limits, fetch, core.clock, core.domains, core.open_lookup, links, rate)
        app = build_app(
            build_resources(parts),
            Health(lambda: self._trouble),
            Metrics(section.metrics_networks),
            BODIES_AT_ONCE * section.max_body,
        )
        settings = hypercorn.config.Config()
        settings.bind = [f"fd://{listener.detach()}" for listener in listeners]  # it closes them
        settings.include_server_header = False
        settings.accesslog = None
        settings.errorlog = logging.getLogger("emailgw.http")
        settings.graceful_timeout = HTTP_GRACE
        settings.keep_alive_timeout = 75
        settings.read_timeout = None
        settings.backlog = BACKLOG
        stopping = asyncio.Event()
        serving = self._supervise(
            "http",
            hypercorn.asyncio.serve(app, settings, shutdown_trigger=stopping.wait),  # type: ignore[arg-type]
        )

        async def stop() -> None:
            stopping.set()
            # On Python 3.12 and later an unfinished request body would keep Hypercorn waiting for ever.
            _, late = await asyncio.wait([serving], timeout=HTTP_GRACE + 1)
            if late:
                await _cancel(serving)

        return stop

    def _supervise(self, name: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A part that the daemon cannot live without: when it ends by itself, the daemon ends, to be started anew."""
        task = asyncio.create_task(work, name=name)

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled() or self._stop.is_set():
                return
            error = task.exception()
            log.error("%s ended unexpectedly", name, exc_info=error)
            self._fail(f"{name} ended unexpectedly")

        task.add_done_callback(ended)
        return task

    def _fail(self, trouble: str) -> None:
        log.critical("giving up: %s", trouble)
        self._trouble = trouble
        self._stop.set()


def _suppression_policy(config: Config) -> SuppressionPolicy:
    section = config.suppression
    return SuppressionPolicy(
        hard_bounces=section.hard_bounces,
        transient_bounces=section.transient_bounces,
        complaints=section.complaints,
        unsubscribes=section.unsubscribes,
        transient_count=section.transient_count,
        transient_window=section.transient_window,
    )


def delivery_settings(config: Config, host_name: str) -> DeliverySettings:
    """The delivery section and its neighbours, as `delivery` wants them."""
    section = config.delivery
    command = section.command_timeout
    return DeliverySettings(
        ehlo_name=host_name,
        nameservers=tuple(config.dns.nameservers),
        mx_port=section.mx_port,
        allow_networks=tuple(section.allow_networks),
        own_addresses=own_addresses(config.inbound.listen),
        tls=TLSLevel(section.tls),
        try_limit=section.try_timeout,
        max_messages_per_session=section.messages_per_session,
        timeouts=Timeouts(
            dns=config.dns.timeout,
            connect=section.connect_timeout,
            greeting=command,
            ehlo=command,
            mail=command,
            rcpt=command,
            data=min(command, Timeouts().data),
            block=min(command, Timeouts().block),
            dot=2 * command,
        ),
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=5)


async def _finish_manager(manager: Manager, task: asyncio.Task[None], grace: int) -> None:
    await manager.stop(grace)
    await _cancel(task)


async def _watchdog() -> None:
    """Tell systemd that the loop turns, twice as often as it asks for."""
    every = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while True:
        await asyncio.sleep(every or 3600)
        notify("WATCHDOG=1")
