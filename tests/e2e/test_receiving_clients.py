"""Received mail through the clients of others, unmodified: PyPI's and npm's `resend`, and django-anymail's webhook."""

import email.policy
import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, NamedTuple

import httpx
import pytest
import resend
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailInboundEvent, inbound
from anymail.webhooks.resend import ResendInboundWebhookView
from django.test import RequestFactory

from tests.harness.dns import DNSServer
from tests.harness.endpoint import Posted, WebhookEndpoint
from tests.harness.gateway import Gateway
from tests.harness.node import NodeResend
from tests.harness.sink import Sink
from tests.harness.site import django_site
from tests.harness.waiting import eventually

NOBODY = "0191c2b0-0000-7000-8000-000000000000"
CSV = b"a,b\r\n1,2\r\n"


class World(NamedTuple):
    gateway: Gateway
    endpoint: WebhookEndpoint
    sink: Sink
    key: str
    secret: str

    def told(self, id: str) -> Posted:
        """The POST that told of a message."""
        found = eventually(
            lambda: [one for one in self.endpoint.received() if one.json["data"].get("email_id") == id],
            f"the endpoint was told of {id}",
            60,
        )
        return found[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("clients")
    settings: dict[str, dict[str, Any]] = {"webhooks": {"allow_networks": ["127.0.0.0/8"]}}
    with (
        WebhookEndpoint(directory / "ledger") as endpoint,
        Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway,
    ):
        gateway.add_domain("here.test", dns)
        gateway.ask("domain", "receive", "on", "here.test")
        key = gateway.ask("key", "create", "resend", "--dialect", "resend")["key"]
        made = httpx.post(
            f"{gateway.url}/webhooks",
            json={"endpoint": endpoint.url(), "events": ["email.received"]},
            headers={"authorization": f"Bearer {key}"},
            timeout=20,
        ).json()
        yield World(gateway, endpoint, sink, key, made["signing_secret"])
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()


def bring(world: World, to: str) -> str:
    """A message with everything; its id."""
    message = EmailMessage()
    message["From"] = "Änn <ann@author.test>"
    message["To"] = to
    message["Cc"] = "cc@elsewhere.test"
    message["Reply-To"] = "reply@author.test"
    message["Subject"] = "Grüße"
    message["Message-ID"] = f"<{to}>"
    message["X-Mine"] = "yes"
    message.set_content("Hällo.\n")
    message.add_alternative('<p>Hällo <img src="cid:pic@x"></p>', subtype="html")
    html: Any = message.get_payload(1)
    html.add_related(b"\x89PNG\r\n", "image", "png", cid="<pic@x>")
    message.add_attachment(CSV, "text", "csv", filename="a.csv")
    with smtplib.SMTP("127.0.0.1", world.gateway.inbound_port, timeout=20) as client:
        client.sendmail("ann@author.test", [to], message.as_bytes(policy=email.policy.SMTP))
    listed = httpx.get(
        f"{world.gateway.url}/emails/receiving", headers={"authorization": f"Bearer {world.key}"}, timeout=20
    ).json()
    return next(str(one["id"]) for one in listed["data"] if one["received_for"] == [to])


def test_python(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend, "api_url", world.gateway.url)
    monkeypatch.setattr(resend, "api_key", world.key)
    id = bring(world, "python@here.test")
    posted = world.told(id)
    options: Any = {
        "payload": posted.body.decode(),
        "headers": {name: posted.headers[f"svix-{name}"] for name in ("id", "timestamp", "signature")},
        "webhook_secret": world.secret,
    }
    resend.Webhooks.verify(options)
    assert posted.json["type"] == "email.received"
    found = posted.json["data"]["authentication"]
    assert (found["spf"]["result"], found["dkim"], found["dmarc"]["domain"]) == ("none", [], "author.test")
    got: Any = resend.Emails.Receiving.get(email_id=id)
    assert (got["object"], got["subject"], got["from"]) == ("email", "Grüße", "Änn <ann@author.test>")
    assert got["text"].strip() == "Hällo."
    assert got["headers"]["x-mine"] == "yes"
    assert got["reply_to"] == ["reply@author.test"]
    assert got["authentication"] == posted.json["data"]["authentication"]
    with_ids: Any = resend.Emails.Receiving.get(id, {"html_format": "cid"})
    assert "cid:pic@x" in with_ids["html"]
    listed: Any = resend.Emails.Receiving.list({"limit": 1})
    assert (listed["object"], listed["data"][0]["id"]) == ("list", id)
    parts: Any = resend.Emails.Receiving.Attachments.list(id)
    assert [part["filename"] for part in parts["data"]] == [None, "a.csv"]
    assert [part["id"] for part in parts["data"]] == [part["id"] for part in posted.json["data"]["attachments"]]
    part: Any = resend.Emails.Receiving.Attachments.get(id, parts["data"][1]["id"])
    assert httpx.get(part["download_url"], timeout=20).content == CSV
    raw = httpx.get(got["raw"]["download_url"], timeout=20).content
    assert message_from_bytes(raw, policy=email.policy.default)["Message-ID"] == "<python@here.test>"
    with pytest.raises(resend.exceptions.ResendError):
        resend.Emails.Receiving.get(email_id=NOBODY)


def test_node(world: World) -> None:
    id = bring(world, "node@here.test")
    with NodeResend(world.gateway.url, world.key) as node:
        assert node.methods("emails.receiving") >= {"emails.receiving.get", "emails.receiving.list"}
        got = node.call("emails.receiving.get", id)
        assert got["authentication"]["dmarc"]["domain"] == "author.test"
        assert "data:image/png" in got["html"]
        assert "cid:pic@x" in node.call("emails.receiving.get", id, {"html_format": "cid"})["html"]
        assert node.call("emails.receiving.list", {"limit": 1})["data"][0]["id"] == id
        parts = node.call("emails.receiving.attachments.list", {"emailId": id})["data"]
        part = node.call("emails.receiving.attachments.get", {"emailId": id, "id": parts[1]["id"]})
        assert httpx.get(part["download_url"], timeout=20).content == CSV
        assert node.refusal("emails.receiving.get", NOBODY)["name"] == "not_found"
        # It fetches `raw`, reads that by itself, and sends it anew; or sends it as an attachment.
        for passthrough, to in ((True, "again@example.test"), (False, "wrapped@example.test")):
            options = {"emailId": id, "from": "Desk <desk@here.test>", "to": to, "passthrough": passthrough}
            sent = node.call("emails.receiving.forward", options if passthrough else {**options, "text": "See below."})
            world.gateway.wait_for_state(sent["id"], "delivered", 60)
    copies = {
        one.recipients[0]: message_from_bytes(one.data, policy=email.policy.default) for one in world.sink.messages
    }
    again: Any = copies["again@example.test"]
    assert (again["Subject"], again["From"]) == ("Grüße", "Desk <desk@here.test>")
    assert [part.get_filename() for part in again.iter_attachments()][-1] == "a.csv"
    wrapped: Any = copies["wrapped@example.test"]
    [part] = wrapped.iter_attachments()
    assert part.get_filename() == "forwarded_message.eml"
    assert message_from_bytes(part.get_content())["Message-ID"] == "<node@here.test>"


def test_django_anymail(world: World) -> None:
    id = bring(world, "django@here.test")
    posted = world.told(id)
    given = {"RESEND_API_KEY": world.key, "RESEND_API_URL": world.gateway.url, "RESEND_INBOUND_SECRET": world.secret}
    events: list[AnymailInboundEvent] = []

    def remember(sender: object, event: AnymailInboundEvent, esp_name: str, **_: object) -> None:
        assert esp_name == "Resend"
        events.append(event)

    inbound.connect(remember)
    try:
        with django_site(ANYMAIL=given):
            view = ResendInboundWebhookView.as_view()
            headers = {name: value for name, value in posted.headers.items() if name.startswith("svix-")}
            request = RequestFactory().post("/hook", posted.body, "application/json", headers=headers)
            assert view(request).status_code == 200
            altered = RequestFactory().post("/hook", posted.body + b" ", "application/json", headers=headers)
            with pytest.raises(AnymailWebhookValidationFailure):
                view(altered)
    finally:
        inbound.disconnect(remember)
    [event] = events
    assert event.event_id == posted.id
    message = event.message
    assert message.subject == "Grüße"
    assert message.from_email.addr_spec == "ann@author.test"
    assert message.text.strip() == "Hällo."
    assert [part.get_filename() for part in message.attachments] == ["a.csv"]
    assert message.attachments[0].get_content_bytes() == CSV
    assert "pic@x" in message.content_id_map
    assert message["Return-Path"] == "<ann@author.test>"
    assert message["Authentication-Results"].split()[:2] == ["gw.test;", "spf=none"]
