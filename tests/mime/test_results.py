"""Authentication-Results: what is written is read back by another's reader, and no forgery of ours stays."""

import email.policy
from email import message_from_bytes

import pytest

from emailgw.core.receiving import Authentication, DkimVerdict, DmarcVerdict, SpfVerdict
from emailgw.mime.incoming import without_fields
from emailgw.mime.results import is_forged, results_field

FOUND = Authentication(
    SpfVerdict("pass", "bounces.author.test"),
    (DkimVerdict("pass", "author.test", "s1"), DkimVerdict("fail", "list.test", "s2", 'the "body"\r\nis\\other')),
    DmarcVerdict("pass", "author.test", "reject", aligned=("spf", "dkim")),
)


def test_it_says_what_was_found() -> None:
    field = results_field("mx.here.test", FOUND)
    assert field == (
        b"Authentication-Results: mx.here.test;\r\n"
        b"\tspf=pass smtp.mailfrom=bounces.author.test;\r\n"
        b"\tdkim=pass header.d=author.test header.s=s1;\r\n"
        b'\tdkim=fail reason="the ?body???is?other" header.d=list.test header.s=s2;\r\n'
        b"\tdmarc=pass (p=reject dis=none) header.from=author.test\r\n"
    )
    parsed = message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert not parsed.defects
    assert [part.strip().partition(" ")[0] for part in str(parsed["Authentication-Results"]).split(";")] == [
        *("mx.here.test", "spf=pass", "dkim=pass", "dkim=fail", "dmarc=pass")
    ]


def test_it_says_that_nothing_was_found() -> None:
    lines = results_field("mx.here.test", Authentication(SpfVerdict(identity="helo", domain="h.test"))).split(b"\r\n")
    assert lines[1:] == [b"\tspf=none smtp.helo=h.test;", b"\tdkim=none;", b"\tdmarc=none", b""]


def test_the_rest_stays_whatever_it_ends_with() -> None:
    for raw in (b"A: b\r\nC: d", b"A: b\r\n", b"\r\n\r\nA: b", b"", b"C", b"A: b\r\n\r\n\r\nA: b\r\n"):
        assert without_fields(raw, lambda _: False) == raw
    assert without_fields(b"A: b\r\n more\r\nC: d", lambda field: field.startswith(b"A")) == b"C: d"
    assert without_fields(b"A: b\r\n\r\nA: c", lambda field: field.startswith(b"A")) == b"\r\nA: c"


@pytest.mark.parametrize(
    ("field", "forged"),
    [
        (b"Authentication-Results: mx.here.test; spf=pass", True),
        (b"authentication-RESULTS : MX.Here.test 1; spf=pass", True),
        (b"Authentication-Results:mx.here.test", True),
        (b"Authentication-Results:\r\n\tmx.here.test;\r\n\tspf=pass", True),
        (b'Authentication-Results: "mx.here.test"; spf=pass', True),
        (b'Authentication-Results: "mx.\\here.test"; spf=pass', True),
        (b"Authentication-Results: (a (nested) \\) one) mx.here.test (v) 1; none", True),
        (b"Authentication-Results: mx.here.test.; none", True),
        (b"Authentication-Results: mx.elsewhere.test; x=mx.here.test", False),
        (b"Authentication-Results: xmx.here.test; none", False),
        (b"Authentication-Results: (mx.here.test) other.test; none", False),
        (b"Authentication-Results:", False),
        (b"Authentication-Results: " + b"(" * 100_000, False),
        (b"ARC-Authentication-Results: i=1; mx.here.test; none", False),
        (b"Subject: mx.here.test", False),
    ],
)
def test_forgeries(field: bytes, forged: bool) -> None:
    assert is_forged(field, "mx.here.test") is forged
    raw = b"A: b\r\n" + field + b"\r\nC: d\r\n\r\nBody\r\n"
    left = without_fields(raw, lambda one: is_forged(one, "mx.here.test"))
    assert left == (b"A: b\r\nC: d\r\n\r\nBody\r\n" if forged else raw)
