"""Who asks: the API key of a request. Unknown and revoked keys look alike."""

from collections.abc import Callable

from starlette.requests import Request

from emailgw.core.directory import ApiKey, Dialect, dialect_of
from emailgw.core.keys import hash_key
from emailgw.errors import Rejected
from emailgw.store.directory import Directory

_LONGEST = 256


class Unauthorized(Rejected):
    """No key that may do this. `dialect` is what the presented key promises, since nothing else is known."""

    def __init__(self, message: str, *, name: str, dialect: Dialect) -> None:
        super().__init__(message, name=name, status="5.7.8")
        self.dialect = dialect


class Authenticator:
    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    async def key_of(self, request: Request) -> ApiKey:
        """Raises Unauthorized."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            raise Unauthorized(
                "Missing API key: send it in the header `Authorization: Bearer <key>`.",
                name="missing_api_key",
                dialect=Dialect.SENDKIT,
            )
        key = None
        if len(text) <= _LONGEST:
            key = await self._directory.api_key(hash_key(text), self._clock())
        if key is None or key.revoked_at is not None:
            raise Unauthorized("API key is invalid.", name="invalid_api_key", dialect=dialect_of(text))
        return key
