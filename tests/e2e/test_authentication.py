"""SPF, DKIM and DMARC of what real mail hosts bring to port 25 of the real process, as the API and the webhook tell."""

import email.policy
import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.authentication.signing import record_of, rsa_key, sign
from tests.harness.dns import DNSServer, Fault
from tests.harness.endpoint import WebhookEndpoint
from tests.harness.exim import Exim, Sends
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.postfix import Postfix
from tests.harness.sink import Sink
from tests.harness.waiting import eventually

POSTFIX, EXIM = "127.0.0.2", "127.0.0.3"
PEM = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


class Road(NamedTuple):
    """Postfix and Exim hand mail for here.test to `gateway`, which tells `endpoint`. author.test sends from 127.0.0.1
    and wants everything else rejected.
    """

    gateway: Gateway
    postfix: Postfix
    exim: Exim
    endpoint: WebhookEndpoint
    dns: DNSServer
    sink: Sink

    def get(self, path: str) -> Any:
        response = httpx.get(
            f"{self.gateway.url}{path}", headers={"authorization": f"Bearer {self.gateway.key}"}, timeout=20
        )
        assert response.status_code == 200, response.text
        return response.json()

    def arrived(self, to: str) -> Any:
        """The message for an address, once it is there."""

        def probe() -> list[Any]:
            found: list[Any] = self.get("/emails/receiving?limit=100")["data"]
            return [one for one in found if one["received_for"] == [to]]

        return self.get(f"/emails/receiving/{eventually(probe, f'mail for {to}', 60)[0]['id']}")

    def told(self, id: str) -> Any:
        """What the endpoint was told of it."""

        def probe() -> list[Any]:
            told = [posted.json for posted in self.endpoint.received()]
            return [one for one in told if one["type"] == "email.received" and one["data"]["email_id"] == id]

        return eventually(probe, f"the endpoint was told of {id}", 60)[0]


def publish(dns: DNSServer) -> None:
    """What author.test says of its mail."""
    dns.add("author.test", "TXT", '"v=spf1 a:out.author.test -all"')
    dns.add("out.author.test", "A", "127.0.0.1")
    dns.add("_dmarc.author.test", "TXT", '"v=DMARC1; p=reject; adkim=s"')
    record = record_of(rsa_key())
    dns.add("s._domainkey.author.test", "TXT", f'"{record[:200]}" "{record[200:]}"')


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    settings: dict[str, dict[str, Any]] = {
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "receiving": {"client_rate": 6000, "recipient_rate": 6000, "authentication_timeout": "3s"},
    }
    with DNSServer() as dns, Sink() as sink, WebhookEndpoint(directory / "ledger") as endpoint:
        publish(dns)
        dns.domain("example.test", "127.0.0.1")
        gateway = Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings)
        port, inbound = free_port(POSTFIX, EXIM), gateway.inbound_port
        sends = Sends("here.test", "author.test", "s", PEM)
        with (
            Postfix(POSTFIX, port, routes={"here.test": inbound}, default_route=inbound) as postfix,
            Exim(EXIM, port, domain="exim.test", next_hop=inbound, default_route=inbound, sends=sends) as exim,
            gateway,
        ):
            gateway.add_domain("here.test", dns)
            gateway.ask("domain", "receive", "on", "here.test")
            gateway.ask("webhook", "add", endpoint.url(), "--event", "email.received")
            yield Road(gateway, postfix, exim, endpoint, dns, sink)
            assert gateway.stop() == 0
            assert " fault " not in gateway.log()
            assert "Traceback" not in gateway.log()


def letter(to: str) -> bytes:
    return (
        f"Received: from laptop by out.author.test; Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: Ann <ann@author.test>\r\n"
        f"To: {to}\r\nSubject: Hello\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{to}>\r\n\r\n"
        "Hello  there.\r\n\r\nAnn\r\n"
    ).encode()


def bring(raw: bytes, to: str, host: str, port: int, reverse_path: str = "ann@author.test") -> None:
    with smtplib.SMTP(host, port, "out.author.test", timeout=20) as client:
        client.sendmail(reverse_path, [to], raw)


def results(shown: Any) -> tuple[str, list[str], str]:
    found = shown["authentication"]
    return found["spf"]["result"], [one["result"] for one in found["dkim"]], found["dmarc"]["result"]


def test_what_postfix_brings(road: Road) -> None:
    bring(sign(letter("p@here.test")), "p@here.test", POSTFIX, road.postfix.port)
    shown = road.arrived("p@here.test")
    assert shown["authentication"] == {
        "spf": {"result": "pass", "domain": "author.test", "reason": None},
        "dkim": [{"result": "pass", "domain": "author.test", "selector": "s", "reason": None}],
        "dmarc": {
            "result": "pass",
            "domain": "author.test",
            "policy": "reject",
            "disposition": "none",
            "aligned": ["spf", "dkim"],
            "reason": None,
        },
    }
    assert road.told(shown["id"])["data"]["authentication"] == shown["authentication"]
    raw = httpx.get(shown["raw"]["download_url"], timeout=20).content
    parsed: Any = message_from_bytes(raw, policy=email.policy.default)
    [field] = parsed.get_all("Authentication-Results")
    assert " ".join(field.split()).startswith(
        "gw.test; spf=pass smtp.mailfrom=author.test; dkim=pass header.d=author.test header.s=s; dmarc=pass"
    )
    assert raw.endswith(b"Hello  there.\r\n\r\nAnn\r\n")


def test_what_exim_signs_and_brings(road: Road) -> None:
    bring(letter("e@here.test"), "e@here.test", EXIM, road.exim.port)
    shown = road.arrived("e@here.test")
    assert results(shown) == ("pass", ["pass"], "pass"), road.exim.log()
    assert shown["authentication"]["dmarc"]["aligned"] == ["spf", "dkim"]
    assert road.told(shown["id"])["data"]["authentication"] == shown["authentication"]


def test_what_was_altered_on_the_way(road: Road) -> None:
    raw = sign(letter("altered@here.test")).replace(b"Hello  there.", b"Send money.")
    bring(raw, "altered@here.test", POSTFIX, road.postfix.port, "x@list.test")
    shown = road.arrived("altered@here.test")
    assert results(shown) == ("none", ["fail"], "fail")
    found = shown["authentication"]
    assert found["dkim"][0]["reason"] == "the body is not what was signed"
    assert (found["dmarc"]["policy"], found["dmarc"]["disposition"]) == ("reject", "reject")
    assert road.told(shown["id"])["data"]["authentication"] == found


def test_a_forgery_is_shown_for_what_it_is(road: Road) -> None:
    forged = (
        b"Authentication-Results: GW.test; spf=pass; dkim=pass; dmarc=pass\r\n"
        b"Authentication-Results: other.test; spf=pass\r\n" + letter("forged@here.test")
    )
    bring(forged, "forged@here.test", "127.0.0.1", road.gateway.inbound_port, "x@evil.test")
    shown = road.arrived("forged@here.test")
    assert results(shown) == ("none", [], "fail")
    fields = shown["headers"]["authentication-results"]
    assert [field.partition(";")[0] for field in fields] == ["gw.test", "other.test"]
    assert "dmarc=fail (p=reject dis=reject)" in fields[0]


def test_what_is_forwarded_says_it_too(road: Road) -> None:
    road.gateway.ask("receive", "add", "*@here.test")
    road.gateway.ask("receive", "add", "on@here.test", "--forward-to", "joe@example.test")
    raw = sign(letter("on@here.test"))
    bring(
        b"Authentication-Results: gw.test; dmarc=fail\r\n" + raw, "on@here.test", "127.0.0.1", road.gateway.inbound_port
    )
    [copy] = eventually(lambda: [one for one in list(road.sink.messages) if one.recipients == ["joe@example.test"]])
    assert copy.data.endswith(raw)  # the author's signature still holds
    assert copy.data.count(b"Authentication-Results: gw.test;") == 1
    assert b"dmarc=pass (p=reject dis=none) header.from=author.test" in copy.data


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.SILENT])
def test_trouble_with_dns_keeps_no_mail_away(road: Road, fault: Fault) -> None:
    author = f"{fault.name.lower()}.test"
    for name in (author, f"s._domainkey.{author}", f"_dmarc.{author}"):
        road.dns.fault(name, fault)
    to = f"{fault.name.lower()}@here.test"
    raw = sign(letter(to).replace(b"author.test", author.encode()), author)
    bring(raw, to, "127.0.0.1", road.gateway.inbound_port, f"ann@{author}")
    shown = road.arrived(to)
    assert results(shown) == ("temperror", ["temperror"], "temperror")
    assert shown["authentication"]["dmarc"]["disposition"] == "none"


def test_hostile_records_and_floods_of_signatures_are_bounded(road: Road) -> None:
    dns, to = road.dns, "flood@here.test"
    dns.add("evil.test", "TXT", '"v=spf1 ptr include:a.evil.test include:b.evil.test mx ?all"')
    for name in "ab":
        dns.add(f"{name}.evil.test", "TXT", '"v=spf1 include:a.evil.test include:b.evil.test a:void.evil.test"')
    fields = sign(letter(to), "evil.test").partition(b"Received:")[0]
    raw = b"".join(fields.replace(b" s=s;", b" s=s%d;" % number) for number in range(1000)) + letter(to)
    before = dns.queries.total()
    bring(raw.replace(b"author.test", b"evil.test"), to, "127.0.0.1", road.gateway.inbound_port, "x@evil.test")
    found = road.arrived(to)["authentication"]
    assert (found["spf"]["result"], found["spf"]["reason"]) == ("permerror", "more than 10 terms that ask DNS")
    assert [one["result"] for one in found["dkim"]] == ["permerror"] * 5
    assert dns.queries.total() - before < 40


def test_what_is_refused_and_what_is_not(tmp_path: Path, road: Road) -> None:
    """With receiving.dmarc = "reject"."""
    settings: dict[str, dict[str, Any]] = {"receiving": {"dmarc": "reject", "authentication_timeout": "2s"}}
    with Gateway(tmp_path, nameserver=road.dns.nameserver, mx_port=road.sink.port, settings=settings) as gateway:
        gateway.add_domain("strict.test", road.dns)
        gateway.ask("domain", "receive", "on", "strict.test")
        to, port = "joe@strict.test", gateway.inbound_port
        road.dns.add("_dmarc.soft.test", "TXT", '"v=DMARC1; p=quarantine"')
        road.dns.add("_dmarc.spared.test", "TXT", '"v=DMARC1; p=reject; pct=0"')
        road.dns.fault("_dmarc.lost.test", Fault.SERVFAIL)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            bring(letter(to), to, "127.0.0.1", port, "x@evil.test")
        assert refused.value.smtp_code == 550
        assert refused.value.smtp_error == b"5.7.1 DMARC: the domain author.test asks to reject this"
        for wrong, reason in ((b"", "no author"), (b"From: x@soft.test\r\nFrom: y@soft.test\r\n", "2 From fields")):
            with pytest.raises(smtplib.SMTPDataError) as refused:
                bring(wrong + b"Subject: Hello\r\n\r\nHello.\r\n", to, "127.0.0.1", port, "x@soft.test")
            assert refused.value.smtp_code == 550
            assert refused.value.smtp_error == f"5.7.1 DMARC: the message has {reason}".encode()
        for author in ("soft", "spared", "lost", "unknown"):
            raw = letter(f"{author}@strict.test").replace(b"author.test", f"{author}.test".encode())
            bring(raw, f"{author}@strict.test", "127.0.0.1", port, "x@evil.test")
        bring(sign(letter(to)), to, "127.0.0.1", port, "x@list.test")
        answer = httpx.get(
            f"{gateway.url}/emails/receiving", headers={"authorization": f"Bearer {gateway.key}"}, timeout=20
        ).json()
        assert [(one["authentication"]["dmarc"]["result"]) for one in reversed(answer["data"])] == [
            *("fail", "fail", "temperror", "none", "pass")
        ]
        metrics = httpx.get(f"{gateway.url}/metrics", timeout=20).text
        assert 'emailgw_authenticated_total{method="dmarc",result="fail"} 3.0' in metrics
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()
