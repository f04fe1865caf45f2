"""The tokens in tracking and unsubscribe links: what a visit means, signed, so that no look-up is needed to answer it.

A token is unpadded base64url of key number, kind, the recipient's id, what the kind needs, and a truncated HMAC-SHA256.
The same values give the same token (guarantee G7). A changed one is nobody's: `read` returns None.
"""

import base64
import enum
import hmac
import re
from collections.abc import Mapping

import msgspec

from emailgw.core.ids import RecipientId

LONGEST_TARGET = 2_000  # characters of a URL that a link leads to
LONGEST_TOKEN = 4 * (LONGEST_TARGET * 3 + 100) // 3
_MAC = 14  # octets: 112 bits
_FORM = re.compile(r"[A-Za-z0-9_-]{31,}", re.ASCII)
_TARGET = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_SEPARATOR = "\n"  # in no address, domain or list


class Kind(enum.StrEnum):
    OPEN = "o"
    CLICK = "c"
    UNSUBSCRIBE = "u"


class Token(msgspec.Struct, frozen=True):
    """`target`: the URL of a click. `domain`, `list` and `address`: from what and who unsubscribes; known without the
    message, which may be forgotten before its reader has enough.
    """

    kind: Kind
    recipient_id: RecipientId
    target: str = ""
    domain: str = ""
    list: str = ""
    address: str = ""


def is_target(url: str) -> bool:
    """Whether a link may lead there: http and https alone, for whatever is signed stays valid for good."""
    return len(url) <= LONGEST_TARGET and _TARGET.match(url) is not None and url.isprintable()


class Tokens:
    """`keys`: secrets of the installation by number; `current` makes tokens, the others only read them."""

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        if not all(0 <= number <= 255 and len(key) >= 16 for number, key in keys.items()):
            raise ValueError("a key for tokens has a number below 256 and 16 octets or more")
        self._keys = keys
        self._current = current

    def make(self, token: Token) -> str:
        """Raises ValueError for a target that no link may lead to."""
        if token.kind is Kind.CLICK and not is_target(token.target):
            raise ValueError("a link leads to http or https only")
        rest = {
            Kind.OPEN: "",
            Kind.CLICK: token.target,
            Kind.UNSUBSCRIBE: _SEPARATOR.join((token.domain, token.list, token.address)),
        }[token.kind]
        head = bytes([self._current]) + token.kind.encode() + token.recipient_id.to_bytes(8, "big")
        signed = head + rest.encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(signed + _mac(self._keys[self._current], signed)).decode().rstrip("=")

    def read(self, text: str) -> Token | None:
        """What we signed; None for all else."""
        if len(text) > LONGEST_TOKEN or not _FORM.fullmatch(text):
            return None
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        signed, mac = data[:-_MAC], data[-_MAC:]
        key = self._keys.get(signed[0]) if len(signed) >= 10 else None
        if key is None or not hmac.compare_digest(mac, _mac(key, signed)):
            return None
        if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
            return None  # spare bits of the last character: another spelling of the same token is a changed one
        return _token(signed)


def _token(signed: bytes) -> Token | None:
    rest = signed[10:].decode("utf-8", "surrogatepass")
    recipient_id = RecipientId(int.from_bytes(signed[2:10], "big"))
    match signed[1:2].decode("latin-1"):
        case Kind.OPEN:
            return Token(Kind.OPEN, recipient_id)
        case Kind.CLICK if is_target(rest):
            return Token(Kind.CLICK, recipient_id, target=rest)
        case Kind.UNSUBSCRIBE if rest.count(_SEPARATOR) == 2:
            domain, list, address = rest.split(_SEPARATOR)
            return Token(Kind.UNSUBSCRIBE, recipient_id, domain=domain, list=list, address=address)
    return None


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, b"link\0" + signed, "sha256")[:_MAC]
