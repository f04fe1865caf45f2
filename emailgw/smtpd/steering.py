"""Header fields that steer what JSON fields steer over HTTP: read here, taken out of the message before it is sent.

Each may stand in any case; `docs/smtp.md` lists them. Pure; called by the submission door. Raises Rejected for a field
that cannot be honoured: mail sent at once instead of tomorrow would be worse than an error.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from emailgw.core.tracking import MAX_LIST, NO_WISH, TrackingWish, is_list_name
from emailgw.errors import Rejected
from emailgw.wire.scheduling import read_send_at

TAGS = "x-emailgw-tags"
METADATA = "x-emailgw-metadata"
SCHEDULED_AT = ("x-emailgw-scheduled-at", "x-sendkit-scheduled-at")
TEMPLATE = "x-emailgw-template"
VARIABLES = "x-emailgw-variables"
TRACKING = "x-emailgw-tracking"
UNSUBSCRIBE = "x-emailgw-unsubscribe"
IDEMPOTENCY = ("idempotency-key", "resend-idempotency-key")

FIELDS = frozenset(
    name.encode() for name in (TAGS, METADATA, *SCHEDULED_AT, TEMPLATE, VARIABLES, TRACKING, UNSUBSCRIBE, *IDEMPOTENCY)
)

_PAIR = re.compile(r"\s*([^=,\s][^=,]*?)\s*=\s*([^,]*?)\s*\Z")
_TRACKING = re.compile(r"(?:on|off|(?:opens|clicks|text)(?:\s*,\s*(?:opens|clicks|text)){0,2})\Z", re.IGNORECASE)
_V = TypeVar("_V")
_objects = msgspec.json.Decoder(dict[str, object])
_texts = msgspec.json.Decoder(dict[str, str])


class Steering(msgspec.Struct, frozen=True):
    """`wish`: what shall be tracked, as far as it says."""

    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    send_at: int | None = None
    template: str | None = None
    variables: dict[str, object] = {}
    wish: TrackingWish = NO_WISH
    idempotency_key: str | None = None


NOTHING = Steering()


def read_steering(fields: Sequence[tuple[str, str]], now: int) -> Steering:
    """`fields`: names in lower case, of FIELDS, and values. Raises Rejected."""
    if not fields:
        return NOTHING
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    for name in values.keys() - {TAGS, METADATA}:
        if len(values[name]) > 1:
            raise Rejected(f"The header {name.title()} stands more than once.")
    variables = values.get(VARIABLES, ["{}"])[0]
    return Steering(
        tags=_pairs(values.get(TAGS, []), TAGS),
        metadata=_pairs(values.get(METADATA, []), METADATA),
        send_at=read_send_at(_first(values, SCHEDULED_AT), now),
        template=_first(values, (TEMPLATE,)),
        variables=_decode(_objects, variables, VARIABLES),
        wish=_wish(_first(values, (TRACKING,)), _first(values, (UNSUBSCRIBE,))),
        idempotency_key=_first(values, IDEMPOTENCY),
    )


def _first(values: dict[str, list[str]], names: Sequence[str]) -> str | None:
    return next((values[name][0] for name in names if name in values), None)


def _pairs(texts: list[str], field: str) -> tuple[tuple[str, str], ...]:
    """`name=value, name=value`, or a JSON object of texts, which may hold commas."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        if text.startswith("{"):
            pairs += _decode(_texts, text, field).items()
            continue
        for item in text.split(","):
            match = _PAIR.match(item)
            if match is None:
                raise Rejected(f"The header {field.title()} must be name=value, name=value or a JSON object of texts.")
            pairs.append((match[1], match[2]))
    return tuple(pairs)


def _decode(decoder: msgspec.json.Decoder[dict[str, _V]], text: str, field: str) -> dict[str, _V]:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Rejected(f"The header {field.title()} is no JSON object as it must be.") from None


def _wish(tracking: str | None, unsubscribe: str | None) -> TrackingWish:
    if tracking is not None and not _TRACKING.match(tracking):
        raise Rejected("The header X-Emailgw-Tracking must be on, off, or some of opens, clicks, text.")
    words = frozenset(re.findall("[a-z]+", (tracking or "").lower()))
    said = tracking is not None
    return TrackingWish(
        opens=bool(words & {"on", "opens"}) if said else None,
        clicks=bool(words & {"on", "clicks", "text"}) if said else None,
        text="text" in words,
        unsubscribe=_unsubscribe(unsubscribe),
    )


def _unsubscribe(text: str | None) -> bool | str | None:
    if text is None or text.lower() in ("on", "off"):
        return None if text is None else text.lower() == "on"
    if not is_list_name(text):
        raise Rejected(
            f"The header X-Emailgw-Unsubscribe must be on, off, or a list: 1 to {MAX_LIST} of a-z 0-9 . _ -."
        )
    return text
