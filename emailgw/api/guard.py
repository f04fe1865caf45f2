"""What stands before every resource: the key of a request, what it may do, and the answer when something goes wrong."""

from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from emailgw.api.answers import Unauthorized, answer_to
from emailgw.core.directory import ApiKey, Dialect, Permission, dialect_of
from emailgw.core.keys import hash_key
from emailgw.store.directory import Directory

Endpoint = Callable[[Request], Awaitable[Response]]
_LONGEST_KEY = 256


class Guard:
    """`route` wraps an endpoint; inside it, `key_of(request)` is the caller's key."""

    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    def route(self, method: str, path: str, endpoint: Endpoint, needs: Permission = Permission.FULL) -> Route:
        """A route for keys that have the permission `needs` (a full key has both)."""

        async def guarded(request: Request) -> Response:
            dialect = Dialect.RESEND
            try:
                key = await self._authenticate(request)
                dialect = key.dialect
                if needs is Permission.FULL and key.permission is not Permission.FULL:
                    raise Unauthorized(
                        "This API key is restricted to only send emails", name="restricted_api_key", dialect=dialect
                    )
                request.state.key = key
                return await endpoint(request)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:  # noqa: BLE001  (every exception becomes an answer)
                return answer_to(error, dialect)

        return Route(path, guarded, methods=[method])

    async def _authenticate(self, request: Request) -> ApiKey:
        """Unknown, revoked and expired keys look alike. Raises Unauthorized."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            raise Unauthorized(
                "Missing API key: send it in the header `Authorization: Bearer <key>`.",
                name="missing_api_key",
                dialect=Dialect.SENDKIT,
            )
        now = self._clock()
        key = await self._directory.api_key(hash_key(text), now) if len(text) <= _LONGEST_KEY else None
        if key is None or not key.is_valid(now):
            raise Unauthorized("API key is invalid.", name="invalid_api_key", dialect=dialect_of(text))
        return key


def key_of(request: Request) -> ApiKey:
    key: ApiKey = request.state.key
    return key
