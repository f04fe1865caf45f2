"""`scheduled_at`: when mail shall be sent, as ISO 8601 or in English, and the request that moves it.

Read for every door that sends. Parsing itself is `times`; here are the refusals, in the contract's words.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from emailgw.errors import Rejected
from emailgw.wire.bodies import decode
from emailgw.wire.schema import says
from emailgw.wire.times import is_time, read_phrase, read_time, show_iso

MAX_PHRASES = 100  # in one request
PAST_IS_NOW = 60_000  # milliseconds: clocks differ, and a time that was just now means now

ScheduledAt = Annotated[
    str | None,
    says(
        "When to send, up to 30 days ahead: ISO 8601 (UTC where it names no zone), or English such as `in 1 hour`, "
        "`tomorrow at 9am`, `Friday at 3pm ET`."
    ),
]


def read_send_at(text: str | None, now: int) -> int | None:
    """`scheduled_at` in milliseconds, None for now. Raises Rejected when it is no time, or one that has passed."""
    return None if text is None else read_new_time(text, now)


def read_new_time(text: str, now: int) -> int:
    """The same where there must be one."""
    try:
        at = read_time(text)
    except (ValueError, OverflowError):
        at = _read_phrase(text, now)
    if at < now - PAST_IS_NOW:
        raise Rejected(
            f"The `scheduled_at` field must lie in the future; {show_iso(at)} has passed.", name="invalid_parameter"
        )
    return at


def phrases_of(texts: Iterable[str | None]) -> set[str]:
    """The different times in English among `texts`, of which each takes milliseconds to read. Raises Rejected for more
    than a request may have.
    """
    phrases = {text for text in set(texts) if text is not None and not is_time(text)}
    if len(phrases) > MAX_PHRASES:
        raise Rejected(
            f"The request has {len(phrases)} different times in English; more than {MAX_PHRASES} must be ISO 8601.",
            name="invalid_parameter",
        )
    return phrases


def _read_phrase(text: str, now: int) -> int:
    try:
        return read_phrase(text, now)
    except ValueError:
        raise Rejected(
            "The `scheduled_at` field must be an ISO 8601 time such as 2026-03-01T10:00:00Z, or English such as "
            "`in 1 hour` or `tomorrow at 9am`.",
            name="invalid_parameter",
        ) from None


class RescheduleRequest(msgspec.Struct, frozen=True):
    """`scheduled_at` is required."""

    scheduled_at: ScheduledAt = None


_new_time_decoder = msgspec.json.Decoder(RescheduleRequest)


def decode_new_time(body: bytes) -> str:
    """The body of `PATCH /emails/{id}`: when to send it instead, for `read_new_time`. Raises Rejected."""
    text = decode(_new_time_decoder, body).scheduled_at
    if text is None:
        raise Rejected("Missing `scheduled_at` field.", name="missing_required_field")
    return text
