"""The unmodified Sendkit client, and what arrives at the recipient's host."""

import base64
import email
import email.policy
import re
from email.message import EmailMessage

import httpx
import pytest
import sendkit

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.signatures import unsigned, verdicts
from tests.harness.sink import Received, Sink
from tests.harness.waiting import eventually

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
REPORT = bytes(range(256)) * 100
TEXT = "Hallo Jürgen,\n\nschöne Grüße! 🐎\n.\nFrom here on, dots.\n" + "long line " * 200 + "\n"
HTML = '<p>Hallo <b>Jürgen</b></p><img src="cid:logo">\n'


def arrived(sink: Sink, to: str) -> Received:
    def probe() -> list[Received]:
        return [message for message in list(sink.messages) if message.recipients == [to]]

    return eventually(probe, f"mail for {to}")[0]


def parsed(received: Received) -> EmailMessage:
    message = email.message_from_bytes(received.data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


@pytest.fixture
def client(gateway: Gateway) -> sendkit.SendKit:
    return sendkit.SendKit(gateway.key, base_url=gateway.url)


def test_what_was_sent_is_what_arrives(client: sendkit.SendKit, gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    answer = client.emails.send(
        from_="Žofie Nováková <zofie@sender.test>",
        to=["Jürgen Groß <juergen@example.test>"],
        cc="Ann <ann@example.test>",
        bcc="hidden@example.test",
        reply_to="Antwort <antwort@sender.test>",
        subject="Übersicht für März 🐎",
        text=TEXT,
        html=HTML,
        headers={"X-Campaign": "März", "List-Unsubscribe": "<https://sender.test/u/1>"},
        tags=[{"name": "kind", "value": "welcome"}],
        attachments=[
            {"filename": "Bericht März.bin", "content": base64.b64encode(REPORT).decode()},
            {"filename": "logo.png", "content": base64.b64encode(PICTURE).decode(), "content_type": "image/png",
             "content_id": "logo"},
        ],
    )  # fmt: skip
    gateway.wait_for_state(answer["id"], "delivered")
    copies = [arrived(sink, f"{name}@example.test") for name in ("juergen", "ann", "hidden")]
    for copy in copies:
        assert verdicts(copy.data, dns.nameserver) == {"rsa-sha256": True, "ed25519-sha256": True}
        assert b"hidden" not in copy.data
        assert re.fullmatch(r"b-[a-z2-7]{40}@send\.sender\.test", copy.reverse_path)
    assert len({copy.reverse_path for copy in copies}) == 3
    assert len({unsigned(copy.data) for copy in copies}) == 1

    message = parsed(copies[0])
    assert message["from"].addresses[0].display_name == "Žofie Nováková"
    assert message["from"].addresses[0].addr_spec == "zofie@sender.test"
    assert str(message["to"]) == "Jürgen Groß <juergen@example.test>"
    assert str(message["cc"]) == "Ann <ann@example.test>"
    assert message["reply-to"].addresses[0].addr_spec == "antwort@sender.test"
    assert str(message["subject"]) == "Übersicht für März 🐎"
    assert str(message["x-campaign"]) == "März"
    assert message["message-id"] == f"<{answer['id']}@sender.test>"
    assert message["date"].datetime is not None
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert plain.get_content().replace("\r\n", "\n") == TEXT
    assert html.get_content().replace("\r\n", "\n") == HTML
    [report] = message.iter_attachments()
    assert report.get_filename() == "Bericht März.bin"
    assert report.get_payload(decode=True) == REPORT
    [logo] = [part for part in message.walk() if part["content-id"] == "<logo>"]
    assert (logo.get_content_type(), logo.get_content_disposition()) == ("image/png", "inline")
    assert logo.get_payload(decode=True) == PICTURE


def test_a_changed_message_does_not_verify(gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    """The judge of the test above can say no."""
    gateway.send("judge@example.test", subject="Original", text="Original\n")
    data = arrived(sink, "judge@example.test").data
    assert set(verdicts(data, dns.nameserver).values()) == {True}
    for old, new in ((b"Subject: Original", b"Subject: Another"), (b"\r\n\r\nOriginal", b"\r\n\r\nAnother")):
        assert old in data
        assert set(verdicts(data.replace(old, new), dns.nameserver).values()) == {False}
    added = b"Subject: on top\r\n" + data  # oversigned: a second one cannot be smuggled in
    assert set(verdicts(added, dns.nameserver).values()) == {False}


def test_the_client_raises_what_the_gateway_says(client: sendkit.SendKit) -> None:
    with pytest.raises(sendkit.SendKitError, match="not verified") as caught:
        client.emails.send(from_="a@other.test", to="joe@example.test", subject="x", text="y")
    assert (caught.value.status_code, caught.value.name) == (422, "validation_error")


def test_the_client_with_a_wrong_key(gateway: Gateway) -> None:
    client = sendkit.SendKit("sk_wrong", base_url=gateway.url)
    with pytest.raises(sendkit.SendKitError) as caught:
        client.emails.send(from_="a@sender.test", to="joe@example.test", subject="x", text="y")
    assert (caught.value.status_code, caught.value.name) == (401, "invalid_api_key")


def test_domains_of_the_whole_world(gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    gateway.add_domain("bücher.test", dns)
    dns.domain("xn--r8jz45g.xn--zckzah", "127.0.0.1")
    id = gateway.send("joe@例え.テスト", **{"from": "Leserin <l@bücher.test>"})
    gateway.wait_for_state(id, "delivered")
    received = arrived(sink, "joe@xn--r8jz45g.xn--zckzah")
    assert received.reverse_path.endswith("@send.xn--bcher-kva.test")
    assert str(parsed(received)["from"]) == "Leserin <l@xn--bcher-kva.test>"
    assert set(verdicts(received.data, dns.nameserver).values()) == {True}


def test_a_message_id_of_ones_own_goes_out_and_is_shown(gateway: Gateway, sink: Sink) -> None:
    """Later mail of a thread names it, and so do the answers: by HTTP and in raw mail alike."""
    own = "<order-17.a1@shop.sender.test>"
    by_http = gateway.send("http@example.test", headers={"Message-ID": own})
    raw = f"From: a@sender.test\r\nTo: raw@example.test\r\nMessage-ID: {own}\r\nSubject: x\r\n\r\nHello\r\n"
    body = {"envelope_from": "a@sender.test", "envelope_to": "raw@example.test", "raw_message": raw}
    headers = {"authorization": f"Bearer {gateway.key}"}
    answer = httpx.post(f"{gateway.url}/emails/mime", json=body, headers=headers, timeout=30)
    for id, to in ((by_http, "http@example.test"), (answer.json()["id"], "raw@example.test")):
        assert parsed(arrived(sink, to)).get_all("Message-ID") == [own]
        assert gateway.show(id)["message_id"] == own
