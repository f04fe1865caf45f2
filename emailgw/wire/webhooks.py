"""`/webhooks`: requests, endpoints, and what each was told (contracts 2.9). Pure."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.directory import Dialect
from emailgw.core.events import EventType
from emailgw.core.limits import LONGEST_URL, MAX_TAG
from emailgw.core.webhooks import (
    ALL_EVENTS,
    LONGEST_DESCRIPTION,
    MAX_BATCH,
    MAX_CHOICES,
    DeliveryFilter,
    DeliveryState,
    Endpoint,
    EndpointStatus,
    WebhookAttempt,
    WebhookDelivery,
)
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, Time
from emailgw.wire.bodies import decode, decode_body
from emailgw.wire.events import ALL_NAMES, NAMES, Payload, event_id
from emailgw.wire.listing import Text
from emailgw.wire.lists import PageQuery
from emailgw.wire.schema import says
from emailgw.wire.times import read_time, show_time

# Taken, since applications subscribe to all that they know of; they never happen here.
_ELSEWHERE = ("contact.", "topic.", "inbox.")
_SHOWN = {DeliveryState.PENDING: "pending", DeliveryState.DELIVERED: "success", DeliveryState.FAILED: "failed"}
_ATTEMPTING = "attempting"
_STATUSES = {
    **{word: DeliveryFilter(state) for state, word in _SHOWN.items()},
    _ATTEMPTING: DeliveryFilter(DeliveryState.PENDING, leased=True),
}


class TagWanted(msgspec.Struct, frozen=True):
    name: Annotated[str, says(minLength=1, maxLength=MAX_TAG)]
    value: Annotated[str | None, says("Any value unless given.", maxLength=MAX_TAG)] = None


class WebhookRequest(msgspec.Struct, frozen=True):
    """`endpoint` and `events` are required of a new webhook. What is left out stays as it is."""

    endpoint: Annotated[str | None, says("An http or https URL without user name.", maxLength=LONGEST_URL)] = None
    events: Annotated[
        list[str] | None, says("Names in either family's words, or `*` for all.", minItems=1, maxItems=MAX_CHOICES)
    ] = None
    status: Annotated[str | None, says("Only of one that is there.", enum=["enabled", "disabled", None])] = None
    domains: Annotated[
        list[str] | None, says("Only events about these author domains; empty for all.", maxItems=MAX_CHOICES)
    ] = None
    tags: Annotated[
        list[TagWanted] | None, says("Only of mail that has one of these; empty for all.", maxItems=MAX_CHOICES)
    ] = None
    dialect: Annotated[
        str | None, says("How payloads are written; as the key's unless given.", enum=[*map(str, Dialect), None])
    ] = None
    batch: Annotated[
        int | None,
        says("Events that one POST may carry; with more than 1 it has an array.", minimum=1, maximum=MAX_BATCH),
    ] = None
    description: Annotated[str | None, says(maxLength=LONGEST_DESCRIPTION)] = None


class ReplayRequest(msgspec.Struct, frozen=True):
    """What it was told in a time. Both ends may take in events of the seconds around."""

    since: Annotated[str, says("ISO 8601.")]
    until: Annotated[str | None, says("ISO 8601; now unless given.")] = None
    failed_only: Annotated[bool, says("Only what was given up.")] = False


class Range(msgspec.Struct, frozen=True):
    since: int
    until: int | None
    failed_only: bool


_webhook = msgspec.json.Decoder(WebhookRequest)
_replay = msgspec.json.Decoder(ReplayRequest)


def read_webhook(body: bytes) -> tuple[dict[str, Any], EndpointStatus | None]:
    """The fields of `Endpoint` that the request sets, and the status that it wants. Raises Rejected."""
    request = decode_body(_webhook, body)
    if request.status not in (None, "enabled", "disabled"):
        raise Rejected("The `status` field must be `enabled` or `disabled`.", name="invalid_parameter")
    for field in ("events", "domains", "tags"):
        if len(getattr(request, field) or ()) > MAX_CHOICES:
            raise Rejected(f"The `{field}` field must not have more than {MAX_CHOICES} entries.")
    if request.batch is not None and not 1 <= request.batch <= MAX_BATCH:
        raise Rejected(f"The `batch` field must be 1 to {MAX_BATCH}.", name="invalid_parameter")
    if len(request.description or "") > LONGEST_DESCRIPTION:
        raise Rejected(f"The `description` field must not have more than {LONGEST_DESCRIPTION} characters.")
    changes = {
        "url": request.endpoint,
        "events": _names(request.events) if request.events is not None else None,
        "domains": _domains(request.domains) if request.domains is not None else None,
        "tags": _tags(request.tags) if request.tags is not None else None,
        "dialect": read_dialect(request.dialect) if request.dialect is not None else None,
        "batch": request.batch,
        "description": request.description,
    }
    return {field: value for field, value in changes.items() if value is not None}, (
        EndpointStatus(request.status) if request.status is not None else None
    )


def read_range(body: bytes) -> Range:
    """Raises Rejected."""
    request = decode(_replay, body)
    until = _time(request.until, "until") if request.until is not None else None
    return Range(_time(request.since, "since"), until, request.failed_only)


def read_dialect(text: str) -> Dialect:
    """Raises Rejected."""
    try:
        return Dialect(text)
    except ValueError:
        raise Rejected("The `dialect` field must be `resend` or `sendkit`.", name="invalid_parameter") from None


class TagShown(TypedDict):
    name: str
    value: str | None


class WebhookShown(TypedDict):
    object: Literal["webhook"]
    id: Id
    endpoint: str
    status: Annotated[str, says(enum=["enabled", "disabled"])]
    state: Annotated[EndpointStatus, says("The same, but for one that was paused: it is told later.")]
    reason: Annotated[str | None, says("Why it is paused or disabled.")]
    events: list[str]
    domains: list[str]
    tags: list[TagShown]
    dialect: Dialect
    batch: int
    description: str | None
    old_secret_until: Annotated[Time | None, says("As long as that the secret before this one signs as well.")]
    created_at: Time
    updated_at: Time
    pending: NotRequired[Annotated[int, says("Events that it is still to be told of; of one webhook only.")]]
    signing_secret: NotRequired[Annotated[str, says("`whsec_` and base64; not in lists.")]]


class WebhookEventLine(TypedDict):
    """An event for one webhook."""

    object: Literal["webhook_event"]
    id: str
    type: str
    created_at: Time
    status: Annotated[str, says(enum=["pending", "attempting", "success", "failed"])]
    attempts: Annotated[int, says("Tries that are over.")]
    next_attempt_at: Time | None


class WebhookEventsQuery(PageQuery):
    """What `read_page` and `read_delivery_status` read of what a webhook was told."""

    status: Annotated[Text, says("Only those.", enum=list(_STATUSES))] = msgspec.UNSET


class WebhookEventShown(WebhookEventLine):
    payload: Annotated[Payload | None, says("Null when the event is forgotten.")]


class WebhookEventNamed(TypedDict):
    object: Literal["webhook_event"]
    id: str


class WebhookAttemptShown(TypedDict):
    id: str
    http_status_code: Annotated[int, says("0 when there was no answer.")]
    response: Annotated[str, says("Its beginning, or why there was none.")]
    sent_at: Time
    duration: Annotated[int, says("Milliseconds.")]


class Replayed(TypedDict):
    object: Literal["replay"]
    replayed: int


def show_webhook(
    endpoint: Endpoint, dialect: Dialect, now: int, secret: str | None = None, pending: int | None = None
) -> WebhookShown:
    """`secret` and `pending` not in lists."""
    until = endpoint.old_until
    shown: WebhookShown = {
        "object": "webhook",
        "id": endpoint.id,
        "endpoint": endpoint.url,
        "status": "enabled" if endpoint.status is EndpointStatus.ENABLED else "disabled",
        "state": endpoint.status,
        "reason": endpoint.reason or None,
        "events": list(endpoint.events),
        "domains": list(endpoint.domains),
        "tags": [{"name": name, "value": value} for name, value in endpoint.tags],
        "dialect": endpoint.dialect,
        "batch": endpoint.batch,
        "description": endpoint.description or None,
        "old_secret_until": show_time(until, dialect) if until is not None and now < until else None,
        "created_at": show_time(endpoint.created_at, dialect),
        "updated_at": show_time(endpoint.updated_at, dialect),
    }
    if pending is not None:
        shown["pending"] = pending
    if secret is not None:
        shown["signing_secret"] = secret
    return shown


def read_delivery_status(query: Mapping[str, str]) -> DeliveryFilter:
    """Raises Rejected for a status that there is not."""
    status = query.get("status")
    if status is None:
        return DeliveryFilter()
    if status not in _STATUSES:
        words = ", ".join(f"`{word}`" for word in _STATUSES)
        raise Rejected(f"The `status` parameter must be one of {words}.", name="invalid_parameter")
    return _STATUSES[status]


def show_delivery(delivery: WebhookDelivery, at: int, dialect: Dialect) -> WebhookEventLine:
    """`at`: when the event happened."""
    leased = delivery.lease is not None
    due = None if leased else delivery.due_at
    return {
        "object": "webhook_event",
        "id": event_id(delivery.event_id),
        "type": delivery.name,
        "created_at": show_time(at, dialect),
        "status": _ATTEMPTING if leased else _SHOWN[delivery.state],
        "attempts": delivery.tries,
        "next_attempt_at": show_time(due, dialect) if due is not None else None,
    }


def show_attempt(attempt: WebhookAttempt, dialect: Dialect) -> WebhookAttemptShown:
    return {
        "id": str(attempt.id),
        "http_status_code": attempt.status or 0,
        "response": attempt.response,
        "sent_at": show_time(attempt.at, dialect),
        "duration": attempt.duration,
    }


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """As events are called: our own words become the first name of what they mean."""
    found: dict[str, None] = {}
    for name in names:
        if name not in ALL_NAMES and name != ALL_EVENTS and not name.startswith(_ELSEWHERE):
            if name not in [*EventType]:
                known = ", ".join(ALL_NAMES)
                raise Rejected(f"The `events` field must have `*` or names of {known}.", name="invalid_parameter")
            name = NAMES[EventType(name)][0]
        found[name] = None
    if not found:
        raise Rejected("The `events` field must name an event, or `*` for all.", name="invalid_parameter")
    return tuple(found)


def _domains(names: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(map(parse_domain, names)))
    except AddressError as error:
        raise Rejected(f"Invalid `domains` field: {error}.") from None


def _tags(tags: Iterable[TagWanted]) -> tuple[tuple[str, str | None], ...]:
    for tag in tags:
        if not 1 <= len(tag.name) <= MAX_TAG or len(tag.value or "") > MAX_TAG:
            raise Rejected(f"A name in the `tags` field must have 1 to {MAX_TAG} characters, a value no more.")
    return tuple(dict.fromkeys((tag.name, tag.value) for tag in tags))


def _time(text: str, field: str) -> int:
    try:
        at = read_time(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < 1 << 47:
        raise Rejected(
            f"The `{field}` field must be an ISO 8601 time such as 2027-03-01T10:00:00Z.", name="invalid_parameter"
        )
    return at
