"""Signed return paths: the local part of the reverse-path of each recipient's mail, by which its bounces come home.

A variable envelope return path (VERP) that nobody else can make: letter, hyphen, and base32 of the recipient's id, the
hour of expiry and a truncated HMAC-SHA256. So a forged bounce names no recipient, and an old address stops working.
Everything is lower case, and read in any case: some hosts change it.
"""

import base64
import hmac
import re

from emailgw.core.ids import RecipientId

BOUNCE = "b"
UNSUBSCRIBE = "u"  # mail to such an address takes its recipient off the list (RFC 2369, List-Unsubscribe)

_HOUR = 3_600_000
_MAC = 14  # octets: 112 bits, which makes 25 in all, so base32 without padding and without spare bits
_SIGNED = 11  # octets: 8 of id, 3 of hours since 1970, which last until the year 3883
_FORM = re.compile(r"([a-z])-([a-z2-7]{40})", re.ASCII)


class ReturnPaths:
    """`secret`: 32 octets of the installation. `purpose`: one letter a-z, part of what is signed, so that an address
    made for one purpose (bounces, say, or feedback) is nothing to the reader of another.
    """

    def __init__(self, secret: bytes, purpose: str = BOUNCE) -> None:
        if len(secret) < 16:
            raise ValueError("a secret for return paths has 16 octets or more")
        if not re.fullmatch("[a-z]", purpose):
            raise ValueError("a purpose is one letter from a to z")
        self._secret = secret
        self._purpose = purpose

    def local_part(self, recipient: RecipientId, expires_at: int) -> str:
        """42 ASCII characters; valid until `expires_at` (milliseconds) rounded up to the hour."""
        signed = recipient.to_bytes(8, "big") + (-(-expires_at // _HOUR)).to_bytes(3, "big")
        return f"{self._purpose}-{base64.b32encode(signed + self._mac(signed)).decode().lower()}"

    def unsubscribe_header(self, recipient: RecipientId, expires_at: int, host: str) -> str:
        """The value of a List-Unsubscribe field by mail; only of an instance whose purpose is UNSUBSCRIBE."""
        if self._purpose != UNSUBSCRIBE:
            raise ValueError("an address to unsubscribe by has a purpose of its own")
        return f"<mailto:{self.local_part(recipient, expires_at)}@{host}?subject=unsubscribe>"

    def read(self, local: str, now: int) -> RecipientId | None:
        """Whose return path it is; None for one that we did not make for this purpose, or that has expired."""
        if len(local) != 42 or not local.isascii():
            return None
        match = _FORM.fullmatch(local.lower())
        if match is None or match[1] != self._purpose:
            return None
        data = base64.b32decode(match[2].upper())
        signed, mac = data[:_SIGNED], data[_SIGNED:]
        if not hmac.compare_digest(mac, self._mac(signed)):
            return None
        if now > int.from_bytes(signed[8:], "big") * _HOUR:
            return None
        return RecipientId(int.from_bytes(signed[:8], "big"))

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._secret, self._purpose.encode() + signed, "sha256")[:_MAC]
