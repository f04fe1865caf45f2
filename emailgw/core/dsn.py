"""What a sender by SMTP asked to be told (RFC 3461): kept with message and recipient, honoured by `queue.notices`."""

import enum

import msgspec


class Return(enum.StrEnum):
    """How much of the message a report of failure brings back."""

    FULL = "FULL"
    HDRS = "HDRS"


class Notify(enum.StrEnum):
    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class MessageRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one message. `reverse_path`: the sender's own, to which reports go; ours stands on the wire."""

    reverse_path: str = ""
    ret: Return | None = None
    envid: str = ""


class RecipientRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one recipient. `original`: the address as the sender knew it, `type;address`."""

    notify: tuple[Notify, ...] = ()
    original: str = ""


def to_xtext(text: str) -> str:
    """Printable ASCII as it stands in a parameter (RFC 3461 §4)."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
