"""Routes from real DNS packets; what follows from answers is in test_mx."""

import msgspec

from emailgw.core.status import DeliveryStatus, Scope
from emailgw.delivery.mx import Route
from emailgw.delivery.router import Router
from emailgw.delivery.settings import DeliverySettings, Timeouts
from tests.delivery.conftest import run
from tests.harness.dns import DNSServer, Fault


def route(dns: DNSServer, nexthop: str, **changes: object) -> Route | DeliveryStatus:
    settings = DeliverySettings(
        ehlo_name="gw.test",
        nameservers=(dns.nameserver,),
        allow_networks=("192.0.2.0/24", "2001:db8::/32"),
        timeouts=Timeouts(dns=500),
    )
    settings = msgspec.structs.replace(settings, **changes)

    async def asking() -> Route | DeliveryStatus:
        router = Router(settings)
        try:
            return await router.route(nexthop)
        finally:
            await router.close()

    return run(asking())


def found(result: Route | DeliveryStatus) -> dict[str, tuple[str, ...]]:
    assert isinstance(result, Route), result
    return {host.name: host.addresses for host in result.hosts}


def status(result: Route | DeliveryStatus) -> str:
    assert isinstance(result, DeliveryStatus), result
    return str(result.status)


def test_hosts_in_order_with_their_addresses(dns: DNSServer) -> None:
    dns.mx("example.test", (20, "b.test"), (10, "a.test"))
    dns.add("a.test", "AAAA", "2001:db8::1")
    dns.add("a.test", "A", "192.0.2.1")
    dns.add("b.test", "A", "192.0.2.2")
    result = route(dns, "example.test")
    assert list(found(result).items()) == [("a.test", ("192.0.2.1", "2001:db8::1")), ("b.test", ("192.0.2.2",))]
    assert isinstance(result, Route)
    assert result.site == "a.test,b.test"
    assert found(route(dns, "example.test", ip_versions=(6, 4)))["a.test"] == ("2001:db8::1", "192.0.2.1")
    asked = dns.count("b.test", "AAAA")
    assert found(route(dns, "example.test", ip_versions=(4,)))["a.test"] == ("192.0.2.1",)
    assert dns.count("b.test", "AAAA") == asked


def test_a_domain_without_mx_is_its_own_host(dns: DNSServer) -> None:
    dns.add("plain.test", "A", "192.0.2.7")
    assert found(route(dns, "plain.test")) == {"plain.test": ("192.0.2.7",)}


def test_what_the_domain_says_is_permanent(dns: DNSServer) -> None:
    dns.null_mx("null.test")
    dns.add("text.test", "TXT", '"no mail here"')
    dns.mx("nohost.test", (10, "gone.test"))
    assert status(route(dns, "null.test")) == "5.1.10"
    assert status(route(dns, "missing.test")) == "5.1.2"
    assert status(route(dns, "text.test")) == "5.1.2"
    assert status(route(dns, "nohost.test")) == "5.4.4"


def test_what_we_could_not_find_out_is_temporary_and_the_sites(dns: DNSServer) -> None:
    dns.fault("example.test", Fault.SERVFAIL)
    dns.mx("half.test", (10, "sick.test"))
    dns.fault("sick.test", Fault.REFUSED)
    for nexthop in ("example.test", "half.test"):
        result = route(dns, nexthop)
        assert status(result) == "4.4.3"
        assert isinstance(result, DeliveryStatus)
        assert result.scope is Scope.SITE


def test_a_host_that_cannot_be_looked_up_is_passed_over(dns: DNSServer) -> None:
    dns.mx("example.test", (10, "sick.test"), (20, "well.test"))
    dns.fault("sick.test", Fault.SILENT)
    dns.add("well.test", "A", "192.0.2.1")
    assert found(route(dns, "example.test")) == {"well.test": ("192.0.2.1",)}


def test_trouble_with_one_kind_of_address_leaves_the_other(dns: DNSServer) -> None:
    dns.domain("example.test", "192.0.2.1")
    dns.fault("mx.example.test", Fault.SERVFAIL, "AAAA")
    assert found(route(dns, "example.test")) == {"mx.example.test": ("192.0.2.1",)}


def test_addresses_that_must_not_be_dialled_are_left_out(dns: DNSServer) -> None:
    dns.domain("mixed.test", "127.0.0.1", "192.0.2.1")
    dns.domain("inside.test", "127.0.0.1", "10.0.0.1")
    dns.add("mx.inside.test", "AAAA", "::ffff:127.0.0.1", "64:ff9b::7f00:1")
    assert found(route(dns, "mixed.test")) == {"mx.mixed.test": ("192.0.2.1",)}
    result = route(dns, "inside.test")
    assert status(result) == "5.4.4"
    assert isinstance(result, DeliveryStatus)
    assert "mx.inside.test at 127.0.0.1 is loopback" in result.reason


def test_ourselves_among_the_hosts_by_name_or_address(dns: DNSServer) -> None:
    dns.mx("example.test", (10, "a.test"), (20, "us.test"), (30, "c.test"))
    dns.mx("byname.test", (10, "GW.test"), (20, "a.test"))
    for name, address in (("a.test", "192.0.2.1"), ("us.test", "192.0.2.99"), ("c.test", "192.0.2.3")):
        dns.add(name, "A", address)
    own = ("::ffff:192.0.2.99",)
    assert found(route(dns, "example.test", own_addresses=own)) == {"a.test": ("192.0.2.1",)}
    assert status(route(dns, "example.test", own_addresses=(*own, "192.0.2.1"))) == "5.4.6"
    assert status(route(dns, "byname.test")) == "5.4.6"


def test_lookups_for_one_route_are_bounded(dns: DNSServer) -> None:
    dns.mx("many.test", *((number, f"mx{number}.many.test") for number in range(200)))
    # In time enough that a busy machine asks nothing twice.
    assert status(route(dns, "many.test", timeouts=Timeouts(dns=30_000))) == "5.4.4"
    assert sum(dns.queries.values()) <= 1 + 1 + 2 * 10  # MX over UDP and TCP, then both kinds of address for ten
