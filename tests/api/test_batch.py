"""Many messages in one request: all or nothing, what is good of it, and one template to many."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import resend

from tests.api.conftest import Api, fresh
from tests.harness.waiting import eventually


@pytest.fixture
def client(api: Api) -> Iterator[Any]:
    """The unmodified client of PyPI, which is configured by its module."""
    before = resend.api_key, resend.api_url
    resend.api_key, resend.api_url = api.resend, api.gateway.url
    yield resend
    resend.api_key, resend.api_url = before


def addresses(api: Api, count: int) -> list[str]:
    return [f"r{next(api.counter)}@example.test" for _ in range(count)]


def test_a_batch_arrives_in_order(api: Api) -> None:
    to = addresses(api, 3)
    answer = api.post([fresh(to=address, subject=address) for address in to], path="/emails/batch")
    assert answer.status_code == 200
    assert set(answer.json()) == {"data"}
    ids = [item["id"] for item in answer.json()["data"]]
    for id, address in zip(ids, to, strict=True):
        assert f"Subject: {address}" in api.delivered(address).data.decode()
        assert api.get(f"/emails/{id}").json()["subject"] == address


def test_a_batch_is_listed_and_logged_in_order(api: Api) -> None:
    ids = [item["id"] for item in api.post([fresh() for _ in range(120)], path="/emails/batch").json()["data"]]
    shown = api.get("/emails?limit=100", api.resend).json()["data"]
    assert [email["id"] for email in shown if email["id"] in ids] == ids[:19:-1]
    stamped = re.compile(r"[\d-]+ [\d:,]+ INFO emailgw\.mail: accepted message=(\S+) ")
    logged = [found[1] for line in api.gateway.log().splitlines() if (found := stamped.match(line))]
    assert [id for id in logged if id in ids] == ids


def test_an_object_holds_a_batch_too(api: Api) -> None:
    answer = api.post({"emails": [fresh(), fresh()]}, path="/emails/batch")
    assert len(answer.json()["data"]) == 2


@pytest.mark.parametrize("bad", [{"to": "nobody"}, {"to": None}, {"from": "a@other.test"}, {"tags": [{"name": "é"}]},
                                 {"text": 7}, {"scheduled_at": "in 40 days"}])  # fmt: skip
def test_nothing_of_a_strict_batch_is_sent(api: Api, bad: dict[str, Any]) -> None:
    before = api.queued()
    answer = api.post([fresh(), fresh(), fresh(**bad), fresh()], path="/emails/batch")
    assert answer.status_code == (403 if "from" in bad else 422)
    assert "emails[2]" in answer.json()["message"]
    assert api.queued() == before


def test_a_permissive_batch_sends_what_is_good(api: Api) -> None:
    items = [fresh(), fresh(to="nobody"), fresh(), 7, fresh(text=None)]
    answer = api.post(items, path="/emails/batch", **{"x-batch-validation": "permissive"})
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 2
    assert [error["index"] for error in answer.json()["errors"]] == [1, 3, 4]
    assert all(error["message"] for error in answer.json()["errors"])


def test_sendkits_bulk_answers_in_order(api: Api) -> None:
    answer = api.post([fresh(), fresh(to="nobody"), fresh()], api.sendkit, "/emails/bulk")
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["data"]] == ["success", "error", "success"]
    assert set(answer.json()["data"][1]) == {"status", "error"}


@pytest.mark.parametrize("body", [[], {}, {"emails": []}, {"recipients": []}, 7, "x", None, {"emails": 7}])
def test_what_is_no_batch(api: Api, body: Any) -> None:
    for path in ("/emails/batch", "/emails/bulk"):
        assert api.post(body, path=path).status_code in (400, 422)


def test_too_many(api: Api) -> None:
    answer = api.post([0] * 10_001, path="/emails/batch")
    assert answer.status_code == 422
    assert "10000" in answer.json()["message"]


def test_the_resend_client_sends_batches(api: Api, client: Any) -> None:
    to = addresses(api, 2)
    sent = client.Batch.send([fresh(to=[address]) for address in to])
    assert len(sent["data"]) == 2
    partial = client.Batch.send([fresh(to=to), fresh(to=["nobody"])], {"batch_validation": "permissive"})
    assert [error["index"] for error in partial["errors"]] == [1]
    with pytest.raises(client.exceptions.ResendError):
        client.Batch.send([fresh(to=to), fresh(to=["nobody"])])


def test_one_text_to_many(api: Api) -> None:
    to = addresses(api, 3)
    mailing = {
        "from": "News <news@sender.test>",
        "subject": "Hello {{NAME}}",
        "html": "<p>Dear {{NAME}}</p>",
        "metadata": {"issue": "7"},
        "recipients": [
            {"to": address, "variables": {"NAME": f"<{address}>"}, "metadata": {"n": str(n)}}
            for n, address in enumerate(to)
        ],
    }
    answer = api.post(mailing, path="/emails/batch")
    assert answer.status_code == 200, answer.text
    for n, (item, address) in enumerate(zip(answer.json()["data"], to, strict=True)):
        text = api.delivered(address).data.decode()
        assert f"Subject: Hello <{address}>" in text
        assert f"Dear &lt;{address}&gt;" in text
        shown = api.get(f"/emails/{item['id']}").json()
        assert shown["subject"] == f"Hello <{address}>"
        assert shown["metadata"] == {"issue": "7", "n": str(n)}


def test_many_cannot_share_a_message_id(api: Api) -> None:
    mailing = {"from": "a@sender.test", "subject": "x", "text": "x", "headers": {"Message-ID": "<one@sender.test>"},
               "recipients": [{"to": to} for to in addresses(api, 2)]}  # fmt: skip
    answer = api.post(mailing, path="/emails/batch")
    assert answer.status_code == 422
    assert "Message-ID" in answer.json()["message"]


def test_a_template_to_many(api: Api) -> None:
    template = {"name": "batch", "alias": "batch", "subject": "Hi {{NAME}}", "text": "{{NAME}}, {{CITY|somewhere}}.",
                "status": "published"}  # fmt: skip
    assert api.post(template, path="/templates").status_code == 201
    [to] = addresses(api, 1)
    recipients: list[dict[str, Any]] = [{"to": to, "variables": {"NAME": "Ann"}}]
    mailing = {"from": "a@sender.test", "template": "batch", "recipients": recipients}
    assert api.post(mailing, path="/emails/batch").status_code == 200
    assert "Ann, somewhere." in api.delivered(to).data.decode()
    recipients.append({"to": to})
    answer = api.post(mailing, path="/emails/batch")
    assert answer.status_code == 422
    assert "NAME" in answer.json()["message"]
    assert "[1]" in answer.json()["message"]
    for unknown in ("nope", {"id": "nope"}):
        assert api.post({**mailing, "template": unknown}, path="/emails/batch").status_code == 404


def test_the_loop_serves_others_meanwhile(api: Api) -> None:
    mailing = {"from": "a@sender.test", "subject": "x", "text": "y", "scheduled_at": "in 20 days",
               "recipients": [{"to": f"u{n}@example.test"} for n in range(10_000)]}  # fmt: skip
    answer = api.post(mailing, path="/emails/batch")
    assert answer.status_code == 200
    ids = [item["id"] for item in answer.json()["data"]]
    assert len(set(ids)) == 10_000
    assert eventually(lambda: api.get(f"/emails/{ids[-1]}").json()["last_event"] == "scheduled")
