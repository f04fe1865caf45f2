"""Addresses: what is read, what is refused, and that nothing read can break out of a line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.address import Address, AddressError, Mailbox, parse_domain, same_or_below

LONG_LABEL = "a" * 63

READ = [
    ("a@b.test", "a@b.test"),
    ("A.b+c@B.Test", "A.b+c@b.test"),  # the local part belongs to its host, the domain is nobody's spelling
    ("!#$%&'*+/=?^_`{|}~-@b.test", "!#$%&'*+/=?^_`{|}~-@b.test"),
    ('"plain"@b.test', "plain@b.test"),
    ('"with space"@b.test', '"with space"@b.test'),
    ('"a@b"@c.test', '"a@b"@c.test'),
    (r'"back\\slash \" quote"@b.test', r'"back\\slash \" quote"@b.test'),
    (r'"needless\x"@b.test', "needlessx@b.test"),
    ("jürgen@b.test", "jürgen@b.test"),
    ("a@bücher.test", "a@xn--bcher-kva.test"),
    ("a@BÜCHER.test", "a@xn--bcher-kva.test"),
    ("a@faß.test", "a@xn--fa-hia.test"),  # IDNA 2008: not fass.test
    ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
    ("a@b.test.", "a@b.test"),
    (" a@b.test ", "a@b.test"),
    ("a@_spf.b.test", "a@_spf.b.test"),
    ("a@localhost", "a@localhost"),
    (f"{'a' * 64}@b.test", f"{'a' * 64}@b.test"),
    (f"a@{LONG_LABEL}.test", f"a@{LONG_LABEL}.test"),
]
REFUSED = [
    *("", " ", "a", "@", "a@", "@b.test", "a@@b.test", "a b@c.test", ".a@b.test", "a.@b.test", "a..b@c.test"),
    *("a@b..test", "a@.b.test", "a@b.test..", "a@-b.test", "a@b-.test", "a@b,test", "a@b test", "a@b_/.test"),
    *("a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@1.2", "a@b.123"),
    *('"a"b@c.test', '"a@b.test', '"a""b"@c.test', 'a"b@c.test', '""', "a(comment)@b.test", "<a@b.test>"),
    *("@relay.test:a@b.test", "a%b@c.test,d@e.test", "a;b@c.test", "a:b@c.test", "a\\b@c.test"),
    *("a\r\n@b.test", "a@b.test\r\nRCPT TO:<x@y.test>", "a\n@b.test", "a\0@b.test", "a\x85@b.test", "a\u2028@b.test"),
    *("a\t@b.test", "a\x7f@b.test", "\ud800@b.test", "a@\ud800.test", "a@b.te\u2029st"),
    f"{'a' * 65}@b.test",
    f"{'é' * 33}@b.test",  # octets count, not characters
    f"a@{'a' * 64}.test",
    f"a@{'.'.join([LONG_LABEL] * 5)}",
    f"{'a' * 64}@{'.'.join([LONG_LABEL] * 3)}.test",
    "a@xn--\u00e9.test",
]


@pytest.mark.parametrize(("text", "shown"), READ)
def test_an_address_is_read(text: str, shown: str) -> None:
    assert str(Address.parse(text)) == shown


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("a@b.test", "", "a@b.test"),
        ("<a@b.test>", "", "a@b.test"),
        ("Ann <a@b.test>", "Ann", "a@b.test"),
        ('"Ann, Ben & Co." <a@b.test>', "Ann, Ben & Co.", "a@b.test"),
        ("Ann, Ben & Co. <a@b.test>", "Ann, Ben & Co.", "a@b.test"),
        (r'"say \"hi\" \\o/" <a@b.test>', r'say "hi" \o/', "a@b.test"),
        ("Žluťoučký 🐎 <a@b.test>", "Žluťoučký 🐎", "a@b.test"),
        ("=?utf-8?q?=0d=0aBcc:_x=40y.test?= <a@b.test>", "=?utf-8?q?=0d=0aBcc:_x=40y.test?=", "a@b.test"),
        ("x@y.test <a@b.test>", "x@y.test", "a@b.test"),
        ('"<x@y.test>" <a@b.test>', "<x@y.test>", "a@b.test"),
        ('"" <a@b.test>', "", "a@b.test"),
        ('" <a@b.test>', '"', "a@b.test"),
    ],
)
def test_a_mailbox_is_read(text: str, name: str, address: str) -> None:
    mailbox = Mailbox.parse(text)
    assert (mailbox.name, str(mailbox.address)) == (name, address)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Ann", "Ann <>", "Ann a@b.test>", "Ann <a@b.test", "a@b.test, c@d.test", "<a@b.test>, <c@d.test>"),
        *("Ann <a@b.test> <c@d.test>", "group: a@b.test;", '"a"b" <a@b.test>', "Ann <<a@b.test>>"),
        *("Ann\r\nBcc: x@y.test <a@b.test>", "Ann\0 <a@b.test>", "Ann\u2028 <a@b.test>", "\ud800 <a@b.test>"),
        "x" * 2000 + " <a@b.test>",
    ],
)
def test_what_is_not_one_mailbox_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Mailbox.parse(text)


def test_a_refusal_shows_a_bounded_piece_of_the_text() -> None:
    with pytest.raises(AddressError) as caught:
        Address.parse("x" * 100_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("domain", "parent", "expected"),
    [
        ("b.test", "b.test", True),
        ("a.b.test", "b.test", True),
        ("ab.test", "b.test", False),
        ("test", "b.test", False),
        ("b.test.evil.test", "b.test", False),
    ],
)
def test_a_subdomain_is_told_from_a_namesake(domain: str, parent: str, expected: bool) -> None:
    assert same_or_below(domain, parent) is expected


_BREAKS = re.compile("[\r\n\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029\ud800-\udfff]")
_SYNTAX = st.sampled_from([*'@<>"\\.,;: ()[]', "\r", "\n", "\0", "\u2028", "\ud800", "xn--", "é", "İ", "ß", "。"])
_ANYTHING = st.one_of(
    st.text(st.characters(codec=None)),
    st.lists(st.one_of(_SYNTAX, st.text(st.characters(codec=None), max_size=3)), max_size=20).map("".join),
    st.tuples(st.text(max_size=5), st.text(max_size=12)).map(lambda pair: f"{pair[0]}@{pair[1]}.test"),
    st.lists(st.one_of(_SYNTAX, st.just("a")), max_size=9).map(lambda parts: f'"{"".join(parts)}"@b.test'),
)


@given(_ANYTHING)
def test_parsing_raises_address_errors_only_and_round_trips(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert not _BREAKS.search(str(address))
    assert address.domain.isascii()
    assert address.domain == address.domain.lower()
    assert Address.parse(str(address)) == address
    assert len(str(address).encode()) <= 254


@given(_ANYTHING, st.one_of(st.none(), _ANYTHING))
def test_a_mailbox_never_holds_a_line_break(text: str, name: str | None) -> None:
    try:
        mailbox = Mailbox.parse(text if name is None else f"{name} <{text}>")
    except AddressError:
        return
    assert not _BREAKS.search(mailbox.name)
    assert Address.parse(str(mailbox.address)) == mailbox.address


@given(_ANYTHING)
def test_a_domain_is_read_once_and_for_all(text: str) -> None:
    try:
        domain = parse_domain(text)
    except AddressError:
        return
    assert parse_domain(domain) == domain
