"""Mail that waits: other times, second thoughts, and what is too late."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import resend

from tests.api.conftest import Api, fresh

PERMISSIVE = {"x-batch-validation": "permissive"}


@pytest.fixture
def client(api: Api) -> Iterator[Any]:
    before = resend.api_key, resend.api_url
    resend.api_key, resend.api_url = api.resend, api.gateway.url
    yield resend
    resend.api_key, resend.api_url = before


def patch(api: Api, id: str, body: Any) -> Any:
    return api.client.patch(f"/emails/{id}", json=body, headers={"authorization": f"Bearer {api.resend}"})


def cancel(api: Api, id: str) -> Any:
    return api.client.post(f"/emails/{id}/cancel", headers={"authorization": f"Bearer {api.resend}"})


def scheduled(api: Api, when: str = "in 3 hours", **fields: Any) -> str:
    answer = api.post(fresh(scheduled_at=when, **fields))
    assert answer.status_code == 200, answer.text
    id: str = answer.json()["id"]
    return id


@pytest.mark.parametrize(("when", "least", "most"), [("in 1 hour", 59, 61), ("in 1 min", 0, 2),
                                                     ("tomorrow at 9am", 0, 48 * 60)])  # fmt: skip
def test_times_in_english(api: Api, when: str, least: int, most: int) -> None:
    shown = api.get(f"/emails/{scheduled(api, when)}").json()
    at = datetime.fromisoformat(shown["scheduled_at"] + ":00")
    assert timedelta(minutes=least) <= at - datetime.now(UTC) <= timedelta(minutes=most)
    assert shown["last_event"] == "scheduled"


def test_a_moved_message_is_sent_at_its_new_time(api: Api) -> None:
    to = f"moved{next(api.counter)}@example.test"
    id = scheduled(api, to=to)
    answer = patch(api, id, {"scheduled_at": "in 5 hours"})
    assert (answer.status_code, answer.json()) == (200, {"object": "email", "id": id})
    shown = api.get(f"/emails/{id}").json()
    assert shown["last_event"] == "scheduled"
    assert [event["type"] for event in shown["events"]] == ["scheduled", "rescheduled"]
    assert patch(api, id, {"scheduled_at": datetime.now(UTC).isoformat()}).status_code == 200
    api.delivered(to)


def test_a_cancelled_message_is_not_sent(api: Api) -> None:
    id = scheduled(api, to=["a@example.test", "b@example.test"])
    assert cancel(api, id).json() == {"object": "email", "id": id}
    shown = api.get(f"/emails/{id}").json()
    assert shown["last_event"] == "canceled"
    assert {recipient["state"] for recipient in shown["recipients"]} == {"cancelled"}
    for again in (cancel(api, id), patch(api, id, {"scheduled_at": "in 1 hour"})):
        assert again.status_code == 422
        assert "cancelled already" in again.json()["message"]


def test_too_late(api: Api) -> None:
    id, to = api.send()
    api.delivered(to)
    api.gateway.wait_for_state(id, "delivered")
    for answer in (cancel(api, id), patch(api, id, {"scheduled_at": "in 1 hour"})):
        assert (answer.status_code, answer.json()["name"]) == (422, "validation_error")
        assert "sent already" in answer.json()["message"]


@pytest.mark.parametrize("body", [{}, {"scheduled_at": None}, {"scheduled_at": "whenever"},
                                  {"scheduled_at": "in 31 days"}, {"scheduled_at": "2001-01-01"}, [], 7])  # fmt: skip
def test_no_time(api: Api, body: Any) -> None:
    assert patch(api, scheduled(api), body).status_code in (400, 422)


def test_nobody_elses(api: Api) -> None:
    unknown = "00000000-0000-7000-8000-000000000000"
    for id in (unknown, "x"):
        assert cancel(api, id).status_code == 404
        assert patch(api, id, {"scheduled_at": "in 1 hour"}).status_code == 404


def test_the_resend_client(api: Api, client: Any) -> None:
    id = client.Emails.send(fresh(to=["joe@example.test"], scheduled_at="in 1 hour"))["id"]
    assert client.Emails.update({"id": id, "scheduled_at": "in 2 hours"})["id"] == id
    assert client.Emails.cancel(id)["id"] == id
    with pytest.raises(client.exceptions.ResendError):
        client.Emails.cancel(id)


def test_a_batch_says_times_in_english(api: Api) -> None:
    """Each phrase is read once, right or wrong: item by item it would outlast the client's patience."""
    emails = [fresh(to=f"s{number}@example.test", scheduled_at="in 1 hour") for number in range(3000)]
    answer = api.post([*emails, fresh(scheduled_at="whenever")] * 2, path="/emails/batch", **PERMISSIVE)
    assert (len(answer.json()["data"]), len(answer.json()["errors"])) == (6000, 2)
    many = [fresh(scheduled_at=f"in {number + 1} minutes") for number in range(101)]
    refused = api.post(many, path="/emails/batch", **PERMISSIVE)
    assert (refused.status_code, refused.json()["name"]) == (422, "invalid_parameter")
    assert api.post(many[1:], path="/emails/batch").status_code == 200
