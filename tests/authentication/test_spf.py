"""SPF by the rules of RFC 7208, each case a record, a client and what must come of them."""

import asyncio
from typing import Any

import pytest

from emailgw.authentication.macros import RecordError
from emailgw.authentication.spf import check_spf
from emailgw.authentication.spf_record import read_record
from emailgw.core.receiving import SpfVerdict
from tests.authentication.zone import Zone

V4, V6 = "192.0.2.7", "2001:db8::7"


def check(zone: Zone, client: str = V4, reverse_path: str = "joe@from.test", helo: str = "mx.helo.test") -> SpfVerdict:
    return asyncio.run(check_spf(zone, client, reverse_path, helo))


def result(record: str, client: str = V4, others: dict[str, Any] | None = None, **options: Any) -> str:
    """Of from.test with this record."""
    zone = Zone({"from.test": {"TXT": [record]}, **(others or {})}, **options)
    return check(zone, client).result


ADDRESSES = {
    "from.test": {"A": ["192.0.2.7"], "AAAA": ["2001:db8::7"], "MX": ["10 mx.test"]},
    "a.test": {"A": ["192.0.2.99", "192.0.2.7"], "AAAA": ["2001:db8::8"]},
    "mx.test": {"A": ["192.0.2.7"]},
    "m.test": {"MX": ["10 a.test", "20 mx.test"]},
    "null.test": {"MX": ["0 "]},
    "pass.test": {"TXT": ["v=spf1 +all"]},
    "fail.test": {"TXT": ["v=spf1 -all"]},
    "soft.test": {"TXT": ["v=spf1 ~all"]},
    "empty.test": {"TXT": ["v=spf1"]},
    "broken.test": {"TXT": ["v=spf1 nonsense"]},
    "none.test": {"TXT": ["something else"]},
    "7.2.0.192.in-addr.arpa": {"PTR": ["mx.test", "elsewhere.test"]},
    "elsewhere.test": {"A": ["192.0.2.8"]},
    "joe.l.test": {"A": ["127.0.0.2"]},
    "192.0.2.7.i.test": {"A": ["127.0.0.2"]},
    "7.2.0.192.in-addr.r.test": {"A": ["127.0.0.2"]},
    "test.o1.test": {"A": ["127.0.0.2"]},
    "mx.helo.test.h.test": {"A": ["127.0.0.2"]},
    "mx.test.p.test": {"A": ["127.0.0.2"]},
    "joe%40from.test.s.test": {"A": ["127.0.0.2"]},
}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1", "neutral"),
        ("v=spf1 all", "pass"),
        ("V=SPF1 -ALL", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1   ?all  ", "neutral"),
        ("v=spf1 ip4:192.0.2.7 -all", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 ip4:192.0.2.8/31 -all", "fail"),
        ("v=spf1 ip6:2001:db8::/32 -all", "fail"),
        ("v=spf1 a -all", "pass"),
        ("v=spf1 a:a.test -all", "pass"),
        ("v=spf1 a:elsewhere.test -all", "fail"),
        ("v=spf1 a:elsewhere.test/28 -all", "pass"),
        ("v=spf1 a:elsewhere.test/28//64 -all", "pass"),
        ("v=spf1 mx -all", "pass"),
        ("v=spf1 mx:m.test -all", "pass"),
        ("v=spf1 mx:null.test -all", "fail"),
        ("v=spf1 ptr:mx.test -all", "pass"),
        ("v=spf1 ptr:elsewhere.test -all", "fail"),
        ("v=spf1 exists:%{l}.l.test -all", "pass"),
        ("v=spf1 exists:%{i}.i.test -all", "pass"),
        ("v=spf1 exists:%{ir}.%{v}.r.test -all", "pass"),
        ("v=spf1 exists:%{o1}.o1.test -all", "pass"),
        ("v=spf1 exists:%{h}.h.test -all", "pass"),
        ("v=spf1 exists:%{p}.p.test -all", "pass"),
        ("v=spf1 exists:%{S}.s.test -all", "pass"),
        ("v=spf1 exists:%{l}.nowhere.test -all", "fail"),
        ("v=spf1 include:pass.test -all", "pass"),
        ("v=spf1 ~include:pass.test -all", "softfail"),
        ("v=spf1 include:fail.test ?all", "neutral"),
        ("v=spf1 include:soft.test include:empty.test -all", "fail"),
        ("v=spf1 include:none.test -all", "permerror"),
        ("v=spf1 include:nowhere.test -all", "permerror"),
        ("v=spf1 include:broken.test -all", "permerror"),
        ("v=spf1 redirect=fail.test", "fail"),
        ("v=spf1 redirect=none.test", "permerror"),
        ("v=spf1 redirect=pass.test -all", "fail"),
        ("v=spf1 ip4:198.51.100.1 redirect=%{d2}", "permerror"),  # to itself, for ever
        ("v=spf1 exp=explain.test -all", "fail"),
        ("v=spf1 unknown=x%{d} -all", "fail"),
        # A fault anywhere counts, even behind what matches.
        ("v=spf1 all nonsense", "permerror"),
        ("v=spf1 all ip4:192.0.2.300", "permerror"),
        ("v=spf1 all ip4:192.0.2.0/33", "permerror"),
        ("v=spf1 all ip4:192.0.2.0/024", "permerror"),
        ("v=spf1 all ip6:2001:db8::/129", "permerror"),
        ("v=spf1 all ip6:192.0.2.1.5", "permerror"),
        ("v=spf1 all a:a.test:8080", "permerror"),
        ("v=spf1 all a:192.0.2.7", "permerror"),
        ("v=spf1 all a:localhost", "permerror"),
        ("v=spf1 all a:a.test/33", "permerror"),
        ("v=spf1 all a/", "permerror"),
        ("v=spf1 all:from.test", "permerror"),
        ("v=spf1 all include", "permerror"),
        ("v=spf1 all include:a.test/24", "permerror"),
        ("v=spf1 all exists", "permerror"),
        ("v=spf1 all exists:%{z}.test", "permerror"),
        ("v=spf1 all exists:%{d0}.test", "permerror"),
        ("v=spf1 all exists:%d.test", "permerror"),
        ("v=spf1 all exists:%{c}.test", "permerror"),
        ("v=spf1 all redirect=a.test redirect=a.test", "permerror"),
        ("v=spf1 all exp=a.test exp=a.test", "permerror"),
        ("v=spf1 all redirect=", "permerror"),
        ("v=spf1 all unknown=%", "permerror"),
        ("v=spf1 all -", "permerror"),
        ("v=spf1\tall", "none"),
        ("v=spf10 all", "none"),
        ("v=spf1 a:\u00e4.test all", "permerror"),
        ("v=spf1 " + "ip4:192.0.2.1 " * 1000, "permerror"),
    ],
)
def test_a_record_of_its_own(record: str, expected: str) -> None:
    others = {**ADDRESSES, "from.test": {**ADDRESSES["from.test"], "TXT": [record]}}
    assert check(Zone(others)).result == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 ip6:2001:db8::/32 -all", "pass"),
        ("v=spf1 ip6:2001:DB8::7 -all", "pass"),
        ("v=spf1 ip4:192.0.2.7 -all", "fail"),
        ("v=spf1 a:a.test -all", "fail"),
        ("v=spf1 a:a.test//112 -all", "pass"),
        ("v=spf1 a:a.test/8 -all", "fail"),
        ("v=spf1 exists:%{ir}.%{v}.test -all", "pass"),
    ],
)
def test_of_ipv6(record: str, expected: str) -> None:
    reverse = ".".join(reversed("20010db8000000000000000000000007"))
    others = {**ADDRESSES, "from.test": {"TXT": [record]}, f"{reverse}.ip6.test": {"A": ["127.0.0.2"]}}
    assert check(Zone(others), V6).result == expected


def test_an_ipv4_address_in_the_clothes_of_ipv6_is_one_of_ipv4() -> None:
    assert result("v=spf1 ip4:192.0.2.7 -all", f"::ffff:{V4}") == "pass"


def test_who_is_asked_about() -> None:
    zone = Zone({"helo.test": {"TXT": ["v=spf1 -all"]}, "from.test": {"TXT": ["v=spf1 all"]}})
    verdict = check(zone, reverse_path="", helo="helo.test")
    assert (verdict.result, verdict.domain, verdict.identity) == ("fail", "helo.test", "helo")
    verdict = check(zone, reverse_path="x@FROM.test")
    assert (verdict.result, verdict.domain, verdict.identity) == ("pass", "from.test", "mailfrom")


@pytest.mark.parametrize(
    ("reverse_path", "helo", "client"),
    [
        ("", "[192.0.2.7]", V4),
        ("", "localhost", V4),
        ("", "a b", V4),
        ("joe@[192.0.2.7]", "x.test", V4),
        ("joe@none.test", "x.test", V4),
        ("joe@from.test", "x.test", ""),  # a Unix socket
    ],
)
def test_nobody_to_ask_about(reverse_path: str, helo: str, client: str) -> None:
    assert check(Zone({"from.test": {"TXT": ["v=spf1 -all"]}}), client, reverse_path, helo).result == "none"


def test_two_records_are_none_to_go_by() -> None:
    zone = Zone({"from.test": {"TXT": ["v=spf1 all", "unrelated", "v=spf1 -all"]}})
    assert check(zone).result == "permerror"


@pytest.mark.parametrize("name", ["from.test", "a.test", "x.test", "i.test"])
def test_trouble_with_dns_is_temporary(name: str) -> None:
    record = "v=spf1 a:a.test exists:x.test include:i.test -all"
    assert result(record, trouble={name}) == "temperror"


def test_trouble_behind_what_matches_does_not_matter() -> None:
    assert result("v=spf1 ip4:192.0.2.7 a:a.test -all", trouble={"a.test"}) == "pass"
    assert result("v=spf1 ptr -all", trouble={"7.2.0.192.in-addr.arpa"}) == "fail"  # §5.5


def test_a_loop_of_includes_ends() -> None:
    zone = Zone({"from.test": {"TXT": ["v=spf1 include:b.test"]}, "b.test": {"TXT": ["v=spf1 include:from.test"]}})
    verdict = check(zone)
    assert (verdict.result, verdict.reason) == ("permerror", "more than 10 terms that ask DNS")
    assert len(zone.asked) <= 12


def test_ten_terms_may_ask_and_no_more() -> None:
    hosts = {f"h{number}.test": {"A": ["198.51.100.1"]} for number in range(12)}
    terms = [f"a:{host}" for host in hosts]
    assert result(f"v=spf1 {' '.join(terms[:10])} ip4:192.0.2.7", others=hosts) == "pass"
    assert result(f"v=spf1 {' '.join(terms[:11])} ip4:192.0.2.7", others=hosts) == "permerror"
    deep = {f"d{number}.test": {"TXT": [f"v=spf1 include:d{number + 1}.test"]} for number in range(12)}
    assert result("v=spf1 include:d0.test -all", others=deep) == "permerror"


def test_two_lookups_may_be_void_and_no_more() -> None:
    assert result("v=spf1 a:x.test a:y.test ip4:192.0.2.7") == "pass"
    assert result("v=spf1 a:x.test mx:y.test exists:z.test ip4:192.0.2.7") == "permerror"


def test_many_hosts_are_too_many() -> None:
    hosts = {f"h{number}.test": {"A": ["198.51.100.1"]} for number in range(11)}
    ten = {"m.test": {"MX": [f"10 {host}" for host in list(hosts)[:10]]}, **hosts}
    eleven = {"m.test": {"MX": [f"10 {host}" for host in hosts]}, **hosts}
    assert result("v=spf1 mx:m.test ?all", others=ten) == "neutral"
    assert result("v=spf1 mx:m.test ?all", others=eleven) == "permerror"
    assert result("v=spf1 mx:m.test ?all", V6, others=ten) == "neutral"  # hosts without IPv6 are no void lookups
    names = {"7.2.0.192.in-addr.arpa": {"PTR": [f"h{number}.test" for number in range(50)]}, **hosts}
    zone = Zone({"from.test": {"TXT": ["v=spf1 ptr ptr:h.test ?all"]}, **names})
    assert check(zone).result == "neutral"
    assert len(zone.asked) <= 2 + 10  # and the second time not at all


@pytest.mark.parametrize("local", ["ä", "a\\b", '"a b"', "x" * 64, "a..b", "." * 20, "%{l}"])
def test_a_local_part_makes_no_other_question(local: str) -> None:
    zone = Zone({"from.test": {"TXT": ["v=spf1 exists:%{l}.x.test exists:%{l1r-}.y.test ?all"]}})
    assert check(zone, reverse_path=f"{local}@from.test").result == "neutral"
    assert all(name.isascii() and "\\" not in name and ".." not in name for name, _ in zone.asked)


def test_a_long_name_loses_labels_on_the_left() -> None:
    zone = Zone({"from.test": {"TXT": [f"v=spf1 exists:%{{h}}.{'x' * 60}.test ?all"]}})
    assert check(zone, helo=".".join(["y" * 60] * 20)).result == "neutral"
    name = zone.asked[-1][0]
    assert name == ".".join(["y" * 60] * 3 + ["x" * 60, "test"])


def test_hostile_macros_take_no_time() -> None:
    record = "v=spf1 exists:" + "%{S-}" * 1500 + " exists:" + "%{dr./+-}" * 50 + ".test ?all"
    assert result(record) in ("neutral", "permerror")


def test_a_record_is_read_whole() -> None:
    record = read_record("v=spf1 a:%{d}/24//64 mx/8 -ptr redirect=_spf.%{o}")
    assert [mechanism.lengths for mechanism in record.mechanisms] == [(24, 64), (8, 128), (32, 128)]
    assert record.mechanisms[2].result == "fail"
    assert len(record.redirect) == 2
    with pytest.raises(RecordError, match="twice"):
        read_record("v=spf1 exp=a.test exp=a.test")
