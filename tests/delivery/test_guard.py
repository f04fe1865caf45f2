import pytest

from emailgw.core.guard import Guard, same_address


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "64:ff9b:1::808:808", "2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::", "2001::1", "2001:10::1",
        "2001:db8::1", "3fff::1", "100::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
        "4000::1", "not an address", "1.2.3", "127.1", "0x7f000001", "fe80::1%lo",
    ],
)  # fmt: skip
def test_refused(address: str) -> None:
    refusal = Guard().refusal(address)
    assert refusal is not None
    assert address in refusal


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "193.0.0.1",
        "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1a", "2001:4860::8888", "64:ff9b::808:808",
        "2002:808:808::1", "::ffff:8.8.8.8",
    ],
)  # fmt: skip
def test_allowed(address: str) -> None:
    assert Guard().refusal(address) is None


def test_exceptions_open_what_they_name_in_every_form_and_nothing_else() -> None:
    guard = Guard(("127.0.0.2/32", "fd00::/8"))
    assert guard.refusal("127.0.0.2") is None
    assert guard.refusal("::ffff:127.0.0.2") is None
    assert guard.refusal("fd00::25") is None
    assert guard.refusal("127.0.0.3") is not None
    assert guard.refusal("fc00::25") is not None
    assert guard.refusal("::ffff:127.0.0.3") is not None


def test_forms_of_one_address_are_the_same() -> None:
    assert same_address("::ffff:192.0.2.7") == same_address("192.0.2.7") == same_address("64:ff9b::c000:207")
    assert same_address("2A00:0::1") == same_address("2a00::1")
