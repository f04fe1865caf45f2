"""What recipients' hosts and the DNS say, and what becomes of the mail: greylisting, refusals, dead hosts, no hosts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.dns import DNSServer, Fault
from tests.harness.gateway import Gateway
from tests.harness.sink import Drop, Say, Sink, server_context
from tests.harness.waiting import eventually


def events(gateway: Gateway, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.show(id)["events"]
    return found


def test_greylisted_mail_arrives_at_the_second_try(gateway: Gateway, sink: Sink) -> None:
    sink.on("RCPT", Say("451 4.7.1 Greylisted, try again later"), about="grey@")
    id = gateway.send("grey@example.test")
    [recipient] = gateway.wait_for_state(id, "delivered")["recipients"]
    assert recipient["tries"] == 2
    queued, deferred, delivered = events(gateway, id)
    assert [event["type"] for event in (queued, deferred, delivered)] == ["queued", "deferred", "delivered"]
    assert (deferred["status"], deferred["attempt"]["reply"]["code"]) == ("4.7.1", 451)
    # This key's dialect writes times with a blank and without fractions.
    assert deferred["retry_at"].replace("T", " ")[:19] <= delivered["created_at"][:19]
    line = next(line for line in gateway.log().splitlines() if "emailgw.mail: deferred" in line and "grey@" in line)
    for part in (f"message={id}", "to=grey@example.test", "status=4.7.1", "delays=", "nexthop=example.test"):
        assert part in line


@pytest.mark.parametrize(("step", "reply", "status"), [
    ("RCPT", "550 5.1.1 No such user", "5.1.1"),
    ("RCPT", "550 Go away", "5.0.0"),
    ("MAIL", "553 5.7.1 Sender refused", "5.7.1"),
    ("DOT", "554 5.6.0 Message refused", "5.6.0"),
])  # fmt: skip
def test_a_refusal_bounces(gateway: Gateway, sink: Sink, step: str, reply: str, status: str) -> None:
    sink.on(step, Say(reply))
    id = gateway.send(f"refused{status}{step}@example.test")
    [recipient] = gateway.wait_for_state(id, "bounced")["recipients"]
    assert (recipient["status"], recipient["tries"]) == (status, 1)
    bounced = events(gateway, id)[-1]
    assert (bounced["type"], bounced["source"], bounced["status"]) == ("bounced", "smtp", status)
    assert bounced["attempt"]["reply"] == {"code": int(reply[:3]), "text": reply[4:]}
    assert gateway.show(id)["last_event"] == "bounced"


def test_one_refusal_of_many(gateway: Gateway, sink: Sink) -> None:
    sink.on("RCPT", Say("550 5.1.1 No such user"), about="nobody@")
    id = gateway.send(["one@example.test", "nobody@example.test", "two@example.test"])
    eventually(lambda: all(r["state"] != "queued" for r in gateway.show(id)["recipients"]), "all are tried")
    assert [r["state"] for r in gateway.show(id)["recipients"]] == ["delivered", "bounced", "delivered"]


def test_a_dead_host_falls_to_the_next(gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    """Nobody listens at 127.0.0.99; there is no address for the second host at all."""
    dns.mx("fallback.test", (10, "dead.fallback.test"), (20, "nowhere.fallback.test"), (30, "mx.fallback.test"))
    dns.add("dead.fallback.test", "A", "127.0.0.99")
    dns.add("mx.fallback.test", "A", "127.0.0.1")
    id = gateway.send("joe@fallback.test")
    [recipient] = gateway.wait_for_state(id, "delivered")["recipients"]
    assert recipient["tries"] == 1
    attempt = events(gateway, id)[-1]["attempt"]
    assert (attempt["host"], attempt["address"]) == ("mx.fallback.test", "127.0.0.1")
    assert any("dead.fallback.test" in line for line in attempt["transcript"])


def test_no_mx_record_means_the_address_of_the_domain(gateway: Gateway, dns: DNSServer) -> None:
    dns.add("address.test", "A", "127.0.0.1")
    gateway.wait_for_state(gateway.send("joe@address.test"), "delivered")


@pytest.mark.parametrize(("domain", "status"), [("nowhere.invalid", "5.1.2"), ("null.test", "5.1.10")])
def test_a_domain_that_takes_no_mail_bounces(gateway: Gateway, dns: DNSServer, domain: str, status: str) -> None:
    dns.null_mx("null.test")
    id = gateway.send(f"joe@{domain}")
    [recipient] = gateway.wait_for_state(id, "bounced")["recipients"]
    assert recipient["status"] == status
    assert events(gateway, id)[-1]["source"] == "local"


def test_trouble_with_the_dns_is_nobodys_bounce(gateway: Gateway, dns: DNSServer) -> None:
    dns.domain("flaky.test", "127.0.0.1")
    dns.fault("flaky.test", Fault.SERVFAIL)
    id = gateway.send("joe@flaky.test")
    [recipient] = gateway.wait_for_state(id, "deferred")["recipients"]
    assert recipient["status"] == "4.4.3"
    dns.fault("flaky.test", None)
    gateway.wait_for_state(id, "delivered")


def test_a_host_that_hangs_up_is_tried_again(gateway: Gateway, sink: Sink) -> None:
    sink.on("DATA", Drop(reset=True), Drop())
    [recipient] = gateway.wait_for_state(gateway.send("dropped@example.test"), "delivered")["recipients"]
    assert recipient["tries"] == 3


@pytest.fixture
def impatient(tmp_path: Path, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    settings = {"queue": {"lifetime": "1s", "retry": ["200ms"]}}
    with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as running:
        running.add_domain("sender.test")
        yield running


def test_what_is_never_taken_expires(impatient: Gateway, sink: Sink) -> None:
    sink.on("RCPT", Say("450 4.2.1 Not now"), always=True)
    id = impatient.send("later@example.test")
    [recipient] = impatient.wait_for_state(id, "expired")["recipients"]
    assert recipient["status"] == "5.4.7"
    assert "450 4.2.1 Not now" in recipient["reason"]
    assert impatient.show(id)["last_event"] == "failed"


def test_tls_is_used_where_it_is_offered(tmp_path: Path, dns: DNSServer) -> None:
    """Opportunistic (RFC 7435): a certificate that nobody vouches for is better than none."""
    with (
        Sink(tls=server_context("whoever.test")) as secure,
        Gateway(tmp_path, nameserver=dns.nameserver, mx_port=secure.port) as running,
    ):
        running.add_domain("sender.test")
        id = running.send("joe@example.test")
        running.wait_for_state(id, "delivered")
        tls = events(running, id)[-1]["attempt"]["tls"]
        assert tls["version"].startswith("TLSv1.")
        assert not tls.get("verified", False)
        assert secure.messages[0].tls == tls["version"]
