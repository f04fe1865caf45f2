"""What one POST holds, and what becomes of it. Pure.

An endpoint without batching gets each event as an object. One with batching gets a JSON array, also of one event; in
it each has its `id`, which is its own in `GET /events`, as the POST's id stands for all of them.
"""

import datetime
import email.utils
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from emailgw.core.ids import ContentId
from emailgw.core.text import clean_line
from emailgw.core.webhooks import DeliveryState, Endpoint, WebhookAttempt, WebhookDelivery, WebhookPolicy
from emailgw.store.events import Headers, Told
from emailgw.webhooks.signing import delivery_id
from emailgw.wire.events import event_id, show_payload

LONGEST_RESPONSE = 300  # characters kept of an answer
_encoder = msgspec.json.Encoder()


class Parcel(NamedTuple):
    id: str
    body: bytes
    deliveries: tuple[WebhookDelivery, ...]


class Outcome(NamedTuple):
    """A delivery as it is after a try, and the try."""

    after: WebhookDelivery
    attempt: WebhookAttempt


def pack(
    deliveries: Sequence[WebhookDelivery],
    told: Mapping[int, Told],
    headers: Mapping[ContentId, Headers],
    endpoint: Endpoint,
) -> list[Parcel]:
    """`deliveries` were claimed together; what is told of is in `told`."""

    def payload(delivery: WebhookDelivery) -> dict[str, Any]:
        event, message = told[delivery.event_id].event, told[delivery.event_id].message
        own = headers.get(message.content_id, ()) if message is not None else ()
        return {**show_payload(event, message, endpoint.dialect, own, delivery.name)}

    def parcel(body: Any, *deliveries: WebhookDelivery) -> Parcel:
        id = delivery_id(endpoint.id, [delivery.event_id for delivery in deliveries])
        return Parcel(id, _encoder.encode(body), deliveries)

    if endpoint.batch == 1:
        return [parcel(payload(delivery), delivery) for delivery in deliveries]
    many = [{"id": event_id(delivery.event_id), **payload(delivery)} for delivery in deliveries]
    return [parcel(many, *deliveries)] if many else []


def outcome(
    delivery: WebhookDelivery, attempt: WebhookAttempt, policy: WebhookPolicy, retry_after: int, dice: float
) -> Outcome:
    """`retry_after`: milliseconds that the endpoint asked for."""
    now = attempt.at + attempt.duration
    due_at = None if attempt.succeeded else policy.next_due(delivery, now, retry_after, dice)
    ended = DeliveryState.DELIVERED if attempt.succeeded else DeliveryState.FAILED
    state = DeliveryState.PENDING if due_at is not None else ended
    return Outcome(msgspec.structs.replace(delivery, state=state, tries=delivery.tries + 1, due_at=due_at), attempt)


def forgotten(delivery: WebhookDelivery, now: int) -> Outcome:
    """The event went while it was waited for."""
    attempt = WebhookAttempt(delivery.endpoint_id, delivery.event_id, now, 0, None, "the event was forgotten meanwhile")
    return Outcome(msgspec.structs.replace(delivery, state=DeliveryState.FAILED, due_at=None), attempt)


def read_retry_after(text: str, now: int) -> int:
    """Milliseconds from a Retry-After field: seconds or a date (RFC 9110 section 10.2.3); 0 when it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) * 1000
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return max(0, round(at.timestamp() * 1000) - now)


def said(status: int, body: bytes) -> str:
    """The beginning of an answer, for people."""
    if 300 <= status < 400:
        return "a redirect, which is not followed"
    return clean_line(body.decode("utf-8", "replace"), LONGEST_RESPONSE)
