"""A real Postfix as the recipients' host: it takes the mail over TLS, finds out later, and tells us by mail."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.postfix import HOST_NAME, Postfix
from tests.harness.signatures import verdicts
from tests.harness.sink import Say, Sink
from tests.harness.waiting import eventually

HOST = "127.0.0.2"


class Road(NamedTuple):
    """gateway → Postfix → second hop (for relay.test); Postfix → gateway (its reports)."""

    gateway: Gateway
    postfix: Postfix
    second_hop: Sink
    dns: DNSServer

    def events(self, id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.gateway.show(id)["events"]
        return found

    def wait_for_event(self, id: str, type: str) -> dict[str, Any]:
        def probe() -> list[dict[str, Any]]:
            return [event for event in self.events(id) if event["type"] == type]

        try:
            return eventually(probe, f"{id} has an event {type}", 30)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.events(id)}\n{self.postfix.log()[-3000:]}") from None


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with DNSServer() as dns, Sink() as second_hop:
        dns.domain("relay.test", HOST)
        port = free_port(HOST)
        gateway = Gateway(tmp_path_factory.mktemp("gateway"), nameserver=dns.nameserver, mx_port=port)
        routes = {"relay.test": second_hop.port}
        with (
            Postfix(HOST, port, routes=routes, default_route=gateway.inbound_port, delay_warning=1) as postfix,
            gateway,
        ):
            gateway.add_domain("sender.test", dns)
            yield Road(gateway, postfix, second_hop, dns)
            assert gateway.stop() == 0


def test_postfix_takes_it_over_tls_and_hands_it_on_unharmed(road: Road) -> None:
    id = road.gateway.send("joe@relay.test", subject="Grüße", html="<p>x</p>")
    road.gateway.wait_for_state(id, "delivered")
    delivered = road.events(id)[-1]
    assert delivered["attempt"]["tls"]["version"].startswith("TLSv1.")
    assert delivered["attempt"]["address"] == HOST
    assert "queued as" in delivered["attempt"]["reply"]["text"]
    road.second_hop.wait_for(lambda: ["joe@relay.test"] in [m.recipients for m in road.second_hop.messages], 20)
    [message] = [m for m in road.second_hop.messages if m.recipients == ["joe@relay.test"]]
    assert b"by mx.postfix.test (Postfix) with ESMTPS id " in message.data
    assert verdicts(message.data, road.dns.nameserver) == {"rsa-sha256": True, "ed25519-sha256": True}


def test_an_unknown_user_at_the_second_hop_bounces(road: Road) -> None:
    road.second_hop.on("RCPT", Say("550 5.1.1 <nobody@relay.test> No such user here"), about="nobody@", always=True)
    id = road.gateway.send(["nobody@relay.test", "somebody@relay.test"])
    bounced = road.wait_for_event(id, "bounced")
    assert (bounced["recipient"], bounced["source"], bounced["status"]) == ("nobody@relay.test", "dsn", "5.1.1")
    assert bounced["reporting_mta"] == HOST_NAME
    assert "550 5.1.1" in bounced["diagnostic"]
    assert "No such user here" in bounced["diagnostic"]
    states = {r["address"]: (r["state"], r["status"]) for r in road.gateway.show(id)["recipients"]}
    assert states["nobody@relay.test"] == ("bounced", "5.1.1")
    assert states["somebody@relay.test"][0] == "delivered"
    types = [event["type"] for event in road.events(id) if event["recipient"] == "nobody@relay.test"]
    assert types == ["queued", "delivered", "bounced"]
    assert f"bounced message={id}" in road.gateway.log()


def test_a_delay_at_the_second_hop_is_told_and_final_for_nobody(road: Road) -> None:
    road.second_hop.on("RCPT", Say("450 4.2.2 Mailbox full for now"), about="full@", always=True)
    id = road.gateway.send("full@relay.test")
    delayed = road.wait_for_event(id, "delayed")
    assert (delayed["source"], delayed["status"], delayed["reporting_mta"]) == ("dsn", "4.2.2", HOST_NAME)
    assert "Mailbox full for now" in delayed["diagnostic"]
    [recipient] = road.gateway.show(id)["recipients"]
    assert recipient["state"] == "delivered"
    assert [event["type"] for event in road.events(id)] == ["queued", "delivered", "delayed"]


def test_what_postfix_refuses_at_once_bounces_at_once(road: Road) -> None:
    road.dns.domain("elsewhere.test", HOST)  # a domain that this host is not responsible for
    id = road.gateway.send("joe@elsewhere.test")
    [recipient] = road.gateway.wait_for_state(id, "bounced")["recipients"]
    assert recipient["status"] == "5.7.1"
    assert "Relay access denied" in recipient["reason"]


def test_many_messages_through_a_few_sessions(road: Road) -> None:
    ids = [road.gateway.send(f"many{i}@relay.test") for i in range(60)]
    for id in ids:
        road.gateway.wait_for_state(id, "delivered")
    road.second_hop.wait_for(
        lambda: sum(m.recipients[0].startswith("many") for m in road.second_hop.messages) == 60, 30
    )
    assert road.postfix.log().count(": connect from") < 40
