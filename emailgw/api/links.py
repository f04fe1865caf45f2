"""Links that open one thing without a key until they expire: signed with HMAC-SHA256 (RFC 2104) over path and time."""

import hashlib
import hmac

import msgspec


class LinkQuery(msgspec.Struct):
    """What a link carries. Without it nothing is found."""

    expires: str = ""
    signature: str = ""


class Links:
    """`key`: the vault's for this purpose. `lifetime` in milliseconds."""

    def __init__(self, key: bytes, lifetime: int = 3_600_000) -> None:
        self._key = key
        self.lifetime = lifetime

    def sign(self, path: str, expires_at: int) -> str:
        """The query that makes the path a link."""
        return f"expires={expires_at}&signature={self._mac(path, expires_at)}"

    def is_valid(self, path: str, expires: str, signature: str, now: int) -> bool:
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and signature.isascii()):
            return False
        return hmac.compare_digest(self._mac(path, int(expires)), signature) and now < int(expires)

    def _mac(self, path: str, expires_at: int) -> str:
        return hmac.new(self._key, f"{expires_at} {path}".encode(), hashlib.sha256).hexdigest()
