"""Limits that many connections share."""

import pytest

from emailgw.smtpd.gate import Care, Gate, holder_of


@pytest.mark.parametrize(
    ("address", "holder"),
    [
        ("", ""),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("of: no form", "of: no form"),
    ],
)
def test_who_holds_an_address(address: str, holder: str) -> None:
    assert holder_of(address) == holder


def test_the_addresses_of_one_network_share_its_limit() -> None:
    gate = Gate(Care(timeout=1000, max_connections=10, max_connections_per_address=2))
    first, second, third, other = "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"
    assert [gate.admit(address) for address in (first, second, third, other)] == [True, True, False, True]
    gate.dismiss(third)
    gate.dismiss(first)
    assert gate.admit(third)
