"""What a server said and what a delivery came to: RFC 5321 replies, RFC 3463 enhanced status codes, DeliveryStatus.

Local causes speak the same codes as remote ones (`LocalCause`), so that nothing downstream needs to know who spoke.
"""

import enum
import functools
import re
from typing import Self

import msgspec

from emailgw.core.text import clean_line

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class EnhancedStatus(msgspec.Struct, frozen=True, order=True, array_like=True):
    """RFC 3463 triple. `str()` gives `5.1.1`."""

    cls: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.cls}.{self.subject}.{self.detail}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The triple at the start of `text` (leading blanks allowed), or None."""
        match = _STATUS.match(text.lstrip())
        return cls(int(match[1]), int(match[2]), int(match[3])) if match else None

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The first triple that stands alone anywhere in `text`, or None."""
        match = re.search(r"(?<![\d.])" + _STATUS.pattern, text)
        return cls(int(match[1]), int(match[2]), int(match[3])) if match else None

    @property
    def is_success(self) -> bool:
        return self.cls == 2

    @property
    def is_transient(self) -> bool:
        return self.cls == 4

    @property
    def is_permanent(self) -> bool:
        return self.cls == 5


class Reply(msgspec.Struct, frozen=True):
    """An SMTP reply: three-digit code, the enhanced status it carried if any, its text in one cleaned line."""

    code: int
    text: str
    enhanced: EnhancedStatus | None = None

    @classmethod
    @functools.lru_cache(256)  # most of what hosts say they say for every message
    def make(cls, code: int, text: str) -> Self:
        """From the wire: cleans and caps the text and reads the enhanced status.

        An enhanced status of another class than the code is a server's mistake; the code wins (RFC 2034 §4).
        """
        line = clean_line(text)
        enhanced = EnhancedStatus.parse(line)
        return cls(code, line, enhanced if enhanced and enhanced.cls == code // 100 else None)

    @property
    def status(self) -> EnhancedStatus:
        """The enhanced status, or the general one of the code's class (`x.0.0`); 4.5.0 for nonsense codes."""
        if self.enhanced is not None:
            return self.enhanced
        first = self.code // 100
        return EnhancedStatus(first, 0, 0) if first in (2, 4, 5) else EnhancedStatus(4, 5, 0)

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class Scope(enum.StrEnum):
    """How far a failure reaches, after Postfix: try the next host; give up on the message; give up on the recipient."""

    SITE = "site"
    MESSAGE = "message"
    RECIPIENT = "recipient"


class DeliveryStatus(msgspec.Struct, frozen=True):
    """Outcome of one try, also for local causes. `status` is never missing, `reason` is never empty.

    `reply` and `host` are set when a remote server said it.
    """

    status: EnhancedStatus
    reason: str
    scope: Scope = Scope.RECIPIENT
    reply: Reply | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a delivery status needs a reason")


class LocalCause(enum.Enum):
    """Failures that no remote server reported, with their standard codes and the scope they have."""

    DNS_TROUBLE = ((4, 4, 3), Scope.SITE)
    NO_SUCH_DOMAIN = ((5, 1, 2), Scope.RECIPIENT)
    NULL_MX = ((5, 1, 10), Scope.RECIPIENT)
    NO_ANSWER = ((4, 4, 1), Scope.SITE)
    CONNECTION_LOST = ((4, 4, 2), Scope.SITE)
    TLS_REQUIRED = ((4, 7, 4), Scope.SITE)
    TLS_FAILED = ((4, 7, 5), Scope.SITE)
    LOOP = ((5, 4, 6), Scope.RECIPIENT)
    NO_USABLE_HOST = ((5, 4, 4), Scope.RECIPIENT)
    PROTOCOL_ERROR = ((4, 5, 0), Scope.SITE)
    SMTPUTF8_MISSING = ((5, 6, 7), Scope.RECIPIENT)
    TOO_LARGE = ((5, 3, 4), Scope.MESSAGE)
    EXPIRED = ((5, 4, 7), Scope.RECIPIENT)
    INTERNAL = ((4, 3, 0), Scope.MESSAGE)
    INTERRUPTED = ((4, 3, 2), Scope.MESSAGE)

    def __init__(self, triple: tuple[int, int, int], scope: Scope) -> None:
        self.enhanced = EnhancedStatus(*triple)
        self.scope = scope

    def status(self, reason: str, host: str | None = None) -> DeliveryStatus:
        """This cause as a DeliveryStatus. `reason` is for people; it is cleaned and capped."""
        return DeliveryStatus(self.enhanced, clean_line(reason) or self.name.lower(), self.scope, None, host)
