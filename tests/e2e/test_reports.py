"""What real mail hosts report by mail: a Postfix and an Exim that take our mail and find out later; and complaints,
unsubscriptions and copies for a domain's owner, over the inbound door of the real process.
"""

import smtplib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from emailgw.core.ids import RecipientId
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.vault import Vault
from tests.harness.dns import DNSServer
from tests.harness.exim import HOST_NAME as EXIM_NAME
from tests.harness.exim import Exim
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.postfix import HOST_NAME as POSTFIX_NAME
from tests.harness.postfix import Postfix
from tests.harness.signatures import verdicts
from tests.harness.sink import EXTENSIONS, Received, Say, Sink
from tests.harness.waiting import eventually
from tests.queue.reports import report
from tests.queue.test_bounces_plain import complaint

OWNER = "127.0.0.4"
POSTFIX = "127.0.0.2"
EXIM = "127.0.0.3"
BIG = "x" * 60 + "\n"


class Road(NamedTuple):
    """gateway → Postfix and Exim → second hop; both → gateway (their reports); and the host of a domain's owner."""

    gateway: Gateway
    second_hop: Sink
    owner: Sink
    dns: DNSServer

    def events(self, id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.gateway.show(id)["events"]
        return found

    def wait_for(self, id: str, type: str) -> dict[str, Any]:
        """The event, once it is there."""
        found = eventually(lambda: [e for e in self.events(id) if e["type"] == type], f"{id} {type}", 30)
        return found[0]

    def inbound(self, path: str, raw: bytes, reverse_path: str = "") -> int:
        with smtplib.SMTP("127.0.0.1", self.gateway.inbound_port, timeout=20) as client:
            client.ehlo("mx.provider.test")
            client.mail(reverse_path)
            code, _ = client.rcpt(path)
            return client.data(raw)[0] if code == 250 else code

    def suppressed(self, address: str) -> bool:
        """Whether new mail to the address is not even tried."""
        body = {"from": "a@sender.test", "to": address, "subject": "Again", "text": "Hello again.\n"}
        response = self.gateway.post(body)
        return response.status_code == 422 and "suppressed" in response.text


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    small = tuple("SIZE 3000" if extension.startswith("SIZE") else extension for extension in EXTENSIONS)
    with DNSServer() as dns, Sink() as second_hop, Sink(extensions=small) as narrow:
        dns.domain("relay.test", POSTFIX)
        dns.domain("narrow.test", POSTFIX)
        dns.domain("exim.test", EXIM)
        dns.domain("owner.test", OWNER)
        port = free_port(POSTFIX, EXIM, OWNER)
        gateway = Gateway(tmp_path_factory.mktemp("gateway"), nameserver=dns.nameserver, mx_port=port)
        routes = {"relay.test": second_hop.port, "narrow.test": narrow.port}
        with (
            Postfix(POSTFIX, port, routes=routes, default_route=gateway.inbound_port, delay_warning=1),
            Exim(EXIM, port, domain="exim.test", next_hop=second_hop.port, default_route=gateway.inbound_port),
            Sink(OWNER, port) as owner,
            gateway,
        ):
            gateway.add_domain("sender.test", dns)
            yield Road(gateway, second_hop, owner, dns)
            assert gateway.stop() == 0
            assert " fault " not in gateway.log()


@pytest.mark.parametrize(
    ("to", "text", "type", "category", "bounce", "host"),
    [
        ("nobody@exim.test", "Hi.", "bounced", "user-unknown", "Permanent", EXIM_NAME),
        ("full@exim.test", "Hi.\n" * 100, "bounced", "mailbox-full", "Transient", EXIM_NAME),
        ("small@exim.test", BIG * 100, "bounced", "size", "Transient", EXIM_NAME),
        ("late@exim.test", "Hi.", "delayed", None, None, EXIM_NAME),
        ("nobody@relay.test", "Hi.", "bounced", "user-unknown", "Permanent", POSTFIX_NAME),
        ("full@relay.test", "Hi.", "bounced", "mailbox-full", "Transient", POSTFIX_NAME),
        ("joe@narrow.test", BIG * 100, "bounced", "size", "Transient", POSTFIX_NAME),
        ("late@relay.test", "Hi.", "delayed", None, "Transient", POSTFIX_NAME),
    ],
)
def test_what_a_real_host_finds_out_later(
    road: Road, to: str, text: str, type: str, category: str | None, bounce: str | None, host: str
) -> None:
    hop = road.second_hop
    hop.on("RCPT", Say("550 5.1.1 No such user here"), about="nobody@", always=True)
    hop.on("RCPT", Say("552 5.2.2 Mailbox full"), about="full@", always=True)
    hop.on("RCPT", Say("552 5.3.4 Message size exceeds fixed limit"), about="small@", always=True)
    hop.on("RCPT", Say("451 4.3.0 Try again later"), about="late@", always=True)
    beside = "joe@exim.test" if to.endswith("exim.test") else "joe@relay.test"
    id = road.gateway.send([to, beside], text=text)
    event = road.wait_for(id, type)
    assert (event["recipient"], event["source"], event["reporting_mta"]) == (to, "dsn", host)
    assert bounce in (None, event["bounce"]["type"])
    assert category in (None, event["category"])
    states = {r["address"]: r["state"] for r in road.gateway.show(id)["recipients"]}
    assert states == {to: "bounced" if type == "bounced" else "delivered", beside: "delivered"}


def delivered(road: Road, to: str) -> tuple[str, str, str]:
    """Of a message delivered to the owner's host: its id, its return path and its address to unsubscribe by."""
    id = road.gateway.send(to)
    road.gateway.wait_for_state(id, "delivered")
    path = next(m.reverse_path for m in list(road.owner.messages) if m.recipients == [to])
    vault = Vault.open(road.gateway.data_dir)
    now = 2**42
    recipient = ReturnPaths(vault.key_for("return path")).read(path.partition("@")[0], 0)
    assert recipient is not None
    paths = ReturnPaths(vault.key_for("return path"), UNSUBSCRIBE)
    return id, path, f"{paths.local_part(RecipientId(recipient), now)}@send.sender.test"


def test_a_complaint_to_the_feedback_address(road: Road) -> None:
    to = "cross@owner.test"
    id, path, _ = delivered(road, to)
    address = road.gateway.ask("domain", "show", "sender.test")["feedback_address"]
    assert address == "feedback@send.sender.test"
    raw = complaint(f"Return-Path: <{path}>")
    assert [road.inbound(address, raw, "fbl@provider.test") for _ in range(2)] == [250, 250]
    event = road.wait_for(id, "complained")
    assert (event["recipient"], event["source"], event["feedback_type"]) == (to, "arf", "abuse")
    assert [e["type"] for e in road.events(id)] == ["queued", "delivered", "complained"]
    assert road.suppressed(to)


def test_a_report_to_postmaster_records_and_does_not_suppress(road: Road) -> None:
    to = "unsigned@owner.test"
    id, _, _ = delivered(road, to)
    raw = report(to=to).replace(b"Subject: Hello\r\n", f"Message-ID: <{id}@sender.test>\r\nSubject: Hello\r\n".encode())
    assert road.inbound("postmaster@sender.test", raw) == 250
    road.wait_for(id, "bounced")
    assert not road.suppressed(to)


def test_mail_to_the_unsubscribe_address(road: Road) -> None:
    to = "tired@owner.test"
    id, path, wish = delivered(road, to)
    raw = b"From: tired@owner.test\r\nSubject: unsubscribe\r\n\r\n"
    assert road.inbound(path.replace("b-", "u-", 1), raw, to) == 550
    assert road.inbound(wish, raw, to) == 250
    road.wait_for(id, "unsubscribed")
    assert road.suppressed(to)


def test_mail_to_postmaster_is_taken_and_never_answered(road: Road) -> None:
    before = len(road.owner.messages)
    for path in ("postmaster", "postmaster@sender.test", "postmaster@send.sender.test"):
        assert road.inbound(path, b"From: boss@owner.test\r\nSubject: x\r\n\r\nx\r\n", "boss@owner.test") == 250
    assert len(road.owner.messages) == before


@pytest.mark.parametrize("path", ["joe@sender.test", "postmaster@else.test", "feedback@sender.test", "joe@[127.0.0.1]"])
def test_nothing_else_is_taken(road: Road, path: str) -> None:
    assert road.inbound(path, b"Subject: x\r\n\r\nx\r\n") == 550


def test_the_owner_gets_one_signed_copy_that_is_never_a_report(road: Road) -> None:
    shown = road.gateway.ask("domain", "set", "sender.test", "--forward-reports-to", "boss@owner.test")
    assert shown["forward_reports_to"] == "boss@owner.test"
    to = "gone@owner.test"
    id, path, _ = delivered(road, to)
    raw = report(to=to)
    assert [road.inbound(path, raw) for _ in range(2)] == [250, 250]
    road.wait_for(id, "bounced")

    def copies() -> list[Received]:
        """Those of this report: the hosts of other tests may still have something to say."""
        return [m for m in list(road.owner.messages) if m.recipients == ["boss@owner.test"] and to.encode() in m.data]

    road.owner.wait_for(lambda: bool(copies()), 20)
    [copy] = copies()
    assert copy.reverse_path == ""
    assert b"Final-Recipient: rfc822; gone@owner.test" in copy.data
    assert b"Content-Type: message/rfc822" in copy.data
    assert all(verdicts(copy.data, road.dns.nameserver).values())
    other, other_path, _ = delivered(road, "other@owner.test")
    assert road.inbound(other_path, copy.data) == 250
    assert [event["type"] for event in road.events(other)] == ["queued", "delivered"]
    road.gateway.ask("domain", "set", "sender.test", "--forward-reports-to", "")
    refused = road.gateway.run(
        "domain", "set", "sender.test", "--forward-reports-to", "a@send.sender.test", check=False
    )
    assert refused.returncode == 1
    assert "own" in refused.stderr
