"""Mail submitted by SMTP, at its recipients: what is kept byte for byte, what fields steer, who is told of failures."""

import email
import email.policy
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.signatures import unsigned
from tests.harness.sink import EXTENSIONS, Received, Say, Sink
from tests.harness.waiting import eventually

HEADER = "From: Ann <ann@sender.test>\r\nTo: joe@example.test\r\nSubject: Hello\r\n"
COMPLETE = HEADER + ("Date: Thu, 26 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\nMIME-Version: 1.0\r\n")


@pytest.fixture(scope="module")
def dsn_sink() -> Iterator[Sink]:
    with Sink(extensions=(*EXTENSIONS, "DSN")) as server:
        yield server


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, dsn_sink: Sink) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("submission")
    dns.domain("sender.test", "127.0.0.1")
    with Gateway(directory, nameserver=dns.nameserver, mx_port=dsn_sink.port) as gateway:
        gateway.add_domain("sender.test")
        yield gateway
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()


@pytest.fixture
def client(host: Gateway) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", host.submission_port, timeout=30) as connection:
        connection.login("resend", host.key)
        yield connection


def submit(client: smtplib.SMTP, to: str | list[str], data: str | bytes, *, mail: tuple[str, ...] = (),
           rcpt: tuple[str, ...] = ()) -> str:  # fmt: skip
    """The id of the message."""
    raw = data.encode() if isinstance(data, str) else data
    client.mail("ann@sender.test", mail)
    for recipient in [to] if isinstance(to, str) else to:
        assert client.rcpt(recipient, rcpt)[0] == 250
    code, text = client.data(raw)
    assert code == 250, text
    return text.decode().rpartition(" ")[2]


def arrived(sink: Sink, to: str) -> Received:
    return eventually(lambda: [m for m in list(sink.messages) if m.recipients == [to]], f"mail for {to}")[0]


def test_a_whole_message_arrives_byte_for_byte(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    body = "Dots.\r\n.\r\n..two\r\n \r\n\ttab\t\r\nFrom here\r\n" + "x" * 998 + "\r\nGrüße\r\n\r\n\r\n"
    data = (COMPLETE + "X-Odd :  folded\r\n\tvalue  \r\nX-Signature: of another\r\n\r\n" + body).encode()
    submit(client, "whole@example.test", data)
    assert unsigned(arrived(dsn_sink, "whole@example.test").data) == data


def test_what_is_missing_is_added_and_bcc_is_left_out(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    id = submit(
        client, "partial@example.test", HEADER + "Bcc: secret@example.test\r\n folded@example.test\r\n\r\nx\r\n"
    )
    data = unsigned(arrived(dsn_sink, "partial@example.test").data)
    added, _, rest = data.partition(HEADER.encode())
    assert rest == b"\r\nx\r\n"
    names = [line.partition(b":")[0] for line in added.splitlines()]
    assert names == [b"Date", b"Message-ID", b"MIME-Version"]
    assert f"<{id}@sender.test>".encode() in added


def test_stray_line_ends_stay_one_message(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    """Sent as they are, behind the client library's back."""
    client.mail("ann@sender.test")
    client.rcpt("stray@example.test")
    client.putcmd("data")
    assert client.getreply()[0] == 354
    client.send(COMPLETE.encode() + b"\r\na\nb\rc\n.\nMAIL FROM:<eve@sender.test>\r\n.\r\n")
    assert client.getreply()[0] == 250
    data = arrived(dsn_sink, "stray@example.test").data
    assert data.endswith(b"\r\n\r\na\r\nb\r\nc\r\n.\r\nMAIL FROM:<eve@sender.test>\r\n")


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_many_recipients_are_one_message(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink, count: int) -> None:
    to = [f"r{number}-of-{count}@example.test" for number in range(count)]
    id = submit(client, to, COMPLETE + "\r\nHello.\r\n")
    shown = host.wait_for_state(id, "delivered", 60)
    assert sorted(r["address"] for r in shown["recipients"]) == sorted(to)
    paths = {m.reverse_path for m in list(dsn_sink.messages) if m.recipients[0] in set(to)}
    assert len(paths) == count


def test_utf8(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    client.ehlo()
    header = "From: Ann Müller <ann@sender.test>\r\nTo: jürgen@example.test\r\nSubject: Grüße\r\n"
    client.command_encoding = "utf-8"
    submit(client, "jürgen@example.test", header + "\r\nHallo.\r\n", mail=("SMTPUTF8", "BODY=8BITMIME"))
    received = arrived(dsn_sink, "jürgen@example.test")
    assert "SMTPUTF8" in received.parameters
    assert header.encode() in received.data


def test_bare_utf8_becomes_encoded_words(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    submit(client, "old@example.test", "From: Ann Müller <ann@sender.test>\r\nSubject: Grüße\r\n\r\nHallo.\r\n")
    received = arrived(dsn_sink, "old@example.test")
    assert received.data.partition(b"\r\n\r\n")[0].isascii()
    parsed = email.message_from_bytes(received.data, policy=email.policy.default)
    assert (parsed["subject"], parsed["from"]) == ("Grüße", "Ann Müller <ann@sender.test>")


def test_25_megabytes(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    line = b"0123456789abcdef" * 4 + b"\r\n"
    data = COMPLETE.encode() + b"\r\n" + line * ((25 << 20) // len(line))
    submit(client, "large@example.test", data)
    assert unsigned(arrived(dsn_sink, "large@example.test").data) == data


def test_fields_that_steer(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    fields = (
        'X-Emailgw-Tags: kind=welcome, list=7\r\nx-emailgw-tags: third=3\r\nX-Emailgw-Metadata: {"order": "1, 2"}\r\n'
        "X-Emailgw-Tracking: off\r\nIdempotency-Key: steer-1\r\n"
    )
    id = submit(client, "steer@example.test", COMPLETE + fields + "\r\nx\r\n")
    another_try = COMPLETE.replace("10:00:00", "10:00:07").replace("<1@", "<2@")
    assert submit(client, "steer@example.test", another_try + fields + "\r\nx\r\n") == id
    assert client.mail("ann@sender.test")[0] == client.rcpt("steer@example.test")[0] == 250
    code, text = client.data(another_try + fields + "\r\nanother text\r\n")
    assert (code, b"idempotency key was used for another" in text) == (554, True)
    shown = host.wait_for_state(id, "delivered")
    assert {tag["name"]: tag["value"] for tag in shown["tags"]} == {"kind": "welcome", "list": "7", "third": "3"}
    assert shown["metadata"] == {"order": "1, 2"}
    assert unsigned(arrived(dsn_sink, "steer@example.test").data) == (COMPLETE + "\r\nx\r\n").encode()


def test_scheduling(client: smtplib.SMTP, host: Gateway) -> None:
    id = submit(client, "later@example.test", COMPLETE + "X-Emailgw-Scheduled-At: in 2 hours\r\n\r\nx\r\n")
    assert host.show(id)["last_event"] == "scheduled"


def test_a_template(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    template = {"name": "Welcome", "alias": "welcome", "subject": "Hi {{NAME}}", "html": "<b>{{NAME}}</b>"}
    headers = {"authorization": f"Bearer {host.key}"}
    made = httpx.post(f"{host.url}/templates", json=template, headers=headers, timeout=20)
    assert made.status_code in (200, 201), made.text
    httpx.post(f"{host.url}/templates/welcome/publish", headers=headers, timeout=20).raise_for_status()
    submit(
        client,
        "template@example.test",
        'From: ann@sender.test\r\nX-Emailgw-Template: welcome\r\nX-Emailgw-Variables: {"NAME": "Joe"}\r\n\r\nx\r\n',
    )
    parsed = email.message_from_bytes(arrived(dsn_sink, "template@example.test").data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed["subject"] == "Hi Joe"
    body = parsed.get_body()
    assert body is not None
    assert "<b>Joe</b>" in body.get_content()


def test_wishes_are_passed_on(client: smtplib.SMTP, dsn_sink: Sink) -> None:
    submit(client, "wish@example.test", COMPLETE + "\r\nx\r\n", mail=("RET=HDRS", "ENVID=a+2Bb"),
           rcpt=("NOTIFY=SUCCESS", "ORCPT=rfc822;old+2B1@example.test"))  # fmt: skip
    assert arrived(dsn_sink, "wish@example.test").parameters.endswith(" RET=HDRS ENVID=a+2Bb")
    command = next(c for c in dsn_sink.commands if c.startswith("RCPT TO:<wish@example.test>"))
    assert command.endswith(" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old+2B1@example.test")


def refused(client: smtplib.SMTP, host: Gateway, sink: Sink, to: str, *rcpt: str, ret: str = "HDRS") -> str:
    sink.on("RCPT", Say("550 5.1.1 no such user"), about=to, always=True)
    id = submit(client, to, COMPLETE + "\r\nsecret body\r\n", mail=(f"RET={ret}", "ENVID=e1"), rcpt=rcpt)
    host.wait_for_state(id, "bounced")
    return id


def reports(sink: Sink, about: str) -> list[Received]:
    return [m for m in list(sink.messages) if m.recipients == ["ann@sender.test"] and about.encode() in m.data]


@pytest.mark.parametrize("ret", ["HDRS", "FULL"])
def test_a_failure_is_told_to_who_asked(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink, ret: str) -> None:
    to = f"gone-{ret.lower()}@example.test"
    refused(client, host, dsn_sink, to, "NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;was-{to}", ret=ret)
    report = eventually(lambda: reports(dsn_sink, to), "the report")[0]
    assert report.reverse_path == ""
    parsed = email.message_from_bytes(report.data, policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/report"
    assert parsed["auto-submitted"] == "auto-replied"
    status = report.data.partition(b"message/delivery-status")[2]
    for line in ("Reporting-MTA: dns; gw.test", "Original-Envelope-Id: e1", f"Original-Recipient: rfc822;was-{to}",
                 f"Final-Recipient: rfc822; {to}", "Action: failed", "Status: 5.1.1"):  # fmt: skip
        assert f"\r\n{line}\r\n".encode() in status
    assert (b"secret body" in report.data) == (ret == "FULL")
    assert b"Message-ID: <1@sender.test>" in status
    # Once: what comes later comes behind it.
    refused(client, host, dsn_sink, f"second-{to}", "NOTIFY=FAILURE")
    eventually(lambda: reports(dsn_sink, f"second-{to}"), "the second report")
    assert len([m for m in reports(dsn_sink, to) if f"Final-Recipient: rfc822; {to}".encode() in m.data]) == 1


def test_who_asked_is_told_of_mail_that_is_withheld(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    to = "withheld@example.test"
    later = COMPLETE + "X-Emailgw-Scheduled-At: in 2 hours\r\n\r\nx\r\n"
    id = submit(client, to, later, mail=("RET=HDRS",), rcpt=("NOTIFY=FAILURE",))
    host.run("suppression", "add", to)
    headers = {"authorization": f"Bearer {host.key}"}
    moved = httpx.patch(f"{host.url}/emails/{id}", json={"scheduled_at": "now"}, headers=headers, timeout=20)
    assert moved.status_code == 200, moved.text
    host.wait_for_state(id, "suppressed")
    report = eventually(lambda: reports(dsn_sink, to), "the report")[0]
    assert b"\r\nAction: failed\r\n" in report.data
    assert b"suppression list" in report.data


def test_nobody_else_is_told(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    refused(client, host, dsn_sink, "quiet-never@example.test", "NOTIFY=NEVER")
    refused(client, host, dsn_sink, "quiet-success@example.test", "NOTIFY=SUCCESS")
    refused(client, host, dsn_sink, "quiet-default@example.test")
    refused(client, host, dsn_sink, "loud@example.test", "NOTIFY=FAILURE")
    eventually(lambda: reports(dsn_sink, "loud@example.test"), "the report that was asked for")
    assert reports(dsn_sink, "quiet-") == []
    assert host.ask("queue", "list")["recipients"] == [] or "quiet" not in str(host.ask("queue", "list"))


def test_success_is_told_to_who_asked(client: smtplib.SMTP, host: Gateway, dsn_sink: Sink) -> None:
    submit(client, "glad@example.test", COMPLETE + "\r\nx\r\n", rcpt=("NOTIFY=SUCCESS",))
    report = eventually(lambda: reports(dsn_sink, "Final-Recipient: rfc822; glad@"), "the report")[0]
    assert b"\r\nAction: relayed\r\nStatus: 2." in report.data


def test_the_rate_limit_of_a_key(host: Gateway) -> None:
    made = httpx.post(f"{host.url}/api-keys", json={"name": "slow", "rate_limit": 1}, timeout=20,
                      headers={"authorization": f"Bearer {host.key}"})  # fmt: skip
    with smtplib.SMTP("127.0.0.1", host.submission_port, timeout=30) as client:
        client.login("apikey", made.json()["token"])
        codes = []
        for _ in range(20):
            codes.append(client.mail("ann@sender.test")[0])
            client.rset()
    assert 450 in codes
    assert 1 <= codes.count(250) <= 10
