import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

import emailgw.delivery.dns
from emailgw.delivery.dns import Answer, Exchange, Outcome, Resolver
from tests.delivery.conftest import run
from tests.harness.dns import DNSServer, Fault

T = TypeVar("T")
PATIENT = 10_000  # milliseconds, for who counts what is asked: on a busy machine even a good answer may come late


def ask(work: Callable[[Resolver], Awaitable[T]], *nameservers: str, timeout: int = 1000) -> T:
    async def asking() -> T:
        resolver = Resolver(nameservers, timeout)
        try:
            return await work(resolver)
        finally:
            await resolver.close()

    return run(asking())


def dead_port() -> str:
    """A UDP port of which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_records_are_read(dns: DNSServer) -> None:
    dns.mx("many.test", (20, "B.many.test"), (10, "a.many.test"))
    dns.add("a.many.test", "A", "192.0.2.1", "192.0.2.2")
    dns.add("a.many.test", "AAAA", "2001:DB8::1")
    dns.null_mx("null.test")
    mx = ask(lambda resolver: resolver.mx("many.test"), dns.nameserver)
    assert mx.outcome is Outcome.FOUND
    assert set(mx.records) == {Exchange(20, "b.many.test"), Exchange(10, "a.many.test")}
    four = ask(lambda resolver: resolver.addresses("a.many.test", 4), dns.nameserver)
    assert set(four.records) == {"192.0.2.1", "192.0.2.2"}
    assert ask(lambda resolver: resolver.addresses("a.many.test", 6), dns.nameserver).records == ("2001:db8::1",)
    assert ask(lambda resolver: resolver.mx("null.test"), dns.nameserver).records == (Exchange(0, ""),)


def test_absent_names_and_absent_records_are_told_apart(dns: DNSServer) -> None:
    dns.add("here.test", "A", "192.0.2.1")
    assert ask(lambda resolver: resolver.mx("here.test"), dns.nameserver).outcome is Outcome.NO_DATA
    assert ask(lambda resolver: resolver.mx("gone.test"), dns.nameserver).outcome is Outcome.NO_NAME


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.SERVFAIL, "SERVFAIL"),
        (Fault.REFUSED, "REFUSED"),
        (Fault.SILENT, "no answer"),
        (Fault.GARBAGE, "no answer"),
    ],
)
def test_trouble_is_not_absence(dns: DNSServer, fault: Fault, reason: str) -> None:
    dns.fault("sick.test", fault)
    answer = ask(lambda resolver: resolver.mx("sick.test"), dns.nameserver)
    assert answer.outcome is Outcome.TROUBLE
    assert reason in answer.reason
    assert "sick.test" in answer.reason


def test_a_forged_packet_is_passed_over(dns: DNSServer) -> None:
    dns.domain("target.test", "192.0.2.1")
    dns.fault("target.test", Fault.FORGED)
    answer = ask(lambda resolver: resolver.mx("target.test"), dns.nameserver)
    assert answer.records == (Exchange(10, "mx.target.test"),)


def test_a_cut_answer_is_fetched_over_tcp(dns: DNSServer) -> None:
    dns.mx("big.test", *((number, f"mx{number}.a-long-host-name.big.test") for number in range(60)))
    assert len(ask(lambda resolver: resolver.mx("big.test"), dns.nameserver, timeout=PATIENT).records) == 60
    dns.domain("cut.test", "192.0.2.1")
    dns.fault("cut.test", Fault.TRUNCATED)
    answer = ask(lambda resolver: resolver.mx("cut.test"), dns.nameserver, timeout=PATIENT)
    assert answer.outcome is Outcome.FOUND
    assert dns.tcp_queries == 2


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.SILENT, None])
def test_the_next_server_is_asked(dns: DNSServer, fault: Fault | None) -> None:
    dns.domain("example.test", "192.0.2.1")
    with DNSServer() as other:
        if fault:
            other.fault("example.test", fault)
        first = other.nameserver if fault else dead_port()
        answer = ask(lambda resolver: resolver.mx("example.test"), first, dns.nameserver)
    assert answer.outcome is Outcome.FOUND


@pytest.mark.alone
def test_a_lookup_is_bounded_in_time_and_asks_a_silent_server_thrice(dns: DNSServer) -> None:
    dns.fault("silent.test", Fault.SILENT)

    async def asking(resolver: Resolver) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await resolver.mx("silent.test")
        return loop.time() - began

    assert 0.2 < ask(asking, dns.nameserver, timeout=300) < 2
    assert dns.count("silent.test", "MX") == 3


def test_cname_chains_are_followed_and_bounded(dns: DNSServer) -> None:
    dns.add("alias.test", "CNAME", "real.test.")
    dns.domain("real.test", "192.0.2.1")
    dns.add("dangling.test", "CNAME", "nowhere.invalid.")
    dns.add("loop1.test", "CNAME", "loop2.test.")
    dns.add("loop2.test", "CNAME", "loop1.test.")
    for number in range(18):
        dns.add(f"link{number}.test", "CNAME", f"link{number + 1}.test.")
    dns.mx("link18.test", (1, "mx.test"))
    expected = {
        "alias.test": Outcome.FOUND,
        "dangling.test": Outcome.NO_NAME,
        "loop1.test": Outcome.TROUBLE,
        "link0.test": Outcome.TROUBLE,
        "link10.test": Outcome.FOUND,
    }
    for name, outcome in expected.items():
        assert ask(functools.partial(Resolver.mx, name=name), dns.nameserver).outcome is outcome, name


def test_answers_are_kept_as_long_as_they_hold(dns: DNSServer) -> None:
    dns.mx("long.test", (1, "mx.test"), ttl=300)
    dns.mx("zero.test", (1, "mx.test"), ttl=0)
    dns.fault("sick.test", Fault.SERVFAIL)
    clock = [1000.0]

    async def asking() -> None:
        resolver = Resolver((dns.nameserver,), clock=lambda: clock[0])
        for _ in range(2):
            for name in ("long.test", "zero.test", "gone.test", "sick.test"):
                await resolver.mx(name)
        assert dns.count("long.test", "MX") == 1
        assert dns.count("zero.test", "MX") == 2
        assert dns.count("gone.test", "MX") == 1
        assert dns.count("sick.test", "MX") == 1
        clock[0] += 2  # past the second that negative answers hold here
        await resolver.mx("gone.test")
        assert dns.count("gone.test", "MX") == 2
        clock[0] += 297
        await resolver.mx("long.test")
        assert dns.count("long.test", "MX") == 1
        clock[0] += 2
        await resolver.mx("long.test")
        await resolver.mx("sick.test")
        assert dns.count("long.test", "MX") == 2
        assert dns.count("sick.test", "MX") == 2
        await resolver.close()

    run(asking())


def test_the_cache_is_bounded(dns: DNSServer) -> None:
    async def asking() -> None:
        resolver = Resolver((dns.nameserver,), entries=3)
        for number in range(5):
            await resolver.mx(f"d{number}.test")
        await resolver.mx("d4.test")
        await resolver.mx("d0.test")
        await resolver.close()

    run(asking())
    assert dns.count("d4.test", "MX") == 1
    assert dns.count("d0.test", "MX") == 2


def test_equal_questions_asked_at_once_are_one(dns: DNSServer) -> None:
    dns.mx("zero.test", (1, "mx.test"), ttl=0)

    async def asking(resolver: Resolver) -> list[Answer[Exchange]]:
        impatient = asyncio.create_task(resolver.mx("zero.test"))
        others = [asyncio.create_task(resolver.mx("zero.test")) for _ in range(9)]
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.gather(*others)

    assert {answer.outcome for answer in ask(asking, dns.nameserver, timeout=PATIENT)} == {Outcome.FOUND}
    assert dns.count("zero.test", "MX") == 1


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", ".".join(["label"] * 60)])
def test_names_that_dns_cannot_hold_are_trouble_not_exceptions(dns: DNSServer, name: str) -> None:
    assert ask(lambda resolver: resolver.mx(name), dns.nameserver).outcome is Outcome.TROUBLE


@pytest.mark.alone
def test_a_thousand_domains_resolve_quickly(dns: DNSServer) -> None:
    for number in range(1000):
        dns.mx(f"d{number}.test", (1, f"mx{number % 50}.hosts.test"))

    async def asking(resolver: Resolver) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(*(resolver.mx(f"d{number}.test") for number in range(1000)))
        assert {answer.outcome for answer in answers} == {Outcome.FOUND}
        return loop.time() - began

    assert ask(asking, dns.nameserver, timeout=10_000) < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:54", ("2001:db8::1", 54)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_spellings_of_a_nameserver(text: str, expected: tuple[str, int]) -> None:
    assert emailgw.delivery.dns.parse_server(text) == expected


def test_without_servers_the_system_is_asked_for_them() -> None:
    assert Path("/etc/resolv.conf").exists()
    assert emailgw.delivery.dns.system_servers()


@pytest.mark.parametrize("text", ["ns.example.test", "localhost:53", "192.0.2.1:port", "", "1.2.3"])
def test_a_nameserver_is_an_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"appear|invalid|int"):
        Resolver((text,))
