"""What one POST holds, and what becomes of it.

What cannot be read or rendered fails alone, with a reason that its list of tries shows; what was claimed with it goes
on.

An endpoint without batching gets each event as an object. One with batching gets a JSON array, also of one event; in
it each has its `id`, which is its own in `GET /events`, as the POST's id stands for all of them.
"""

import datetime
import email.utils
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from emailgw import metrics
from emailgw.core.ids import ContentId
from emailgw.core.text import clean_line
from emailgw.core.webhooks import DeliveryState, Endpoint, Outcome, WebhookAttempt, WebhookDelivery, WebhookPolicy
from emailgw.errors import StoreUnavailable
from emailgw.store.events import EventLog, Headers, Told
from emailgw.webhooks.signing import delivery_id
from emailgw.wire.events import event_id, show_payload

log = logging.getLogger("emailgw.webhooks")

LONGEST_RESPONSE = 300  # characters kept of an answer
LARGEST = 512 * 1024  # octets of a batch of several events: nginx, unless told otherwise, refuses more than 1 MiB
_encoder = msgspec.json.Encoder()


class Parcel(NamedTuple):
    id: str
    body: bytes
    deliveries: tuple[WebhookDelivery, ...]


class Prepared(NamedTuple):
    """`failed`: deliveries that no try can ever be made of."""

    parcels: list[Parcel]
    failed: list[Outcome]


async def prepare(events: EventLog, endpoint: Endpoint, deliveries: Sequence[WebhookDelivery], now: int) -> Prepared:
    """`deliveries` were claimed together. Raises StoreUnavailable."""
    told, failed = await _read(events, deliveries, now)
    contents = {one.message.content_id for one in told.values() if one.message is not None}
    headers = await events.headers(list(contents))
    rendered: list[tuple[WebhookDelivery, bytes]] = []
    for delivery in deliveries:
        if delivery.event_id in told:
            try:
                rendered.append((delivery, render(told[delivery.event_id], headers, endpoint, delivery)))
            except Exception:  # noqa: BLE001  (logged in there)
                failed.append(_poisoned(delivery, now, "rendered"))
    return Prepared(pack(rendered, endpoint), failed)


async def _read(
    events: EventLog, deliveries: Sequence[WebhookDelivery], now: int
) -> tuple[dict[int, Told], list[Outcome]]:
    """What they tell of; all at once, or one by one when one of them cannot be read."""
    failed = []
    told: dict[int, Told]
    try:
        told = {one.id: one for one in await events.named([delivery.event_id for delivery in deliveries])}
    except StoreUnavailable:
        raise
    except Exception:  # noqa: BLE001  (logged in there)
        if len(deliveries) == 1:
            return {}, [_poisoned(deliveries[0], now, "read")]
        told = {}
        for delivery in deliveries:
            found, poisoned = await _read(events, [delivery], now)
            told |= found
            failed += poisoned
        return told, failed
    failed += [_failed(one, now, "the event was forgotten meanwhile") for one in deliveries if one.event_id not in told]
    return told, failed


def render(told: Told, headers: Mapping[ContentId, Headers], endpoint: Endpoint, delivery: WebhookDelivery) -> bytes:
    """An event as its endpoint gets it, in a batch with its id."""
    own = headers.get(told.message.content_id, ()) if told.message is not None else ()
    payload = show_payload(told.event, told.message, endpoint.dialect, own, delivery.name)
    return _encoder.encode({"id": event_id(delivery.event_id), **payload} if endpoint.batch > 1 else payload)


def pack(rendered: Sequence[tuple[WebhookDelivery, bytes]], endpoint: Endpoint) -> list[Parcel]:
    """Each alone, or all of them as one batch; as several where one would be larger than endpoints commonly take."""
    if endpoint.batch == 1:
        return [Parcel(delivery_id(endpoint.id, [one.event_id]), body, (one,)) for one, body in rendered]
    parts: list[list[tuple[WebhookDelivery, bytes]]] = []
    room = 0
    for one in rendered:
        room -= len(one[1]) + len(b",")
        if not parts or room < 0:
            parts.append([])
            room = LARGEST - len(one[1]) - len(b"[]")
        parts[-1].append(one)
    return [_batch(part, endpoint) for part in parts]


def _batch(rendered: Sequence[tuple[WebhookDelivery, bytes]], endpoint: Endpoint) -> Parcel:
    deliveries = tuple(delivery for delivery, _ in rendered)
    id = delivery_id(endpoint.id, [delivery.event_id for delivery in deliveries])
    return Parcel(id, b"[" + b",".join([body for _, body in rendered]) + b"]", deliveries)


def outcome(
    delivery: WebhookDelivery, attempt: WebhookAttempt, policy: WebhookPolicy, retry_after: int, dice: float
) -> Outcome:
    """`retry_after`: milliseconds that the endpoint asked for."""
    now = attempt.at + attempt.duration
    due_at = None if attempt.succeeded else policy.next_due(delivery, now, retry_after, dice)
    ended = DeliveryState.DELIVERED if attempt.succeeded else DeliveryState.FAILED
    state = DeliveryState.PENDING if due_at is not None else ended
    return Outcome(msgspec.structs.replace(delivery, state=state, tries=delivery.tries + 1, due_at=due_at), attempt)


def _poisoned(delivery: WebhookDelivery, now: int, what: str) -> Outcome:
    """Guarantee G6, under a number that finds the exception in the log."""
    fault = secrets.token_hex(4)
    log.exception("fault %s: event %s cannot be %s for %s", fault, delivery.event_id, what, delivery.endpoint_id)
    metrics.faults.labels("webhooks").inc()
    return _failed(delivery, now, f"the event cannot be {what}: internal error {fault}")


def _failed(delivery: WebhookDelivery, now: int, why: str) -> Outcome:
    """Without a POST: its endpoint is not to blame."""
    attempt = WebhookAttempt(delivery.endpoint_id, delivery.event_id, now, 0, None, why)
    return Outcome(msgspec.structs.replace(delivery, state=DeliveryState.FAILED, due_at=None), attempt, blamed=False)


def read_retry_after(text: str, now: int) -> int:
    """Milliseconds from a Retry-After field: seconds or a date (RFC 9110 section 10.2.3); 0 when it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) * 1000
    try:
        at = email.utils.parsedate_to_datetime(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=datetime.UTC)
        return max(0, round(at.timestamp() * 1000) - now)
    except (ValueError, OverflowError):  # the latter for a year or a zone of many digits
        return 0


def said(status: int, body: bytes) -> str:
    """The beginning of an answer, for people."""
    if 300 <= status < 400:
        return "a redirect, which is not followed"
    return clean_line(body.decode("utf-8", "replace"), LONGEST_RESPONSE)
