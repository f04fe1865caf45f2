"""Answers: JSON always, errors in the contract's shape, and the one place where an exception becomes one.

What breaks inside is a 500 with a number that finds it in the log, and nothing else.
"""

import logging
import secrets
from typing import Any

import msgspec
from starlette.responses import Response

from emailgw import metrics
from emailgw.core.directory import Dialect
from emailgw.errors import Conflict, Contradiction, NotFound, Rejected, StoreUnavailable, TooManyRequests
from emailgw.wire.errors import error_body

log = logging.getLogger("emailgw.api")

_encoder = msgspec.json.Encoder()
# The rest of the body is not read, so the connection ends; who is not told sends his next request into it.
_BODY_UNREAD = ("too_large", "too_slow")
_CLOSING = {"connection": "close"}


class Unauthorized(Rejected):
    """No key that may do this. `dialect` is what the presented key promises, since nothing else is known."""

    def __init__(self, message: str, *, name: str, dialect: Dialect) -> None:
        super().__init__(message, name=name, status="5.7.8")
        self.dialect = dialect


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_encoder.encode(value), status, headers, "application/json")


def error_response(
    name: str, message: str, dialect: Dialect = Dialect.RESEND, headers: dict[str, str] | None = None
) -> Response:
    body = error_body(name, message, dialect)
    if body.status_code == 401:
        headers = {**(headers or {}), "www-authenticate": "Bearer"}  # RFC 9110 section 15.5.2; some clients insist
    return json_response(body, body.status_code, headers)


def answer_to(error: Exception, dialect: Dialect) -> Response:
    """What a client reads of an exception."""
    match error:
        case Unauthorized():
            return error_response(error.name, str(error), error.dialect)
        case TooManyRequests():
            return error_response(error.name, str(error), dialect, {"retry-after": str(error.retry_after)})
        case Rejected():
            return error_response(error.name, str(error), dialect, _CLOSING if error.name in _BODY_UNREAD else None)
        case NotFound():
            return error_response("not_found", str(error), dialect)
        case StoreUnavailable() | Contradiction():
            log.error("not accepted: %s", error)
            return error_response("unavailable", "Temporarily unavailable, try again.", dialect, {"retry-after": "5"})
        case Conflict():
            return error_response("validation_error", str(error), dialect)
        case _:
            fault = secrets.token_hex(4)
            log.error("fault %s while answering a request", fault, exc_info=error)
            metrics.faults.labels("api").inc()
            return error_response("application_error", f"Internal error {fault}.", dialect)
