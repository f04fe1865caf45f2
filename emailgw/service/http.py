"""How requests come in by HTTP: the application on Hypercorn, with deadlines that Hypercorn lacks."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine

import hypercorn.asyncio
import hypercorn.config

from emailgw.api.app import Health, Metrics, build_app
from emailgw.api.fetch import Fetch
from emailgw.api.limits import BodyLimits
from emailgw.api.resources import Parts, build_resources
from emailgw.api.stream import Streams
from emailgw.listeners import BACKLOG
from emailgw.outhttp import OutHttp
from emailgw.service.core import Core
from emailgw.service.supervision import Supervisor, cancel

BODIES_AT_ONCE = 2  # of the largest size: each costs about four times its size while it is stored
GRACE = 5  # seconds for requests under way when stopping


class _Settings(hypercorn.config.Config):
    """Hypercorn's, with a TLS context of ours in the place of its files: it shows new certificates as they come."""

    context: ssl.SSLContext | None = None

    @property
    def ssl_enabled(self) -> bool:
        return self.context is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        return self.context


def serve_http(
    core: Core,
    listeners: list[socket.socket],
    secure: tuple[list[socket.socket], ssl.SSLContext] | None,
    supervisor: Supervisor,
) -> Callable[[], Coroutine[None, None, None]]:
    """Serve until the returned coroutine function is called; it waits for requests under way, but not for long.

    `secure`: listeners that speak TLS, and its context.
    """
    section = core.config.http
    limits = BodyLimits(section.max_body, section.body_timeout)
    fetch = Fetch(OutHttp(tuple(core.config.outbound.allow_networks)), section.max_body)
    links = core.vault.key_for("attachment links")
    streams = Streams(core.store.events, core.store.directory, core.clock)
    parts = Parts(
        store=core.store,
        accept=core.accept,
        limits=limits,
        fetch=fetch,
        clock=core.clock,
        domains=core.domains,
        open_lookup=core.open_lookup,
        link_key=links,
        keys=core.keys,
        rates=core.rates,
        once=core.once,
        templates=core.templates,
        streams=streams,
    )
    app = build_app(
        build_resources(parts),
        Health(lambda: supervisor.trouble),
        Metrics(section.metrics_networks),
        BODIES_AT_ONCE * section.max_body,
    )
    settings = _Settings()
    settings.bind = [f"fd://{listener.detach()}" for listener in listeners]  # it closes them
    if secure is not None and secure[0]:
        settings.insecure_bind, settings.bind = settings.bind, [f"fd://{one.detach()}" for one in secure[0]]
        settings.context = secure[1]
    settings.include_server_header = False
    settings.accesslog = None
    settings.errorlog = logging.getLogger("emailgw.http")
    settings.graceful_timeout = GRACE
    settings.keep_alive_timeout = 75
    settings.read_timeout = None
    settings.backlog = BACKLOG
    stopping = asyncio.Event()
    serving = supervisor.start(
        "http",
        hypercorn.asyncio.serve(app, settings, shutdown_trigger=stopping.wait),  # type: ignore[arg-type]
    )

    async def stop() -> None:
        streams.close()
        stopping.set()
        # On Python 3.12 and later an unfinished request body would keep Hypercorn waiting for ever.
        _, late = await asyncio.wait([serving], timeout=GRACE + 1)
        if late:
            await cancel(serving)

    return stop
