"""The daemon: starts every part in order, waits for the end, stops them in reverse."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from pathlib import Path

from emailgw.config import Config
from emailgw.control.channel import ControlServer
from emailgw.listeners import BACKLOG, bind, close_all, listening_on
from emailgw.mime.returnpath import ReturnPaths
from emailgw.queue.housekeeping import Housekeeping
from emailgw.queue.manager import Manager
from emailgw.queue.prepare import Preparer
from emailgw.service.core import Core
from emailgw.service.delivering import build_manager
from emailgw.service.http import serve_http
from emailgw.service.receiving import build_inbound
from emailgw.service.supervision import Supervisor, cancel
from emailgw.systemd import notify

log = logging.getLogger("emailgw")


class Service:
    """The daemon. `run` returns its exit status."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._supervisor = Supervisor()

    async def run(self) -> int:
        """Until SIGTERM or SIGINT (0), or until a part fails that it cannot live without (1).

        Raises ConfigError, CannotListen, Locked or StoreUnavailable when it cannot start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._supervisor.stopping.set)
        async with contextlib.AsyncExitStack() as stack:
            listeners = bind(self._config.http.listen, "http.listen")
            stack.callback(close_all, listeners)
            inbound_listeners = bind(self._config.inbound.listen, "inbound.listen")
            stack.callback(close_all, inbound_listeners)
            core = await Core.open(self._config, self._supervisor.fail)
            stack.push_async_callback(core.store.close)
            addresses = (listening_on(listeners), listening_on(inbound_listeners))
            await self._start(core, stack, listeners, inbound_listeners)
            log.info("ready: http on %s, inbound SMTP on %s, as %s", *addresses, core.host_name)
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
        router, manager = build_manager(core, preparer)
        stack.push_async_callback(router.close)
        housekeeping = Housekeeping(
            core.store.queue, core.store.history, core.clock, self._config.queue.keep, core.store.idempotency
        )
        stack.push_async_callback(cancel, self._supervisor.start("housekeeping", housekeeping.run()))
        stack.push_async_callback(cancel, self._supervisor.start("domain checks", core.domains.run()))
        task = self._supervisor.start("queue manager", manager.run())
        stack.push_async_callback(_finish_manager, manager, task, self._config.queue.shutdown_grace)
        control = ControlServer(core.operations(manager), Path(self._config.data_dir))
        await control.start()
        stack.push_async_callback(control.close)
        inbound = build_inbound(core, return_paths)
        for listener in inbound_listeners:
            server = await asyncio.get_running_loop().create_server(inbound.protocol, sock=listener, backlog=BACKLOG)
            stack.callback(server.close)
        stack.push_async_callback(serve_http(core, listeners, self._supervisor))
        stack.push_async_callback(cancel, self._supervisor.start("watchdog", _watchdog()))


async def _finish_manager(manager: Manager, task: asyncio.Task[None], grace: int) -> None:
    await manager.stop(grace)
    await cancel(task)


async def _watchdog() -> None:
    """Tell systemd that the loop turns, twice as often as it asks for."""
    every = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while True:
        await asyncio.sleep(every or 3600)
        notify("WATCHDOG=1")
