"""What stands before every resource: the key of a request, what it may do, and the answer when something goes wrong."""

from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from emailgw.api.answers import Unauthorized, answer_to
from emailgw.api.operation import DescribedRoute, Endpoint, Operation
from emailgw.core.directory import ApiKey, Dialect, Permission, dialect_of
from emailgw.queue.keyring import KeyRing
from emailgw.queue.rates import Allowance, RateLimits, refuse


class Guard:
    """`route` wraps an endpoint; inside it, `key_of(request)` is the caller's key."""

    def __init__(self, keys: KeyRing, clock: Callable[[], int], rates: RateLimits | None = None) -> None:
        self._keys = keys
        self._clock = clock
        self._rates = rates or RateLimits(0)

    def route(
        self, method: str, path: str, endpoint: Endpoint, operation: Operation, needs: Permission = Permission.FULL
    ) -> DescribedRoute:
        """A route for keys that have the permission `needs` (a full key has both)."""

        async def guarded(request: Request) -> Response:
            dialect = Dialect.RESEND
            allowance: Allowance | None = None
            try:
                key = await self._authenticate(request)
                dialect = key.dialect
                allowance = self._rates.take(key, self._clock())
                if allowance is not None and allowance.remaining < 0:
                    raise refuse(allowance)
                if needs is Permission.FULL and key.permission is not Permission.FULL:
                    raise Unauthorized(
                        "This API key is restricted to only send emails", name="restricted_api_key", dialect=dialect
                    )
                request.state.key = key
                response = await endpoint(request)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:  # noqa: BLE001  (every exception becomes an answer)
                response = answer_to(error, dialect)
            if allowance is not None:
                response.raw_headers += allowance.headers
            return response

        return DescribedRoute(method, path, guarded, operation, guarded=True)

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
        key = await self._keys.find(text)
        if key is None:
            raise Unauthorized("API key is invalid.", name="invalid_api_key", dialect=dialect_of(text))
        return key


def key_of(request: Request) -> ApiKey:
    key: ApiKey = request.state.key
    return key


def unrestricted(request: Request) -> ApiKey:
    """The caller's key, which must be good for every domain. Raises Unauthorized."""
    key = key_of(request)
    if key.domains:
        raise Unauthorized(
            f"This API key is restricted to {', '.join(key.domains)}; this needs one that is not.",
            name="restricted_api_key",
            dialect=key.dialect,
        )
    return key
