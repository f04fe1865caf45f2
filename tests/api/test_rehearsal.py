"""Test recipients and keys of mode `test`: the whole machine without the network."""

from typing import Any

import pytest

from tests.api.conftest import Api, fresh
from tests.harness.waiting import eventually


def events(api: Api, id: str, key: str | None = None) -> list[str]:
    return [event["type"] for event in api.get(f"/emails/{id}", key).json()["events"]]


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        ("delivered@emailgw.test", ["queued", "delivered"]),
        ("Delivered+label@emailgw.test", ["queued", "delivered"]),
        ("bounced@emailgw.test", ["queued", "bounced"]),
        ("complained+x@emailgw.test", ["queued", "delivered", "complained"]),
        ("suppressed@emailgw.test", ["suppressed"]),
        ("whoever@emailgw.test", ["queued", "bounced"]),
    ],
)
def test_they_do_what_their_name_says(api: Api, to: str, wanted: list[str]) -> None:
    answer = api.post(fresh(to=to))
    assert answer.status_code == 200
    id = answer.json()["id"]
    eventually(lambda: events(api, id) == wanted, f"{to}: {wanted}, not {events(api, id)}")


def test_sendkit_is_told_at_once(api: Api) -> None:
    answer = api.post(fresh(to="suppressed@emailgw.test"), api.sendkit)
    assert answer.status_code == 422
    assert answer.json()["message"] == "The recipient email address is suppressed."
    both = api.post(fresh(to=["suppressed@emailgw.test", "delivered@emailgw.test"]), api.sendkit)
    assert both.status_code == 202


def test_a_suppressed_address_gets_nothing(api: Api) -> None:
    to = f"gone{next(api.counter)}@example.test"
    assert api.post({"email": to}, path="/suppressions").status_code == 201
    id = api.post(fresh(to=to)).json()["id"]
    assert events(api, id) == ["suppressed"]
    assert api.get(f"/emails/{id}").json()["last_event"] == "suppressed"
    assert api.post(fresh(to=to), api.sendkit).status_code == 422
    bulk = api.post([fresh(to=to), fresh()], api.sendkit, "/emails/bulk").json()["data"]
    assert [item["status"] for item in bulk] == ["error", "success"]
    batch = api.post([fresh(to=to), fresh()], path="/emails/batch").json()["data"]
    assert events(api, batch[0]["id"]) == ["suppressed"]


def test_an_address_that_is_suppressed_in_time_gets_no_scheduled_mail(api: Api) -> None:
    to = f"gone{next(api.counter)}@example.test"
    id = api.post(fresh(to=to, scheduled_at="in 1 hour")).json()["id"]
    csv = f"email,reason,cause\n{to},complaint,told us by phone\n".encode()
    assert api.post(csv, path="/suppressions/import", **{"content-type": "text/csv"}).json()["added"] == 1
    now = api.client.patch(
        f"/emails/{id}", json={"scheduled_at": "now"}, headers={"authorization": f"Bearer {api.resend}"}
    )
    assert now.status_code == 200, now.text
    shown = api.gateway.wait_for_state(id, "suppressed")
    assert [event["type"] for event in shown["events"]] == ["scheduled", "rescheduled", "suppressed"]
    assert shown["events"][2]["category"] == "complaint"
    assert "told us by phone" in shown["recipients"][0]["reason"]
    told = api.get(f"/events?email_id={id}&type=email.suppressed").json()["data"][0]["data"]["suppressed"]
    assert told["reason"] == "previous_complaint"
    assert not [mail for mail in api.sink.messages if to in mail.recipients]


def test_a_test_key_sends_nothing_for_real(api: Api) -> None:
    made: Any = api.post({"name": "test", "mode": "test"}, path="/api-keys")
    assert made.status_code == 201, made.text
    key = made.json()["token"]
    ids = {}
    for to, wanted in (("nobody@example.test", "delivered"), ("bounced@emailgw.test", "bounced"),
                       ("no.such.domain@nowhere.test", "delivered")):  # fmt: skip
        ids[api.post(fresh(to=to, subject="rehearsal"), key).json()["id"]] = wanted
    for id, wanted in ids.items():
        eventually(lambda id=id, wanted=wanted: events(api, id, key) == ["queued", wanted])  # type: ignore[misc]
    assert not [message for message in api.sink.messages if b"Subject: rehearsal" in message.data]
