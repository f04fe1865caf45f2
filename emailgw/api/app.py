"""The ASGI application: the routes of all resources, their description, `/healthz` and `/metrics`, and JSON for every
other path.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Literal, NotRequired, TypedDict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emailgw import metrics
from emailgw.api.answers import error_response, json_response
from emailgw.api.description import Description
from emailgw.api.operation import DescribedRoute, Operation, open_route, router
from emailgw.errors import StoreUnavailable

_SLASHES = re.compile(r"/{2,}")
_NO_PREFLIGHT = " Pages of other origins may not call this API: a key in a page is everybody's. Call it from a server."
_AS_WRITTEN = ("/t/", "/u/")  # links in mail: one that was changed is another


class HealthShown(TypedDict):
    status: Literal["ok", "unhealthy"]
    reason: NotRequired[str]
    warnings: NotRequired[list[str]]


def build_app(resources: Sequence[DescribedRoute], health: "Health", exposition: "Metrics", octets: int) -> ASGIApp:
    """`resources`: the guarded routes, in the order in which they are tried. `octets`: of bodies held at a time."""
    healthy = Operation(
        summary="200 while mail is accepted and worked on", answer=HealthShown, statuses=(200, 503), tag="Service"
    )
    figures = Operation(
        summary="Prometheus' text format, for the configured networks only",
        media="text/plain",
        errors=("not_found",),
        tag="Service",
    )
    routes = [
        *resources,
        open_route("GET", "/healthz", health.get, healthy),
        open_route("GET", "/metrics", exposition.get, figures),
    ]
    described = Description(routes).routes
    return _Front(described, octets)


class Health:
    """`/healthz`: 200 while mail is accepted and worked on, perhaps with warnings; 503 with the reason when not."""

    def __init__(self, trouble: Callable[[], str | None], warnings: Callable[[], list[str]]) -> None:
        self._trouble = trouble
        self._warnings = warnings

    async def get(self, request: Request) -> Response:
        trouble = self._trouble()
        if trouble is None:
            warnings = self._warnings()
            return json_response({"status": "ok", "warnings": warnings} if warnings else {"status": "ok"})
        return json_response({"status": "unhealthy", "reason": trouble}, 503)


class Metrics:
    """`/metrics` in Prometheus' text format, for the given networks only: the API may be public, the figures not."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    async def get(self, request: Request) -> Response:
        host = request.client.host if request.client else ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise HTTPException(404) from None
        if not any(address in network for network in self._networks):
            raise HTTPException(404)
        return Response(metrics.expose(), media_type="text/plain; version=0.0.4")


def plain_path(path: str) -> str:
    """Without the slashes that clients add."""
    if ("//" in path or path.endswith("/")) and not path.startswith(_AS_WRITTEN):
        return _SLASHES.sub("/", path).rstrip("/") or "/"
    return path


class _Front:
    """Before everything: `//emails` and `/emails/` are `/emails` (contracts 0.2, 4), large bodies are weighed, answers
    counted.

    Routes make an answer of every exception themselves. So Starlette's application is left out, whose two layers of
    handlers each see every event: only its router is used, and not even that for a path without parameters, which is
    found by name.
    """

    def __init__(self, routes: Sequence[DescribedRoute], octets: int) -> None:
        self._routes = routes
        self._router = router(routes)
        self._direct = {(route.method, route.path): route.endpoint for route in routes if "{" not in route.path}
        self._octets = octets
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # has the router raise where no route fits
        if scope["type"] == "http":
            scope["path"] = plain_path(scope["path"])

        async def counting(event: Message) -> None:
            if event["type"] == "http.response.start":
                metrics.labelled(metrics.http_requests, str(event["status"])).inc()
            await send(event)

        held = 0

        async def weighing() -> Message:
            """Memory is bounded by octets, not by connections: too many large bodies at once are sent away."""
            nonlocal held
            event = await receive()
            if event["type"] == "http.request":
                held += len(event["body"])
                self._held += len(event["body"])
                if self._held > self._octets:
                    raise StoreUnavailable("too many large requests at once")
            return event

        endpoint = self._direct.get((scope["method"], scope["path"]))
        try:
            if endpoint is None:
                await self._router(scope, weighing, counting)
            else:
                response = await endpoint(Request(scope, weighing, counting))
                await response(scope, weighing, counting)
        except HTTPException as error:
            await self._refuse(Request(scope), error)(scope, weighing, counting)
        finally:
            self._held -= held

    def _refuse(self, request: Request, error: HTTPException) -> Response:
        """Where no route fits. A path has one route for each method, so `Allow` is of them all."""
        if error.status_code == 405:
            path = request.url.path
            methods = {route.method for route in self._routes if route.path_regex.match(path)}
            headers = {"allow": ", ".join(sorted(methods))}
            why = _NO_PREFLIGHT if request.method == "OPTIONS" else ""
            return error_response("method_not_allowed", f"{request.method} is not allowed here.{why}", headers=headers)
        return error_response("not_found", "The requested endpoint does not exist.")
