"""Mail for people and programs: through port 25 of the real process, stored, read back, forwarded, refused."""

import email.policy
import json
import smtplib
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.sink import Received, Sink, certificate
from tests.harness.waiting import eventually

CORPUS = Path(__file__).parents[3] / "shared/corpora/mime"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    """here.test stores everything; rules.test has rules; deaf.test does not receive."""
    directory: Path = tmp_path_factory.mktemp("receiving")
    chain, key = certificate("gw.test")
    (directory / "chain.pem").write_bytes(chain)
    (directory / "key.pem").write_bytes(key)
    settings: dict[str, dict[str, Any]] = {
        "tls": {"certificate": str(directory / "chain.pem"), "key": str(directory / "key.pem")},
        "receiving": {"spam_header": "^X-Spam-Flag: YES", "client_rate": 6000, "recipient_rate": 6000},
        "inbound": {"max_size": "3MB"},
    }
    with Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway:
        for name in ("here.test", "rules.test", "deaf.test"):
            gateway.add_domain(name, dns)
        for name in ("here.test", "rules.test"):
            shown = gateway.ask("domain", "receive", "on", name)
            assert shown["receiving"] is True
        gateway.ask("receive", "add", "joe@rules.test")
        gateway.ask("receive", "add", "joe+loud@rules.test", "--forward-to", "joe@example.test", "--action", "both")
        gateway.ask("receive", "add", "far@rules.test", "--forward-to", "far@example.test")
        gateway.ask("receive", "add", "host@rules.test", "--forward-to", f"smtp://127.0.0.1:{sink.port}")
        yield gateway
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()
        assert "Traceback" not in gateway.log()


def letter(to: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Änn Öther <ann@other.test>"
    message["To"] = to
    message["Subject"] = "Grüße"
    message["Message-ID"] = f"<{to}-{len(headers)}@other.test>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hällo.\n")
    message.add_alternative('<p>Hällo <img src="cid:pic@x"></p>', subtype="html")
    html: Any = message.get_payload(1)
    html.add_related(b"\x89PNG\r\n", "image", "png", cid="<pic@x>")
    message.add_attachment(b"1,2\r\n", "text", "csv", filename="a.csv")
    message.add_attachment(b"\0\1\2", "application", "octet-stream", filename="../../evil.bin")
    return message


def bring(gateway: Gateway, data: bytes | EmailMessage, *to: str, sender: str = "ann@other.test") -> None:
    raw = data.as_bytes(policy=email.policy.SMTP) if isinstance(data, EmailMessage) else data
    with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        client.sendmail(sender, to, raw)


def refusal(gateway: Gateway, data: bytes | EmailMessage, to: str) -> tuple[int, bytes]:
    try:
        bring(gateway, data, to)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[to]
        return code, text
    raise AssertionError(f"mail to {to} was taken")


def call(gateway: Gateway, path: str, method: str = "GET", key: str = "", **options: Any) -> Any:
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    response = httpx.request(method, f"{gateway.url}{path}", headers=headers, timeout=20, **options)
    assert response.status_code < 300, response.text
    return response.json()


def received_for(gateway: Gateway, address: str) -> list[Any]:
    found: list[Any] = call(gateway, "/emails/receiving?limit=100")["data"]
    return [one for one in found if address in one["received_for"]]


def arrived(sink: Sink, address: str) -> list[Received]:
    return [one for one in list(sink.messages) if one.recipients == [address]]


def test_it_is_stored_and_read_back(world: Gateway) -> None:
    message = letter("any+tag@here.test")
    bring(world, message, "any+tag@here.test")
    [line] = received_for(world, "any+tag@here.test")
    assert line["from"] == "Änn Öther <ann@other.test>"
    assert line["to"] == ["any+tag@here.test"]
    assert line["subject"] == "Grüße"
    assert line["reverse_path"] == "ann@other.test"
    shown = call(world, f"/emails/receiving/{line['id']}")
    assert shown["text"].strip() == "Hällo."
    assert "data:image/png;base64," in shown["html"]
    assert "cid:pic@x" in call(world, f"/emails/receiving/{line['id']}?html_format=cid")["html"]
    assert shown["headers"]["message-id"] == line["message_id"]
    assert [(one["filename"], one["content_disposition"]) for one in shown["attachments"]] == [
        (None, "inline"),
        ("a.csv", "attachment"),
        ("evil.bin", "attachment"),
    ]
    csv = shown["attachments"][1]
    assert httpx.get(csv["download_url"]).content == b"1,2\r\n"
    assert httpx.get(csv["download_url"][:-1] + "x").status_code == 404
    listed = call(world, f"/emails/receiving/{line['id']}/attachments")["data"]
    assert [one["id"] for one in listed] == [one["id"] for one in shown["attachments"]]
    assert call(world, f"/emails/receiving/{line['id']}/attachments/{csv['id']}")["size"] == 5
    raw = httpx.get(shown["raw"]["download_url"]).content
    assert raw.startswith(b"Return-Path: <ann@other.test>\r\nAuthentication-Results: gw.test;\r\n\tspf=none")
    assert b"dmarc=none header.from=other.test\r\nReceived: from " in raw
    assert b" ([127.0.0.1])\r\n\tby gw.test with ESMTPS id " in raw
    assert raw.endswith(message.as_bytes(policy=email.policy.SMTP))


def test_the_event_tells_what_came(world: Gateway) -> None:
    bring(world, letter("event@here.test"), "event@here.test")
    [line] = received_for(world, "event@here.test")
    [event] = call(world, f"/events?email_id={line['id']}")["data"]
    assert event["type"] == "email.received"
    data = event["data"]
    assert data["email_id"] == line["id"]
    assert data["subject"] == "Grüße"
    assert data["to"] == ["event@here.test"]
    assert [one["filename"] for one in data["attachments"]] == [None, "a.csv", "evil.bin"]
    assert [one["id"] for one in data["attachments"]] == [one["id"] for one in line["attachments"]]
    assert "text" not in data
    assert [one["id"] for one in call(world, "/events?type=email.received")["data"]].count(event["id"]) == 1


def test_rules_say_who_is_wanted(world: Gateway) -> None:
    assert refusal(world, letter("x@rules.test"), "nobody@rules.test")[0] == 550
    assert refusal(world, letter("x@deaf.test"), "any@deaf.test") == (550, b"5.1.1 No such mailbox here")
    bring(world, letter("JOE+quiet@rules.test"), "JOE+quiet@rules.test")
    assert len(received_for(world, "JOE+quiet@rules.test")) == 1


def test_one_message_is_one_for_each_domain(world: Gateway) -> None:
    bring(world, letter("two@here.test"), "two@here.test", "joe@rules.test")
    here, rules = received_for(world, "two@here.test"), received_for(world, "joe@rules.test")
    assert here[0]["received_for"] == ["two@here.test"]
    assert rules[0]["id"] != here[0]["id"]
    key = world.ask("key", "create", "mine", "--domain", "rules.test")["key"]
    assert {one["received_for"][0].partition("@")[2] for one in call(world, "/emails/receiving", key=key)["data"]} == {
        "rules.test"
    }
    hidden = httpx.get(
        f"{world.url}/emails/receiving/{here[0]['id']}", headers={"authorization": f"Bearer {key}"}, timeout=20
    )
    assert hidden.status_code == 404


def test_the_same_again_counts_once(world: Gateway) -> None:
    message = letter("again@here.test")
    for _ in range(3):
        bring(world, message, "again@here.test")
    bring(world, letter("again@here.test", X_More="1"), "again@here.test")  # another Message-ID
    assert len(received_for(world, "again@here.test")) == 2


def test_forwarding_keeps_the_message_and_changes_the_reverse_path(world: Gateway, sink: Sink) -> None:
    message = letter("joe+loud@rules.test")
    bring(world, message, "joe+loud@rules.test")
    [copy] = eventually(lambda: arrived(sink, "joe@example.test"), "it is forwarded")
    assert copy.reverse_path.endswith("@send.rules.test")
    assert copy.data.startswith(b"X-Emailgw-Forwarded-For: joe+loud@rules.test\r\nAuthentication-Results: gw.test;\r\n")
    assert b" ([127.0.0.1])\r\n\tby gw.test with ESMTP" in copy.data
    assert copy.data.endswith(message.as_bytes(policy=email.policy.SMTP))
    assert b"DKIM-Signature" not in copy.data
    assert len(received_for(world, "joe+loud@rules.test")) == 1
    # What comes round again is refused.
    code, text = refusal(world, copy.data, "joe+loud@rules.test")
    assert (code, text[:5]) == (554, b"5.4.6")


def test_forwarding_a_header_in_eight_bits(world: Gateway, sink: Sink) -> None:
    """As sloppy programs write it; also to a host that knows no SMTPUTF8."""
    raw = b"From: ann@other.test\r\nMessage-ID: <sloppy@other.test>\r\nSubject: Gr\xfc\xdfe\r\n\r\nx\r\n"
    world.ask("receive", "add", "sloppy@rules.test", "--forward-to", "sloppy@example.test")
    bring(world, raw, "sloppy@rules.test")
    [copy] = eventually(lambda: arrived(sink, "sloppy@example.test"), "it is forwarded")
    assert copy.data.endswith(raw)
    assert "SMTPUTF8" not in copy.parameters


def test_forwarding_alone_keeps_nothing(world: Gateway, sink: Sink) -> None:
    bring(world, letter("far@rules.test"), "far@rules.test", sender="")
    [copy] = eventually(lambda: arrived(sink, "far@example.test"), "it is forwarded")
    assert copy.reverse_path == ""
    assert received_for(world, "far@rules.test") == []


def test_a_mail_host_takes_it_for_the_same_address(world: Gateway, sink: Sink) -> None:
    bring(world, letter("host@rules.test"), "host@rules.test")
    [copy] = eventually(lambda: arrived(sink, "host@rules.test"), "it is forwarded")
    parsed: Any = message_from_bytes(copy.data, policy=email.policy.default)
    assert parsed["Subject"] == "Grüße"


def test_a_bounce_of_a_copy_is_an_event_and_no_mail(world: Gateway, sink: Sink) -> None:
    bring(world, letter("far@rules.test", X_Bounce="1"), "far@rules.test")
    copies = eventually(lambda: [one for one in arrived(sink, "far@example.test") if one.reverse_path], "forwarded")
    report = (
        "From: MAILER-DAEMON@example.test\r\nSubject: failed\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.test\r\n\r\n"
        "Final-Recipient: rfc822; far@example.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    before = len(sink.messages)
    bring(world, report.encode(), copies[0].reverse_path, sender="")
    assert call(world, "/events?type=bounced&recipient=far@example.test")["data"]
    assert len(sink.messages) == before


def test_loops_spam_and_size(world: Gateway) -> None:
    hops = b"Received: from a by b; x\r\n" * 50
    assert refusal(world, hops + b"Subject: x\r\n\r\nx\r\n", "any@here.test")[1].startswith(b"5.4.6")
    bring(world, letter("spam@here.test", X_Spam_Flag="YES"), "spam@here.test")
    assert received_for(world, "spam@here.test")[0]["spam"] is True
    with smtplib.SMTP("127.0.0.1", world.inbound_port, timeout=20) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@other.test> SIZE=9999999")[0] == 552
    body = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 45_000
    assert refusal(world, body, "big@here.test")[0] == 552


def test_it_can_be_forgotten(world: Gateway) -> None:
    bring(world, letter("gone@here.test"), "gone@here.test")
    [line] = received_for(world, "gone@here.test")
    assert call(world, f"/emails/receiving/{line['id']}", "DELETE")["deleted"] is True
    assert received_for(world, "gone@here.test") == []


def test_pages_and_cursors_agree(world: Gateway) -> None:
    for number in range(4):
        bring(world, f"Message-ID: <p{number}@x>\r\n\r\nx\r\n".encode(), "page@here.test")
    first = call(world, "/emails/receiving?limit=2")
    second = call(world, f"/emails/receiving?limit=2&after={first['data'][-1]['id']}")
    paged = call(world, "/emails/receiving?page=1&per_page=4")
    assert [one["id"] for one in first["data"] + second["data"]] == [one["id"] for one in paged["data"]]
    assert paged["meta"]["total"] >= 4


def test_rules_over_the_api(world: Gateway) -> None:
    made = call(world, "/receiving/rules", "POST", json={"address": "New+x@rules.test", "forward_to": "n@example.test"})
    assert (made["address"], made["action"]) == ("new+x@rules.test", "forward")
    assert made["id"] in {one["id"] for one in call(world, "/receiving/rules")["data"]}
    assert call(world, f"/receiving/rules/{made['address']}")["id"] == made["id"]
    for body in (
        {"address": "new+x@rules.test"},  # there is one
        {"address": "a@deaf.test"},
        {"address": "a@rules.test", "forward_to": "b@here.test"},  # comes back here
        {"address": "a@rules.test", "forward_to": "b@send.rules.test"},
        {"address": "a@rules.test", "forward_to": "smtp://h:99999"},
        {"address": "a@rules.test", "action": "store", "forward_to": "b@example.test"},
        {"address": "a@rules.test", "action": "forward"},
        {"address": "nothing"},
        {},
    ):
        response = httpx.post(
            f"{world.url}/receiving/rules", json=body, headers={"authorization": f"Bearer {world.key}"}, timeout=20
        )
        assert response.status_code == 422, body
    assert call(world, f"/receiving/rules/{made['id']}", "DELETE")["deleted"] is True


def test_the_domain_says_so(world: Gateway, dns: DNSServer) -> None:
    [domain] = [one for one in call(world, "/domains")["data"] if one["name"] == "here.test"]
    assert domain["capabilities"]["receiving"] == "enabled"
    dns.mx("here.test", (10, "gw.test"))
    records = call(world, f"/domains/{domain['id']}/verify", "POST")["records"]
    [record] = [one for one in records if one["record"] == "Receiving"]
    assert (record["name"], record["type"], record["value"], record["status"]) == ("@", "MX", "gw.test", "verified")
    path = f"/domains/{domain['id']}"
    shown = call(world, path, "PATCH", json={"capabilities": {"receiving": "disabled"}})
    assert shown["capabilities"]["receiving"] == "disabled"
    assert refusal(world, letter("x@here.test"), "x@here.test")[0] == 550
    call(world, path, "PATCH", json={"capabilities": {"receiving": "enabled"}})


def test_every_message_of_the_corpus_is_taken_and_read_back(world: Gateway) -> None:
    """Whatever it is: once its line ends are those of SMTP it is stored, and reading it harms nobody."""
    index = [json.loads(line) for line in (CORPUS / "index.jsonl").read_text().splitlines()]
    with smtplib.SMTP("127.0.0.1", world.inbound_port, timeout=20) as client:
        for number, entry in enumerate(index):
            data = (CORPUS / entry["file"]).read_bytes()
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
            client.sendmail("c@other.test", [f"c{number}@here.test"], data)
    seen, after = [], ""
    while True:
        page = call(world, f"/emails/receiving?limit=100{after}")
        seen += [one for one in page["data"] if one["reverse_path"] == "c@other.test"]
        if not page["has_more"]:
            break
        after = f"&after={page['data'][-1]['id']}"
    assert len(seen) == len(index) > 200
    assert not [one["id"] for one in seen if one["unreadable"]]
    with httpx.Client(base_url=world.url, headers={"authorization": f"Bearer {world.key}"}, timeout=20) as client2:
        for one in seen:
            shown = client2.get(f"/emails/receiving/{one['id']}")
            assert shown.status_code == 200, shown.text
            body = shown.json()
            assert len(body["attachments"]) == len(one["attachments"])
            for part in body["attachments"][:2]:
                assert len(httpx.get(part["download_url"], timeout=20).content) == part["size"]
