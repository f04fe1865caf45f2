"""The unmodified npm package `resend`: every method that it has for what is here, in success and in failure."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.directory_world import World, world  # noqa: F401  (fixture)
from tests.harness.node import NodeResend
from tests.harness.waiting import eventually

MAIL = {"from": "Ann <a@sender.test>", "to": "joe@there.test", "subject": "Hello", "text": "Hello.\n"}
NOBODY = "0191c2b0-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def node(world: World) -> Iterator[NodeResend]:  # noqa: F811
    with NodeResend(world.gateway.url, world.resend_key) as node:
        yield node


def test_emails_are_sent_with_every_field(node: NodeResend, world: World) -> None:  # noqa: F811
    sent = node.call(
        "emails.send",
        {
            **MAIL,
            "to": ["one@there.test", "Two <two@there.test>"],
            "cc": "cc@there.test",
            "bcc": ["bcc@there.test"],
            "replyTo": "reply@sender.test",
            "html": "<p>Hello</p><img src='cid:pic'>",
            "headers": {"X-Entity-Ref-ID": "123"},
            "tags": [{"name": "kind", "value": "test"}],
            "attachments": [
                {"filename": "a.txt", "content": base64.b64encode(b"hello").decode()},
                {"filename": "p.png", "content": "iVBORw0KGgo=", "contentType": "image/png", "contentId": "pic"},
            ],
        },
        {"idempotencyKey": "node-1"},
    )
    again = node.refusal("emails.send", MAIL, {"idempotencyKey": "node-1"})
    assert (again["statusCode"], again["name"]) == (409, "invalid_idempotent_request")
    eventually(lambda: len([one for one in list(world.sink.messages) if b"X-Entity-Ref-ID: 123" in one.data]) == 4)
    shown = node.call("emails.get", sent["id"])
    assert shown["to"] == ["one@there.test", "Two <two@there.test>"]
    assert shown["reply_to"] == ["reply@sender.test"]
    assert shown["object"] == "email"
    attachments = node.call("emails.attachments.list", {"emailId": sent["id"]})["data"]
    assert [one["filename"] for one in attachments] == ["a.txt", "p.png"]
    one = node.call("emails.attachments.get", {"emailId": sent["id"], "id": attachments[0]["id"]})
    assert world.client.get(one["download_url"]).content == b"hello"
    assert node.refusal("emails.attachments.get", {"emailId": sent["id"], "id": NOBODY})["name"] == "not_found"


def test_emails_wait_and_are_listed(node: NodeResend, world: World) -> None:  # noqa: F811
    first = node.call("emails.create", {**MAIL, "scheduledAt": "in 1 hour"})["id"]
    second = node.call("emails.send", {**MAIL, "scheduledAt": "tomorrow at 9am"})["id"]
    assert node.call("emails.get", first)["last_event"] == "scheduled"
    assert node.call("emails.update", {"id": first, "scheduledAt": "in 2 hours"}) == {"object": "email", "id": first}
    assert node.call("emails.cancel", first) == {"object": "email", "id": first}
    assert node.call("emails.get", first)["last_event"] == "canceled"
    assert node.refusal("emails.cancel", first)["name"] == "validation_error"
    page = node.call("emails.list", {"limit": 1})
    assert (page["object"], page["has_more"], page["data"][0]["id"]) == ("list", True, second)
    assert node.call("emails.list", {"limit": 1, "after": second})["data"][0]["id"] == first
    assert node.call("emails.metrics", {})["totals"]["sent"] >= 2
    shared = node.call("emails.share", second, {"expiresIn": "10m"})
    assert "Hello" in world.client.get(shared["url"]).text
    for method, args in (("get", [NOBODY]), ("cancel", [NOBODY]), ("share", [NOBODY])):
        assert node.refusal(f"emails.{method}", *args)["name"] == "not_found"


def test_what_is_wrong_is_an_error(node: NodeResend) -> None:
    for fields, name, status in (
        ({"to": "nobody"}, "validation_error", 422),
        ({"from": "a@not-ours.test"}, "validation_error", 403),
        ({"attachments": [{"filename": "x", "content": "%"}]}, "invalid_attachment", 422),
        ({"scheduledAt": "whenever"}, "invalid_parameter", 422),
    ):
        error = node.refusal("emails.send", {**MAIL, **fields})
        assert (error["name"], error["statusCode"]) == (name, status)
        assert error["message"]


def test_a_wrong_key(world: World) -> None:  # noqa: F811
    with NodeResend(world.gateway.url + "/", "re_wrong") as stranger:  # `//emails`, too
        error = stranger.refusal("emails.send", MAIL)
    assert (error["name"], error["statusCode"]) == ("invalid_api_key", 403)


def test_batches(node: NodeResend) -> None:
    good = [{**MAIL, "to": f"b{number}@there.test"} for number in range(3)]
    assert len(node.call("batch.send", good)["data"]) == 3
    assert len(node.call("batch.create", good, {"idempotencyKey": "node-batch"})["data"]) == 3
    bad = [*good, {**MAIL, "to": "nobody"}]
    assert node.refusal("batch.send", bad)["name"] == "validation_error"
    partial = node.call("batch.send", bad, {"batchValidation": "permissive"})
    assert (len(partial["data"]), [error["index"] for error in partial["errors"]]) == (3, [3])


def test_domains(node: NodeResend) -> None:
    made = node.call("domains.create", {"name": "node.test", "customReturnPath": "bounce"})
    assert made["status"] == "not_started"
    assert {"DKIM", "SPF"} <= {record["record"] for record in made["records"]}
    assert "bounce" in {record["name"] for record in made["records"]}
    assert made["id"] in [domain["id"] for domain in node.call("domains.list")["data"]]
    changed = node.call("domains.update", {"id": made["id"], "openTracking": True, "tls": "enforced"})
    assert (changed["id"], changed["open_tracking"]) == (made["id"], True)
    assert node.call("domains.verify", made["id"])["object"] == "domain"
    messages = [record["message"] for record in node.call("domains.get", made["id"])["records"]]
    assert any("node.test" in message for message in messages if message)
    assert node.refusal("domains.create", {"name": "node.test"})["name"] == "validation_error"
    assert node.call("domains.remove", made["id"])["deleted"] is True
    assert node.refusal("domains.get", made["id"])["name"] == "not_found"


def test_api_keys(node: NodeResend, world: World) -> None:  # noqa: F811
    made = node.call("apiKeys.create", {"name": "of node", "permission": "sending_access"})
    assert made["token"].startswith("re_")
    assert made["id"] in [key["id"] for key in node.call("apiKeys.list")["data"]]
    assert node.call("apiKeys.update", made["id"], {"name": "renamed"})["id"] == made["id"]
    with NodeResend(world.gateway.url, made["token"]) as sender:
        assert sender.call("emails.send", MAIL)["id"]
        assert sender.refusal("emails.list")["name"] == "restricted_api_key"
    node.call("apiKeys.remove", made["id"])
    assert node.refusal("apiKeys.remove", made["id"])["name"] == "not_found"
    assert node.refusal("apiKeys.create", {"name": ""})["statusCode"] == 422


def test_templates(node: NodeResend, world: World) -> None:  # noqa: F811
    fields = {
        "name": "welcome",
        "alias": "node-welcome",
        "from": "a@sender.test",
        "subject": "Hello {{{NAME}}}",
        "html": "<p>{{{NAME}}} is {{{AGE}}}</p>",
        "variables": [{"key": "NAME", "type": "string", "fallbackValue": "you"}, {"key": "AGE", "type": "number"}],
    }
    made = node.call("templates.create", fields, then="publish")
    draft = node.call("templates.create", {**fields, "name": "draft", "alias": "node-draft"})
    shown = node.call("templates.get", "node-welcome")
    assert (shown["id"], shown["status"]) == (made["id"], "published")
    assert [variable["fallback_value"] for variable in shown["variables"]] == ["you", None]
    assert {made["id"], draft["id"]} <= {one["id"] for one in node.call("templates.list", {"limit": 10})["data"]}
    node.call("templates.update", draft["id"], {"subject": "Changed"})
    node.call("templates.publish", draft["id"])
    copy = node.call("templates.duplicate", draft["id"], then="publish")
    assert node.call("templates.get", copy["id"])["subject"] == "Changed"
    use = {"to": "tpl@there.test", "template": {"id": "node-welcome", "variables": {"AGE": 7}}}
    node.call("emails.send", use)
    [mail] = eventually(lambda: [one for one in list(world.sink.messages) if one.recipients == ["tpl@there.test"]])
    assert b"you is 7" in mail.data
    missing: Any = {**use, "template": {"id": "node-welcome", "variables": {}}}
    assert "AGE" in node.refusal("emails.send", missing)["message"]
    assert node.call("templates.remove", copy["id"])["deleted"] is True
    assert node.refusal("templates.get", copy["id"])["name"] == "not_found"
    assert node.call("templates.performCreate", {"name": "plain", "html": "x"}, {})["id"]


def test_suppressions(node: NodeResend) -> None:
    made = node.call("suppressions.add", {"email": "Never+1@there.test"})
    assert made["object"] == "suppression"
    assert node.call("suppressions.get", "Never+1@there.test")["id"] == made["id"]
    assert made["id"] in [one["id"] for one in node.call("suppressions.list", {"origin": "manual"})["data"]]
    assert node.call("suppressions.remove", made["id"])["deleted"] is True
    assert node.refusal("suppressions.get", made["id"])["name"] == "not_found"
    emails = ["n1@there.test", "n2@there.test"]
    assert len(node.call("suppressions.batch.add", {"emails": emails})["data"]) == 2
    assert len(node.call("suppressions.batch.remove", {"emails": emails})["data"]) == 2
    assert node.refusal("suppressions.add", {"email": "nobody"})["name"] == "validation_error"


def test_webhooks(node: NodeResend, world: World) -> None:  # noqa: F811
    made = node.call("webhooks.create", {"endpoint": "https://hooks.there.test/", "events": ["email.sent"]})
    assert made["signing_secret"].startswith("whsec_")
    shown = node.call("webhooks.get", made["id"])
    assert (shown["status"], shown["events"]) == ("enabled", ["email.sent"])
    assert made["id"] in [one["id"] for one in node.call("webhooks.list", {"limit": 9})["data"]]
    changed = node.call("webhooks.update", made["id"], {"events": ["*"], "status": "enabled"})
    assert (changed["object"], changed["events"]) == ("webhook", ["*"])
    rotated = node.call("webhooks.rotateSigningSecret", made["id"])
    assert rotated["signing_secret"] != made["signing_secret"]
    newest = world.call("GET", "/events?type=domain.created").json()["data"][0]["id"]
    one = {"webhookId": made["id"], "eventId": newest}
    assert node.call("webhooks.events.replay", one) == {"object": "webhook_event", "id": newest}
    assert newest in [line["id"] for line in node.call("webhooks.events.list", {"webhookId": made["id"]})["data"]]
    assert node.call("webhooks.events.get", one)["payload"]["type"] == "domain.created"
    assert node.call("webhooks.events.attempts.list", {**one, "limit": 5})["object"] == "list"
    assert node.refusal("webhooks.events.get", {**one, "eventId": "evt_999999999"})["name"] == "not_found"
    assert node.refusal("webhooks.create", {"endpoint": "http://127.0.0.1/", "events": ["*"]})["statusCode"] == 422
    signed = {"payload": "{}", "headers": {"id": "x", "timestamp": "1", "signature": "v1,x"}}
    assert "WebhookVerificationError" in node.thrown(
        "webhooks.verify", {**signed, "webhookSecret": made["signing_secret"]}
    )
    assert node.call("webhooks.remove", made["id"])["deleted"] is True
    assert node.refusal("webhooks.get", made["id"])["name"] == "not_found"


def test_what_belongs_to_newsletters_or_to_one_host_of_many_is_not_there(node: NodeResend) -> None:
    """A domain here has one owner, so there is nobody to claim it from."""
    for resource in (
        "contacts",
        "segments",
        "audiences",
        "topics",
        "broadcasts",
        "automations",
        "inboxes",
        "contactProperties",
    ):
        assert node.refusal(f"{resource}.list")["name"] == "not_found"
    assert node.refusal("domains.claims.create", {"name": "x.test"})["name"] == "method_not_allowed"


def test_nothing_was_left_out(node: NodeResend) -> None:
    """Runs last: every method of these resources was called above."""
    resources = ("emails", "emails.attachments", "batch", "domains", "apiKeys", "templates", "suppressions")
    webhooks = ("webhooks", "webhooks.events", "webhooks.events.attempts")
    wanted = set().union(*(node.methods(resource) for resource in (*resources, "suppressions.batch", *webhooks)))
    assert wanted - node.called == set()
