"""The daemon: starts every part in order, waits for the end, stops them in reverse."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from pathlib import Path

from emailgw.api.challenge import Challenges
from emailgw.config import Config
from emailgw.control.channel import ControlServer
from emailgw.errors import CannotListen, StoreUnavailable
from emailgw.listeners import bind, close_all, listening_on
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.queue.housekeeping import Housekeeping, Received, Told
from emailgw.queue.manager import Manager
from emailgw.queue.prepare import Paths, Preparer
from emailgw.queue.visits import VisitLog
from emailgw.service.carrying import start_webhooks
from emailgw.service.certifying import open_certificates, serve_renewal
from emailgw.service.core import Core
from emailgw.service.delivering import build_manager
from emailgw.service.http import serve_http
from emailgw.service.receiving import serve_inbound
from emailgw.service.submitting import Bound, serve_submission, submission_endpoints
from emailgw.service.supervision import Supervisor, cancel
from emailgw.service.timekeeping import watch
from emailgw.signing import SigningProcesses
from emailgw.store.lock import DirectoryLock
from emailgw.store.suppressions import Suppressions
from emailgw.systemd import notify
from emailgw.tls import Certificates

log = logging.getLogger("emailgw")

# Objects between two collections of garbage, and collections between two of what is older. Little of ours is cyclic.
COLLECTING = (20_000, 20, 20)
HTTP_GRACE = 5  # seconds for requests under way when stopping


class Service:
    """The daemon. `run` returns its exit status."""

    def __init__(self, config: Config, signing: SigningProcesses) -> None:
        self._config = config
        self._signing = signing
        self._supervisor = Supervisor()

    async def run(self) -> int:
        """Until SIGTERM or SIGINT (0), or until a part fails that it cannot live without (1).

        Raises ConfigError, CannotListen, Locked or StoreUnavailable when it cannot start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._supervisor.stopping.set)
        async with contextlib.AsyncExitStack() as stack:
            certificates = open_certificates(self._config)
            loop.add_signal_handler(signal.SIGHUP, certificates.reload if certificates is not None else _nothing)
            try:
                bound = _bind(self._config)
            except CannotListen:
                _tell_who_runs(Path(self._config.data_dir))
                raise
            for listeners in bound.values():
                stack.callback(close_all, listeners)
            addresses = "; ".join(f"{name} on {listening_on(found)}" for name, found in bound.items() if found)
            core = await Core.open(self._config, self._supervisor.fail)
            core.warners.append(self._signing.warnings)
            stack.push_async_callback(core.store.close)
            await self._start(core, stack, bound, certificates)
            gc.freeze()  # what is there now stays: no collection looks at it again
            gc.set_threshold(*COLLECTING)
            log.info("ready: %s; as %s", addresses, core.host_name)
            notify("READY=1")
            await self._supervisor.stopping.wait()
            notify("STOPPING=1")
            log.info("stopping")
        log.info("stopped")
        return 1 if self._supervisor.trouble else 0

    async def _start(
        self,
        core: Core,
        stack: contextlib.AsyncExitStack,
        bound: Bound,
        certificates: Certificates | None,
    ) -> None:
        """Each part is pushed on the stack as it starts, so they stop in reverse."""
        recovered = await core.store.queue.recover_leases(core.clock())
        if recovered:
            log.info("%d recipients were being delivered when the last process ended; they are due again", recovered)
        return_paths = ReturnPaths(core.vault.key_for("return path"))
        paths = Paths(
            bounces=return_paths,
            unsubscribing=ReturnPaths(core.vault.key_for("return path"), UNSUBSCRIBE),
            lifetime=self._config.queue.return_path_lifetime,
            links_of=core.links_of,
        )
        await stack.enter_async_context(self._signing.connected())
        preparer = Preparer(core.store.directory, core.vault, paths, self._signing.make_all)
        stack.callback(preparer.close)
        router, parking, manager = build_manager(core, preparer)
        stack.push_async_callback(router.close)
        stack.push_async_callback(parking.close)
        store = core.store
        housekeeping = Housekeeping(
            store.queue,
            store.history,
            core.clock,
            self._config.queue.keep,
            store.idempotency,
            store.events,
            Received(store.received, self._config.receiving.keep),
            store.figures,
            Told(store.deliveries, self._config.webhooks.keep),
        )
        stack.push_async_callback(cancel, self._supervisor.start("housekeeping", housekeeping.run()))
        stack.push_async_callback(cancel, self._supervisor.start("clock", watch(core.clock)))
        stack.push_async_callback(cancel, self._supervisor.start("domain checks", core.domains.run()))
        stack.push_async_callback(cancel, asyncio.create_task(_learn(store.suppressions)))
        await start_webhooks(core, self._supervisor, stack, manager.has_waiting)
        task = self._supervisor.start("queue manager", manager.run())
        stack.push_async_callback(_finish_manager, manager, task, self._config.queue.shutdown_grace)
        control = ControlServer(core.operations(manager), Path(self._config.data_dir))
        await control.start()
        stack.push_async_callback(control.close)
        if certificates is not None:
            stack.push_async_callback(cancel, self._supervisor.start("certificates", certificates.run()))
        challenges = Challenges()
        if certificates is not None and self._config.acme.directory:
            core.tls.renewal = await serve_renewal(
                core, certificates, challenges, bound["acme"], self._supervisor, stack
            )
        await serve_inbound(core, return_paths, bound["inbound"], certificates, self._supervisor, stack)
        await serve_submission(core, bound, certificates, self._supervisor, stack)
        stack.push_async_callback(_finish_visits, core.visits, self._supervisor.start("visits", core.visits.run()))
        secure = (bound["https"], certificates.http) if certificates is not None else None
        http = await serve_http(core, challenges, bound["http"], secure, lambda: self._supervisor.trouble)
        stack.push_async_callback(http, HTTP_GRACE)
        stack.push_async_callback(cancel, self._supervisor.start("watchdog", _watchdog()))


def _bind(config: Config) -> Bound:
    """Every listening socket, by what it is for. Raises CannotListen, and then none is left."""
    bound: Bound = {}
    try:
        bound["http"] = bind(config.http.listen, "http.listen")
        bound["https"] = bind(config.http.listen_tls, "http.listen_tls")
        bound["acme"] = bind(config.acme.listen if config.acme.directory else (), "acme.listen")
        bound["inbound"] = bind(config.inbound.listen, "inbound.listen")
        for name, endpoints in submission_endpoints(config).items():
            bound[name] = bind(endpoints, name)
    except CannotListen:
        for listeners in bound.values():
            close_all(listeners)
        raise
    return bound


def _tell_who_runs(data_dir: Path) -> None:
    """A second daemon finds the ports taken by the first, whose pid says more. Raises Locked, with it."""
    try:
        DirectoryLock.take(data_dir).release()
    except OSError:
        pass  # no such directory yet: the port is another program's


async def _learn(suppressions: Suppressions) -> None:
    """Beside the mail: what is asked before it is done is asked of the database."""
    try:
        await suppressions.learn()
    except StoreUnavailable as error:
        log.warning("the suppression list was not read ahead, so each recipient is looked up: %s", error)


def _nothing() -> None:
    """SIGHUP without a certificate: there is nothing to read anew."""


async def _finish_manager(manager: Manager, task: asyncio.Task[None], grace: int) -> None:
    await manager.stop(grace)
    await cancel(task)


async def _finish_visits(visits: VisitLog, task: asyncio.Task[None]) -> None:
    await cancel(task)
    try:
        await visits.write()
    except StoreUnavailable as error:
        log.error("opens and clicks of the last seconds are lost: %s", error)


async def _watchdog() -> None:
    """Tell systemd that the loop turns, twice as often as it asks for."""
    every = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while True:
        await asyncio.sleep(every or 3600)
        notify("WATCHDOG=1")
