"""What a route says of itself: the declaration from which the description of the API is made (`api.openapi`).

Every route has one, so that nothing is served that is not described. Errors that every guarded route can answer with,
and those that come with a body, a query or a path, are not repeated in each declaration.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from emailgw.api.answers import answer_to
from emailgw.core.directory import Dialect

Endpoint = Callable[[Request], Awaitable[Response]]

JSON = "application/json"
CSV = "text/csv"


class Header(msgspec.Struct, frozen=True):
    """A header that a request may have; `schema` in JSON Schema."""

    name: str
    text: str
    schema: dict[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`answer`: the type of a successful answer (a TypedDict of `wire`), or None where it is not JSON but of type
    `media`. `statuses`: of success. `body`: the type that decodes the request, None where a body says nothing;
    `optional` where an empty one does too; `body_media` where it is not JSON. `query`: a Struct whose fields are the
    parameters. `errors`: our names (`wire.errors`) beside those that come by themselves.
    `tag`: the chapter, where it is not the first word of the path.
    """

    summary: str
    answer: Any = None
    statuses: tuple[int, ...] = (200,)
    body: Any = None
    optional: bool = False
    body_media: str = JSON
    query: type[msgspec.Struct] | None = None
    headers: tuple[Header, ...] = ()
    errors: tuple[str, ...] = ()
    media: str = JSON
    tag: str = ""


class DescribedRoute(Route):
    """One method of one path, with what it says of itself. `guarded`: it needs an API key."""

    def __init__(self, method: str, path: str, endpoint: Endpoint, operation: Operation, *, guarded: bool) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method = method
        self.operation = operation
        self.guarded = guarded


def router(routes: Sequence[DescribedRoute]) -> ASGIApp:
    """Tries them in their order; raises HTTPException (404, 405) where none fits, if the scope has an `app`."""
    return Router(routes=routes, redirect_slashes=False)


def open_route(method: str, path: str, endpoint: Endpoint, operation: Operation) -> DescribedRoute:
    """A route that needs no API key. What the endpoint raises becomes an answer, as it does behind a key."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001  (every exception becomes an answer)
            return answer_to(error, Dialect.RESEND)

    return DescribedRoute(method, path, answered, operation, guarded=False)
