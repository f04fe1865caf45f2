"""How requests come in by HTTP: the application of all resources, behind connections on our own listeners."""

import socket
import ssl
from collections.abc import Callable, Coroutine

from emailgw.api.app import Health, Metrics, build_app
from emailgw.api.challenge import Challenges
from emailgw.api.fetch import Fetch
from emailgw.api.limits import BodyLimits
from emailgw.api.resources import Parts, build_resources
from emailgw.api.stream import Streams
from emailgw.api.tracking import TrackingResource
from emailgw.outhttp import OutHttp
from emailgw.service.connections import Connections
from emailgw.service.core import Core

BODIES_AT_ONCE = 2  # of the largest size: each costs about four times its size while it is stored


async def serve_http(
    core: Core,
    challenges: Challenges,
    listeners: list[socket.socket],
    secure: tuple[list[socket.socket], ssl.SSLContext] | None,
    trouble: Callable[[], str | None],
) -> Callable[[float], Coroutine[None, None, None]]:
    """Serve until the returned coroutine function is called, which waits so many seconds for requests under way.

    `secure`: listeners that speak TLS, and its context. `trouble`: why the daemon is unhealthy, if it is.
    """
    section = core.config.http
    limits = BodyLimits(section.max_body, section.body_timeout)
    fetch = Fetch(OutHttp(tuple(core.config.outbound.allow_networks)), section.max_body)
    links = core.vault.key_for("attachment links")
    streams = Streams(core.store.events, core.keys)
    tracking = TrackingResource(
        core.tokens,
        core.visits,
        core.unsubscribing,
        section.body_timeout,
        tuple(core.config.tracking.proxy_networks),
        core.clock,
    )
    parts = Parts(
        store=core.store,
        accept=core.accept,
        limits=limits,
        fetch=fetch,
        clock=core.clock,
        domains=core.domains,
        rules=core.rules,
        open_lookup=core.open_lookup,
        link_key=links,
        keys=core.keys,
        rates=core.rates,
        once=core.once,
        templates=core.templates,
        streams=streams,
        tracking=tracking,
        endpoints=core.endpoints,
    )
    app = build_app(
        [*build_resources(parts), *challenges.routes()],
        Health(trouble, core.warnings),
        Metrics(section.metrics_networks),
        BODIES_AT_ONCE * section.max_body,
    )
    connections = Connections(app)
    for listener in listeners:
        await connections.listen(listener)
    if secure is not None:
        for listener in secure[0]:
            await connections.listen(listener, secure[1])

    async def stop(grace: float) -> None:
        streams.close()
        await connections.close(grace)

    return stop
