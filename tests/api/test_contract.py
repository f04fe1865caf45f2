"""Every field that the contracts name is in the answer to both families' keys, of the type that each of them reads."""

import re
from typing import Any

import pytest

from tests.api.conftest import Api, fresh

OPTIONAL = type(None)
LARAVEL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
POSTGRES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00")

EMAIL = {
    "id": str, "from": str, "subject": str, "last_event": str, "created_at": str, "scheduled_at": (str, OPTIONAL)
}  # fmt: skip
SENDKIT_LINE = {
    **EMAIL, "to": str, "domain": dict, "template": dict, "tags": list, "events": list, "sent_at": (str, OPTIONAL)
}  # fmt: skip
RESEND_LINE = {**EMAIL, "to": list, "bcc": (list, OPTIONAL), "cc": (list, OPTIONAL), "reply_to": list}
META = {"current_page": int, "from": int, "last_page": int, "per_page": int, "to": int, "total": int, "path": str}
DOMAIN = {"id": str, "name": str, "status": str, "region": str, "created_at": str}
RECORD = {"name": str, "value": str, "status": str}


def has(answer: Any, fields: dict[str, Any]) -> None:
    """The fields are there, each of its type."""
    wrong = {
        name: answer.get(name, "is missing")
        for name, kind in fields.items()
        if name not in answer or not isinstance(answer[name], kind) or (kind is int and answer[name] is True)
    }
    assert not wrong, f"{wrong} in {answer}"


def ask(api: Api, method: str, path: str, key: str, body: Any = None) -> Any:
    answer = api.client.request(method, path, json=body, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


@pytest.fixture(scope="module")
def template(api: Api) -> str:
    body = {"name": "Welcome", "subject": "Hello {{NAME}}", "html": "<p>{{NAME}}</p>", "status": "published"}
    id: str = api.post(body, path="/templates").json()["id"]
    return id


def test_sendkits_list_of_emails(api: Api, template: str) -> None:
    use = {"id": template, "variables": {"NAME": "Ann"}}
    id, to = api.send(subject=None, text=None, template=use, tags=[{"name": "contract", "value": "1"}])
    api.gateway.wait_for_state(id, "delivered")
    listed = ask(api, "GET", f"/emails?search={to}&per_page=1&page=1", api.sendkit)
    has(listed, {"data": list, "links": dict, "meta": dict})
    has(listed["meta"], META)
    has(listed["links"], {"first": str, "last": str, "prev": OPTIONAL, "next": OPTIONAL})
    [line] = listed["data"]
    has(line, SENDKIT_LINE)
    assert line["domain"]["name"] == "sender.test"
    assert ask(api, "GET", f"/domains/{line['domain']['id']}", api.sendkit)["name"] == "sender.test"
    assert line["template"] == {"id": template, "name": "Welcome"}
    assert line["tags"] == [{"name": "contract", "value": "1"}]
    assert [event["type"] for event in line["events"]] == ["queued", "delivered"]
    for event in line["events"]:
        has(event, {"id": str, "type": str, "metadata": dict, "created_at": str})
        assert event["metadata"]["recipient"] == to
        assert LARAVEL.fullmatch(event["created_at"])
    for name in ("created_at", "sent_at"):
        assert LARAVEL.fullmatch(line[name])
    one = ask(api, "GET", f"/emails/{id}", api.sendkit)
    assert {**one, "events": 0}.items() >= {**line, "events": 0}.items()


def test_resends_emails(api: Api) -> None:
    id, to = api.send(reply_to="back@sender.test", cc=["c@example.test"], bcc=["d@example.test"])
    api.gateway.wait_for_state(id, "delivered")
    listed = ask(api, "GET", "/emails?limit=1", api.resend)
    has(listed, {"object": str, "has_more": bool, "data": list})
    [line] = listed["data"]
    has(line, RESEND_LINE)
    assert (line["to"], line["reply_to"], line["last_event"]) == ([to], ["back@sender.test"], "delivered")
    one = ask(api, "GET", f"/emails/{id}", api.resend)
    has(one, {**RESEND_LINE, "object": str, "message_id": str, "html": (str, OPTIONAL), "text": str})
    assert POSTGRES.fullmatch(one["created_at"])
    assert one["cc"] == ["c@example.test"]
    assert one["bcc"] == ["d@example.test"]


def test_answers_to_what_is_done_to_an_email(api: Api) -> None:
    for key in (api.resend, api.sendkit):
        later = ask(api, "POST", "/emails", key, fresh(scheduled_at="in 1 hour"))["id"]
        assert ask(api, "PATCH", f"/emails/{later}", key, {"scheduled_at": "in 2 hours"}) == {
            "object": "email",
            "id": later,
        }
        assert ask(api, "POST", f"/emails/{later}/cancel", key) == {"object": "email", "id": later}
        has(ask(api, "POST", f"/emails/{later}/share", key), {"object": str, "id": str, "url": str})
        has(ask(api, "GET", "/emails/metrics", key), {"object": str, "totals": dict})
        bulk = ask(api, "POST", "/emails/bulk", key, [fresh(), fresh(to="nobody")])["data"]
        has(bulk[0], {"status": str, "id": str})
        has(bulk[1], {"status": str, "error": str})
        valid = ask(api, "POST", "/emails/validate", key, {"email": "joe@example.test"})
        has(
            valid,
            {"email": str, "is_valid": str, "evaluations": dict, "should_block": bool, "validated_at": str},
        )


def test_domains_and_keys(api: Api) -> None:
    made = ask(api, "POST", "/domains", api.resend, {"name": "contract.test"})
    has(made, {**DOMAIN, "capabilities": dict, "records": list, "open_tracking": bool, "click_tracking": bool})
    has(made, {"tls": str, "sending_enabled": bool, "dns_records": list, "updated_at": str})
    for record in made["records"]:
        has(record, {**RECORD, "record": str, "type": str, "ttl": str})
    for record in made["dns_records"]:
        has(record, {**RECORD, "id": str, "record_type": str, "ttl": int, "created_at": str, "updated_at": str})
    path = f"/domains/{made['id']}"
    for method, rest, body in (("PATCH", "", {"open_tracking": True}), ("POST", "/verify", None)):
        has(ask(api, method, path + rest, api.resend, body), {"object": str, "id": str})
    has(ask(api, "GET", "/domains", api.resend)["data"][0], DOMAIN)
    assert ask(api, "DELETE", path, api.resend) == {"object": "domain", "id": made["id"], "deleted": True}
    for key, word in ((api.resend, "sending_access"), (api.sendkit, "send")):
        made = ask(api, "POST", "/api-keys", key, {"name": "contract", "permission": word})
        has(made, {"id": str, "token": str, "name": str})
        assert made["permission"] == word
        [line] = [one for one in ask(api, "GET", "/api-keys", key)["data"] if one["id"] == made["id"]]
        has(line, {"id": str, "name": str, "created_at": str, "last_used_at": (str, OPTIONAL)})
        has(ask(api, "DELETE", f"/api-keys/{made['id']}", key), {"object": str, "id": str, "deleted": bool})


def test_suppressions_and_templates(api: Api, template: str) -> None:
    for number, key in enumerate((api.resend, api.sendkit)):
        made = ask(api, "POST", "/suppressions", key, {"email": f"Contract{number}@there.test"})
        has(made, {"object": str, "id": str, "email": str, "reason": str, "created_at": str, "updated_at": str})
        assert made["email"] == f"contract{number}@there.test"
        [line] = ask(api, "GET", f"/suppressions?search={made['email']}", key)["data"]
        has(line, {"id": str, "email": str, "origin": str, "reason": str})
        has(ask(api, "DELETE", f"/suppressions/{made['email']}", key), {"object": str, "id": str, "deleted": bool})
        shown = ask(api, "GET", f"/templates/{template}", key)
        has(shown, {"object": str, "id": str, "name": str, "status": str, "html": str, "html_content": str})
        has(shown, {"variables": list, "created_at": str, "updated_at": str, "published_at": str})
        has(ask(api, "POST", f"/templates/{template}/publish", key), {"object": str, "id": str})
        has(ask(api, "POST", f"/templates/{template}/duplicate", key), {"object": str, "id": str})
