"""What one POST holds: its id, and what becomes of that when the batch is not what it was."""

import json

import pytest

from emailgw.core.events import EventType, event_without_message
from emailgw.core.ids import EventId
from emailgw.core.webhooks import (
    DeliveryState,
    Endpoint,
    EndpointId,
    WebhookAttempt,
    WebhookDelivery,
    WebhookPolicy,
)
from emailgw.store.deliveries import pending
from emailgw.store.events import Told
from emailgw.webhooks.parcel import LARGEST, Parcel, outcome, pack, read_retry_after, render, said
from emailgw.webhooks.signing import delivery_id
from tests.harness.mail import NOW

A, B = EndpointId("a-1"), EndpointId("b-2")
POLICY = WebhookPolicy(retry=(100, 1_000), jitter=0.5, longest=60_000, give_up_after=10_000, pause_after=5)


def packed(ids: list[int], batch: int = 100, endpoint: EndpointId = A) -> list[Parcel]:
    to = Endpoint(id=endpoint, url="https://a.test/", sealed=b"x", created_at=NOW, updated_at=NOW, batch=batch)
    rendered = []
    for id in ids:
        event = event_without_message(NOW, EventType.SUPPRESSION_ADDED, f"s-{id}")
        delivery = pending(EventId(id), endpoint, "suppression.added", NOW)
        rendered.append((delivery, render(Told(event, None), {}, to, delivery)))
    return pack(rendered, to)


def test_an_event_alone_has_an_id_of_its_own() -> None:
    parcels = packed([1, 2], batch=1)
    assert [parcel.id for parcel in parcels] == ["msg_a1_1", "msg_a1_2"]
    assert all(json.loads(parcel.body)["type"] == "suppression.added" for parcel in parcels)


def test_a_batch_is_an_array_whose_items_have_ids() -> None:
    [parcel] = packed([7, 9])
    assert [one["id"] for one in json.loads(parcel.body)] == ["evt_7", "evt_9"]
    assert [delivery.event_id for delivery in parcel.deliveries] == [7, 9]
    assert packed([]) == []
    [alone] = packed([7])
    assert len(json.loads(alone.body)) == 1


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([10, 10], [2]),
        ([LARGEST], [1]),
        ([LARGEST * 3, 1, 1], [1, 2]),  # one that is larger by itself goes as it is
        ([LARGEST // 2 - 2] * 2, [2]),
        ([LARGEST // 2 - 1] * 5, [1] * 5),  # a comma too many
        ([LARGEST // 4] * 7, [3, 3, 1]),
        ([1, LARGEST - 2, LARGEST - 1, 1], [1, 1, 1, 1]),
    ],
)
def test_a_batch_is_parted_where_it_gets_too_large(sizes: list[int], parts: list[int]) -> None:
    to = Endpoint(id=A, url="https://a.test/", sealed=b"x", created_at=NOW, updated_at=NOW, batch=100)
    rendered = [(pending(EventId(id), A, "x", NOW), b"1" * size) for id, size in enumerate(sizes)]
    parcels = pack(rendered, to)
    assert [len(parcel.deliveries) for parcel in parcels] == parts
    assert [one.event_id for parcel in parcels for one in parcel.deliveries] == list(range(len(sizes)))
    assert all(len(parcel.body) <= LARGEST for parcel in parcels if len(parcel.deliveries) > 1)
    assert len({parcel.id for parcel in parcels}) == len(parts)


def test_the_same_batch_has_the_same_id_and_a_changed_one_another() -> None:
    """An event may be forgotten, replayed alone or found to be poisoned between two tries; then it is other content."""
    batches = [[1, 2, 3], [1, 2], [1, 3], [2, 3], [1], [1, 2, 3, 4]]
    [again] = packed([1, 2, 3])
    ids = [packed(batch)[0].id for batch in batches]
    assert ids[0] == again.id
    assert len(set(ids)) == len(batches)
    assert packed([1, 2, 3], endpoint=B)[0].id not in ids


def test_ids_of_batches_do_not_run_into_each_other() -> None:
    assert delivery_id(A, [1, 23]) != delivery_id(A, [12, 3])
    assert delivery_id(A, [1]) != delivery_id(A, [1, 1])


def tried(status: int | None, tries: int = 0, age: int = 0, retry_after: int = 0) -> WebhookDelivery:
    delivery = WebhookDelivery(A, 1, "x", DeliveryState.PENDING, tries, NOW, 5, None, NOW - age)
    attempt = WebhookAttempt(A, 1, NOW, 0, status, "")
    return outcome(delivery, attempt, POLICY, retry_after, 1.0).after


@pytest.mark.parametrize(
    ("after", "state", "due_at"),
    [
        (tried(200), DeliveryState.DELIVERED, None),
        (tried(299), DeliveryState.DELIVERED, None),
        (tried(302), DeliveryState.PENDING, NOW + 150),
        (tried(None, tries=1), DeliveryState.PENDING, NOW + 1_500),
        (tried(500, tries=2), DeliveryState.FAILED, None),
        (tried(500, age=10_000), DeliveryState.FAILED, None),
        (tried(429, retry_after=30_000), DeliveryState.PENDING, NOW + 30_000),
        (tried(429, retry_after=10**9), DeliveryState.PENDING, NOW + 60_000),
    ],
)
def test_what_becomes_of_a_try(after: WebhookDelivery, state: DeliveryState, due_at: int | None) -> None:
    assert (after.state, after.due_at) == (state, due_at)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120_000),
        (" 1 ", 1_000),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60_000),
        ("Wed, 31 Dec 1969 23:59:00 GMT", 0),  # passed
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        ("9" * 400, 999_999_999_000),
        ("Thu, 01 Jan 99999999999999 00:01:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:01:00 +99999999999999", 0),
        ("١٢", 0),  # digits, but none that RFC 9110 knows
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait: int) -> None:
    assert read_retry_after(text, 0) == wait


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [(302, b"<html>", "a redirect, which is not followed"), (500, b"\x1b[31m\xff no\r\nway", "[31m\ufffd no way")],
)
def test_what_it_said_is_one_line_for_people(status: int, body: bytes, shown: str) -> None:
    assert said(status, body).strip() == shown
