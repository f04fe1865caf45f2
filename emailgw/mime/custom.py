"""Which header fields a customer may add to a message, and what may stand in them.

The doors call the `check_` functions and turn a HeaderError into their protocol's refusal; `compose` leaves out what
they would have refused, so a forgotten check costs a field and never an injection.
"""

import re
from collections.abc import Iterable

from emailgw.core.address import AddressError, Mailbox
from emailgw.mime import identity
from emailgw.mime.headers import LONGEST_TOKEN
from emailgw.mime.words import looks_encoded

LONGEST_NAME = 76  # octets; with the colon it still stands on a line of its own

_NAME = re.compile(rf"[A-Za-z0-9!#$%&'*+.^_`|~-]{{1,{LONGEST_NAME}}}")
# C0 without TAB, DEL, and the line ends of Unicode-minded readers; then what UTF-8 cannot carry.
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_CONTENT_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~.@-]{1,200}")

RESERVED = frozenset(
    (
        # Written by the composer from fields of their own; a second one would be another message to another reader.
        *("from", "sender", "to", "cc", "bcc", "date", "subject", "message-id", "mime-version"),
        # Written by the hosts on the way; forged ones mislead loop detection, filters, and readers of bounces.
        *("received", "return-path", "delivered-to", "envelope-to", "apparently-to"),
        *("received-spf", "authentication-results"),
        # Signatures: only ours, made last.
        *("dkim-signature", "domainkey-signature"),
    )
)
# Of the reserved ones, those that mail libraries add to every message and that programs hand on here with the rest:
# left out. A second From or Subject says something that its sender means, so it is refused.
PASSED_OVER = frozenset({"date", "sender", "return-path", "mime-version"})
RESERVED_PREFIXES = ("content-", "resent-", "arc-")
# Fields of ids and URLs, which mean nothing any more once they are written as encoded words.
_TOKENS_ONLY = frozenset({"in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"})


# RFC 5322 §3.6 and RFC 8058: at most one of each, and hosts refuse mail that has more.
ONCE = frozenset({"reply-to", "message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"})


class HeaderError(ValueError):
    """Why a header field is refused, in words for its author."""


def is_reserved(name: str) -> bool:
    """Whether the field is ours to write, a Message-ID that was given, too. Reply-To is not, but gives way to the
    message's own (see `compose`).
    """
    name = name.lower()
    return name in RESERVED or name.startswith(RESERVED_PREFIXES)


def is_header_name(name: str) -> bool:
    """Whether `name` may be a field name: RFC 5322 §3.6.8, less the characters that trip sloppy readers."""
    return _NAME.fullmatch(name) is not None


def check_header_name(name: str) -> None:
    """Raises HeaderError when `name` is no field name."""
    if not is_header_name(name):
        raise HeaderError(
            f"{_shown(name)} is not a header name: use 1 to {LONGEST_NAME} letters, digits, hyphens or underscores"
        )


def check_header_text(value: str) -> None:
    """Raises HeaderError when `value` cannot stand in a header as it is. For subjects and file names as well."""
    if (found := _FORBIDDEN.search(value)) is None:
        return
    what = "half a surrogate pair" if found[0] >= "\ud800" else "a line break or control character"
    raise HeaderError(f"{what} (U+{ord(found[0]):04X}) must not be in a header value, at character {found.start() + 1}")


def check_custom_header(name: str, value: str) -> None:
    """Raises HeaderError when a customer may not set this field, or not to this value."""
    check_header_name(name)
    if name.lower() == identity.NAME:
        if identity.read_message_id(value) is None:
            raise HeaderError(
                f"header {name}: {_shown(value)} is not a message id such as <a1b2@example.com>, "
                f"of up to {identity.LONGEST} characters"
            )
        return
    if is_reserved(name) and name.lower() not in PASSED_OVER:
        raise HeaderError(f"the header {name} cannot be set here; it comes from other fields or from the mail system")
    try:
        check_header_text(value)
        if name.lower() == "reply-to" and not value.isascii():
            Mailbox.parse(value)
        if name.lower() in _TOKENS_ONLY:
            _check_tokens(value)
    except (HeaderError, AddressError) as error:
        raise HeaderError(f"header {name}: {error}") from None


def check_once(names: Iterable[str]) -> None:
    """Raises HeaderError when a field stands twice that may only once."""
    seen: set[str] = set()
    for name in names:
        lower = name.lower()
        if lower in ONCE and lower in seen:
            raise HeaderError(f"the header {name} must not be there twice")
        seen.add(lower)


def check_content_id(content_id: str) -> None:
    """Raises HeaderError when `content_id` cannot be written as it is (RFC 2392: the `cid:` URL must find it)."""
    if not _CONTENT_ID.fullmatch(content_id):
        raise HeaderError(f"{_shown(content_id)} is not a content id: use up to 200 letters, digits, or any of .-_@+=")


def _check_tokens(value: str) -> None:
    if not value.isascii() or looks_encoded(value):
        raise HeaderError("ids and URLs must be ASCII; write other characters of a URL as %XX")
    if max(map(len, value.split()), default=0) > LONGEST_TOKEN:
        raise HeaderError(f"an id or URL must not be longer than {LONGEST_TOKEN} characters")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
