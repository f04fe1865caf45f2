"""Mail to our return paths: reports count once and for their recipient, and nothing else gets in."""

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from emailgw.core.ids import RecipientId
from emailgw.mime.returnpath import ReturnPaths
from emailgw.vault import Vault
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink
from tests.harness.waiting import eventually
from tests.queue.reports import report
from tests.queue.test_bounces import NO_FIELDS, VACATION

UNKNOWN = 550


@pytest.fixture
def inbound(gateway: Gateway) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
        client.ehlo("mx.example.test")
        yield client


def delivered(gateway: Gateway, sink: Sink, to: str) -> tuple[str, str]:
    """A delivered message's id, and the return path that the host of its recipient saw."""
    id = gateway.send(to)
    gateway.wait_for_state(id, "delivered")
    return id, next(message.reverse_path for message in list(sink.messages) if message.recipients == [to])


def events(gateway: Gateway, id: str) -> list[str]:
    return [event["type"] for event in gateway.show(id)["events"]]


def deliver(client: smtplib.SMTP, path: str, raw: bytes) -> tuple[int, bytes]:
    client.mail("")
    code, text = client.rcpt(path)
    if code != 250:
        client.rset()
        return code, text
    return client.data(raw)


def test_a_report_bounces_its_recipient(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    id, path = delivered(gateway, sink, "late@example.test")
    assert deliver(inbound, path, report(to="late@example.test"))[0] == 250
    shown = gateway.show(id)
    assert shown["last_event"] == "bounced"
    [recipient] = shown["recipients"]
    assert (recipient["state"], recipient["status"]) == ("bounced", "5.1.1")
    event = shown["events"][-1]
    assert (event["type"], event["source"], event["reporting_mta"]) == ("bounced", "dsn", "mx.example.test")


def test_the_same_report_twice_counts_once(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    id, path = delivered(gateway, sink, "twice@example.test")
    late = report("delayed", "4.4.1", to="twice@example.test")
    for raw in (late, late, b"Received: from elsewhere\r\n" + late):
        assert deliver(inbound, path, raw)[0] == 250
    assert events(gateway, id) == ["queued", "delivered", "delayed"]
    assert gateway.show(id)["recipients"][0]["state"] == "delivered"


def test_twenty_reports_at_once_count_once(gateway: Gateway, sink: Sink) -> None:
    id, path = delivered(gateway, sink, "race@example.test")

    def one(_: int) -> int:
        with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
            client.ehlo()
            return deliver(client, path, report(to="race@example.test"))[0]

    with ThreadPoolExecutor(10) as threads:
        assert set(threads.map(one, range(20))) == {250}
    assert events(gateway, id) == ["queued", "delivered", "bounced"]


def test_an_upper_cased_path_is_the_same(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    id, path = delivered(gateway, sink, "upper@example.test")
    assert deliver(inbound, path.upper(), report(to="upper@example.test"))[0] == 250
    assert events(gateway, id)[-1] == "bounced"


def test_vacation_is_no_bounce_and_nonsense_is_kept(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    id, path = delivered(gateway, sink, "away@example.test")
    for raw in (VACATION, NO_FIELDS):
        assert deliver(inbound, path, raw)[0] == 250
    assert gateway.show(id)["recipients"][0]["state"] == "delivered"
    assert "bounced" not in events(gateway, id)
    assert [kept["kind"] for kept in gateway.ask("bounces", "unparsed")] == ["malformed"]


def test_paths_that_we_did_not_sign(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    id, path = delivered(gateway, sink, "forged@example.test")
    local, _, host = path.partition("@")
    another = ReturnPaths(bytes(32)).local_part(RecipientId(1), 1 << 42)
    flipped = [local[:i] + ("a" if local[i] != "a" else "b") + local[i + 1 :] for i in range(2, 42)]
    forged = [
        *flipped,
        local[:-1],
        local + "a",
        "x" + local[1:],
        local[2:],
        another,
        "a",
        "b-" + "a" * 40,
    ]
    for wrong in forged:
        inbound.mail("")
        code, text = inbound.rcpt(f"{wrong}@{host}")
        assert (code, text[:5]) in ((UNKNOWN, b"5.1.1"), (421, b"4.7.0")), (wrong, code, text)
        if code == 421 or inbound.rset()[0] == 421:  # too many refusals: a fresh connection
            inbound.close()
            inbound.connect("127.0.0.1", gateway.inbound_port)
            inbound.ehlo()
    assert events(gateway, id) == ["queued", "delivered"]


@pytest.mark.parametrize("expired", [True, False])
def test_an_expired_path(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP, expired: bool) -> None:
    """Signed with the installation's own key, so that the date alone decides."""
    to = f"expired{expired}@example.test"
    id, path = delivered(gateway, sink, to)
    paths = ReturnPaths(Vault.open(gateway.data_dir).key_for("return path"))
    recipient = gateway.ask("queue", "show", id)["recipients"][0]["id"]
    hour = 3_600_000
    until = gateway_time(gateway, id) + (-2 * hour if expired else 2 * hour)
    old = f"{paths.local_part(RecipientId(recipient), until)}@{path.partition('@')[2]}"
    code, _ = deliver(inbound, old, report(to=to))
    assert code == (UNKNOWN if expired else 250)
    assert events(gateway, id)[-1] == ("delivered" if expired else "bounced")


def gateway_time(gateway: Gateway, id: str) -> int:
    return int(id.replace("-", "")[:12], 16)  # UUID version 7


@pytest.mark.parametrize(
    "address",
    ["joe@example.test", "a@sender.test", "@relay.test:joe@example.test", "joe%example.test@send.sender.test",
     "example.test!joe", '"joe@example.test"', "joe@[127.0.0.1]", "joe@example.test@send.sender.test"],
)  # fmt: skip
def test_nothing_is_relayed(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP, address: str) -> None:
    before = len(sink.messages)
    inbound.mail("joe@example.test")
    code, _ = inbound.docmd(f"RCPT TO:<{address}>")
    assert 500 <= code < 600
    assert inbound.docmd("DATA")[0] in (503, 554)  # RFC 5321 section 3.3 has either
    assert len(sink.messages) == before


def test_mail_to_a_return_path_is_never_answered(gateway: Gateway, sink: Sink, inbound: smtplib.SMTP) -> None:
    """Guarantee G9: no message, no bounce, no loop."""
    _, path = delivered(gateway, sink, "quiet@example.test")
    before = gateway.ask("queue", "list")["counts"], len(sink.messages)
    inbound.mail("someone@example.test")
    inbound.rcpt(path)
    inbound.data(b"From: someone@example.test\r\nSubject: hello\r\n\r\nplease answer\r\n")
    assert (gateway.ask("queue", "list")["counts"], len(sink.messages)) == before


def test_a_killed_daemon_forgets_no_report(gateway: Gateway, sink: Sink) -> None:
    id, path = delivered(gateway, sink, "durable@example.test")
    with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
        client.ehlo()
        assert deliver(client, path, report(to="durable@example.test"))[0] == 250
        gateway.kill()
        client.close()
    gateway.start()
    assert events(gateway, id) == ["queued", "delivered", "bounced"]
    eventually(lambda: gateway.show(id)["recipients"][0]["state"] == "bounced", "it is still bounced")
