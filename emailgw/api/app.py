"""The ASGI application: routes, and the one place where an exception becomes an answer.

Every answer is JSON, errors and unknown paths too; every refusal is the contract's error object. What breaks inside is
a 500 with a number that finds it in the log, and nothing else.
"""

import ipaddress
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emailgw import metrics
from emailgw.api.auth import Authenticator, Unauthorized
from emailgw.api.emails import Emails
from emailgw.core.directory import Dialect
from emailgw.errors import Conflict, NotFound, Rejected, StoreUnavailable, TooManyRequests
from emailgw.wire.errors import error_body

log = logging.getLogger("emailgw.api")

_encoder = msgspec.json.Encoder()
_SLASHES = re.compile(r"/{2,}")

Endpoint = Callable[[Request], Awaitable[Response]]


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_encoder.encode(value), status, headers, "application/json")


def error_response(
    name: str, message: str, dialect: Dialect = Dialect.RESEND, headers: dict[str, str] | None = None
) -> Response:
    body = error_body(name, message, dialect)
    return json_response(body, body.status_code, headers)


class Health:
    """`/healthz`: 200 while mail is accepted and worked on, 503 with the reason when not."""

    def __init__(self, trouble: Callable[[], str | None]) -> None:
        self._trouble = trouble

    async def get(self, request: Request) -> Response:
        trouble = self._trouble()
        if trouble is None:
            return json_response({"status": "ok"})
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


def build_app(emails: Emails, authenticator: Authenticator, health: Health, exposition: Metrics) -> ASGIApp:
    """All routes of the API."""
    guard = _Guard(authenticator)
    app = Starlette(
        routes=[
            Route("/emails", guard.wrap(emails.send), methods=["POST"]),
            Route("/emails/{id}", guard.wrap(emails.show), methods=["GET"]),
            Route("/healthz", health.get, methods=["GET"]),
            Route("/metrics", exposition.get, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _http_exception},
    )
    app.router.redirect_slashes = False
    return _CollapseSlashes(app)


class _Guard:
    """Wraps an endpoint: finds the key, maps what goes wrong."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def wrap(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            dialect = Dialect.RESEND
            try:
                key = await self._authenticator.key_of(request)
                dialect = key.dialect
                request.state.key = key
                return await endpoint(request)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:  # noqa: BLE001  (the one place that maps every exception)
                return _answer(error, dialect)

        return guarded


def _answer(error: Exception, dialect: Dialect) -> Response:
    match error:
        case Unauthorized():
            return error_response(error.name, str(error), error.dialect)
        case TooManyRequests():
            return error_response(error.name, str(error), dialect, {"retry-after": str(error.retry_after)})
        case Rejected():
            return error_response(error.name, str(error), dialect)
        case NotFound():
            return error_response("not_found", "Email not found", dialect)
        case Conflict():
            return error_response("validation_error", str(error), dialect)
        case StoreUnavailable():
            log.error("not accepted: %s", error)
            return error_response("unavailable", "Temporarily unavailable, try again.", dialect, {"retry-after": "5"})
        case _:
            fault = secrets.token_hex(4)
            log.error("fault %s while answering a request", fault, exc_info=error)
            metrics.faults.labels("api").inc()
            return error_response("application_error", f"Internal error {fault}.", dialect)


async def _http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
        return error_response("method_not_allowed", f"{request.method} is not allowed here.", headers=headers)
    return error_response("not_found", "The requested endpoint does not exist.")


class _CollapseSlashes:
    """`//emails` is `/emails` (contracts 0.2); counts answers by status, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "//" in scope["path"]:
            scope["path"] = _SLASHES.sub("/", scope["path"])

        async def counting(event: Any) -> None:
            if event["type"] == "http.response.start":
                metrics.http_requests.labels(str(event["status"])).inc()
            await send(event)

        await self._app(scope, receive, counting)
