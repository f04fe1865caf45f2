from collections import Counter
from random import Random

import pytest

from emailgw.core.status import DeliveryStatus, Scope
from emailgw.delivery import mx
from emailgw.delivery.dns import Answer, Exchange, Outcome
from emailgw.delivery.mx import Found, Route

HERE = Found(addresses=("192.0.2.1",))
REFUSED = Found(refused=("mx at 127.0.0.1 is loopback",))
TROUBLE = Found(trouble="DNS lookup: SERVFAIL")
EMPTY = Found()
OURS = Found(is_own=True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(Outcome.TROUBLE, reason="SERVFAIL"), "4.4.3"),
        (Answer(Outcome.NO_NAME), "5.1.2"),
        (Answer(Outcome.NO_DATA), [(0, "d.test")]),
        (Answer(Outcome.FOUND, (Exchange(0, ""),)), "5.1.10"),
        (Answer(Outcome.FOUND, (Exchange(5, ""),)), "5.1.10"),
        (Answer(Outcome.FOUND, (Exchange(0, ""), Exchange(10, "a"))), [(10, "a")]),
        (Answer(Outcome.FOUND, (Exchange(10, "a"), Exchange(5, "b"))), [(10, "a"), (5, "b")]),
    ],
)
def test_exchanges(answer: Answer[Exchange], expected: str | list[tuple[int, str]]) -> None:
    result = mx.exchanges("d.test", answer)
    if isinstance(result, DeliveryStatus):
        assert str(result.status) == expected
    else:
        assert [(record.preference, record.host) for record in result] == expected


def test_rank_orders_by_preference_and_shuffles_equals() -> None:
    records = (Exchange(20, "z"), Exchange(10, "a"), Exchange(10, "b"), Exchange(5, "first"))
    orders = Counter(
        tuple(record.host for record in mx.rank(records, Random(seed))) for seed in range(200)
    )  # fmt: skip
    assert set(orders) == {("first", "a", "b", "z"), ("first", "b", "a", "z")}
    assert min(orders.values()) > 50


def test_rank_names_a_host_once_at_its_best_and_is_bounded() -> None:
    records = (Exchange(20, "a"), Exchange(10, "a"), Exchange(15, "b"))
    assert mx.rank(records, Random(1)) == (Exchange(10, "a"), Exchange(15, "b"))
    many = tuple(Exchange(number, f"mx{number}") for number in range(1000))
    assert mx.rank(many, Random(1)) == many[: mx.MAX_HOSTS]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ({"a": HERE}, ["a"]),
        ({"a": HERE, "b": HERE}, ["a", "b"]),
        ({"a": EMPTY, "b": HERE}, ["b"]),
        ({"a": TROUBLE, "b": HERE}, ["b"]),
        ({"a": REFUSED, "b": HERE}, ["b"]),
        ({"a": HERE, "b": OURS, "c": HERE}, ["a"]),
        ({"a": OURS, "b": HERE}, "5.4.6"),
        ({"a": REFUSED, "b": OURS, "c": HERE}, "5.4.6"),
        ({"a": TROUBLE, "b": OURS, "c": HERE}, "4.4.3"),
        ({"a": TROUBLE}, "4.4.3"),
        ({"a": TROUBLE, "b": TROUBLE}, "4.4.3"),
        ({"a": TROUBLE, "b": REFUSED}, "4.4.3"),
        ({"a": EMPTY, "b": TROUBLE}, "4.4.3"),
        ({"a": REFUSED}, "5.4.4"),
        ({"a": REFUSED, "b": EMPTY}, "5.4.4"),
        ({"a": EMPTY, "b": EMPTY}, "5.4.4"),
        ({"a": EMPTY}, "5.4.4"),
        ({"d.test": EMPTY}, "5.1.2"),
        ({"d.test": REFUSED}, "5.4.4"),
        ({"d.test": TROUBLE}, "4.4.3"),
        ({"d.test": HERE}, ["d.test"]),
    ],
)
def test_choose(hosts: dict[str, Found], expected: str | list[str]) -> None:
    ranked = tuple(Exchange(10 * place, name) for place, name in enumerate(hosts))
    route = mx.choose("d.test", ranked, hosts)
    if isinstance(route, DeliveryStatus):
        assert str(route.status) == expected
        assert route.scope is (Scope.SITE if expected == "4.4.3" else Scope.RECIPIENT)
    else:
        assert [host.name for host in route.hosts] == expected


def test_hosts_that_equal_us_are_dropped_too() -> None:
    ranked = (Exchange(5, "a"), Exchange(10, "b"), Exchange(10, "us"))
    route = mx.choose("d.test", ranked, {"a": HERE, "b": HERE, "us": OURS})
    assert isinstance(route, Route)
    assert [host.name for host in route.hosts] == ["a"]


def test_addresses_of_one_host_are_bounded() -> None:
    found = Found(addresses=tuple(f"192.0.2.{number}" for number in range(100)))
    route = mx.choose("d.test", (Exchange(0, "a"),), {"a": found})
    assert isinstance(route, Route)
    assert route.hosts[0].addresses == found.addresses[: mx.MAX_ADDRESSES_PER_HOST]


def test_a_site_is_the_set_of_its_hosts_whatever_their_order_and_state() -> None:
    both = {"a": HERE, "b": HERE}
    one = mx.choose("d.test", (Exchange(1, "a"), Exchange(1, "b")), both)
    other = mx.choose("e.test", (Exchange(7, "b"), Exchange(9, "a")), {**both, "b": TROUBLE})
    assert isinstance(one, Route)
    assert isinstance(other, Route)
    assert one.site == other.site == "a,b"
    long = [f"mx{number}.a-rather-long-name.example" for number in range(10)]
    assert len(mx.site_key(long)) <= mx.MAX_SITE
    assert mx.site_key(long) == mx.site_key(reversed(long)) != mx.site_key([*long[:-1], "other"])
