"""DKIM: what dkimpy signs verifies, what was altered since does not, and nothing that signers send takes long."""

import base64
import itertools
import re
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from emailgw.authentication.dkim import PIECE, SignedMail, find_key
from emailgw.authentication.dkim_records import Unusable, read_key, read_signature
from emailgw.core.directory import DkimAlgorithm
from emailgw.core.dns import Looked
from emailgw.mime import dkim as ours
from emailgw.mime.canonical import relaxed_body, relaxed_body_pieces
from tests.authentication.signing import MESSAGE, record_of, rsa_key, sign

FORMS = [b"simple", b"relaxed"]
PAIRS = list(itertools.product(FORMS, FORMS))


def verdict(raw: bytes, record: str = "") -> tuple[str, str]:
    """Of the topmost signature, with the key's record."""
    mail = SignedMail(raw)
    try:
        signature = read_signature(mail.signatures[0])
        mail.check(signature, find_key(signature, Looked((record or record_of(rsa_key()),))))
    except Unusable as error:
        return error.result, str(error)
    return "pass", ""


def with_tag(raw: bytes, name: bytes, value: bytes) -> bytes:
    """Another value for a tag of the signature on top."""
    changed, count = re.subn(rb"([ ;]" + name + rb"=)[^;]*", rb"\g<1>" + value, raw, count=1)
    assert count == 1
    return changed


@pytest.mark.parametrize("forms", PAIRS, ids=lambda forms: b"/".join(forms).decode())
@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b" \r\n \t\r\n", b"a", b"a \t b \r\n\r\n", b"x" * 200_000])
def test_what_dkimpy_signs_verifies(forms: tuple[bytes, bytes], body: bytes) -> None:
    message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
    assert verdict(sign(message, canonicalize=forms)) == ("pass", "")


@pytest.mark.parametrize("forms", PAIRS, ids=lambda forms: b"/".join(forms).decode())
def test_what_was_altered_does_not(forms: tuple[bytes, bytes]) -> None:
    signed = sign(canonicalize=forms)
    assert verdict(signed.replace(b"last", b"lost"))[0] == "fail"
    assert verdict(signed.replace(b"Hello", b"Hullo"))[0] == "fail"
    assert verdict(signed + b"more\r\n")[0] == "fail"
    assert verdict(signed.replace(b"From: Ann", b"From: Amy"))[0] == "fail"
    assert verdict(signed, record_of(rsa_key(1024)))[0] == "fail"
    is_loose = forms[1] == b"relaxed"
    assert verdict(signed.replace(b"blanks \r\n", b"blanks\r\n"))[0] == ("pass" if is_loose else "fail")
    assert verdict(signed.replace(b"Subject:  Hello   \r\n", b"SUBJECT: Hello\r\n"))[0] == (
        "pass" if forms[0] == b"relaxed" else "fail"
    )
    assert verdict(signed + b"\r\n\r\n")[0] == "pass"


def test_a_second_field_of_a_name_that_was_signed_once_too_often() -> None:
    named = [b"from", b"from", b"subject", b"to", b"message-id"]
    signed = sign(include_headers=named)
    assert verdict(signed)[0] == "pass"
    top, rest = signed.split(b"Received:", 1)
    assert verdict(top + b"From: ceo@bank.test\r\nReceived:" + rest)[0] == "fail"
    assert verdict(top + b"Received:" + rest.replace(b"\r\n\r\n", b"\r\nFrom: ceo@bank.test\r\n\r\n", 1))[0] == "fail"


@pytest.mark.parametrize("algorithm", DkimAlgorithm)
def test_what_we_sign_ourselves_verifies(algorithm: DkimAlgorithm) -> None:
    der = ours.generate_key(algorithm)
    signed = ours.sign(MESSAGE, [ours.Signer("author.test", "s", der)], 1_800_000_000_000) + MESSAGE
    assert verdict(signed, ours.public_record(der)) == ("pass", "")
    assert verdict(signed.replace(b"Hello", b"Hullo"), ours.public_record(der))[0] == "fail"


def test_a_part_of_the_body_is_not_enough() -> None:
    signed = sign(length=True)
    assert verdict(signed) == ("pass", "")
    assert verdict(signed + b"Send money.\r\n") == ("policy", "only a part of the body is signed")
    assert verdict(signed.replace(b"last line.", b""))[0] == "permerror"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"v", b"2", "neutral"),
        (b"a", b"rsa-sha1", "policy"),
        (b"a", b"rot13", "neutral"),
        (b"a", b"ed25519-sha256", "permerror"),  # the key is another's
        (b"c", b"loose", "neutral"),
        (b"q", b"http", "neutral"),
        (b"d", b"a b", "permerror"),
        (b"d", b"x" * 5000, "permerror"),
        (b"d", b"", "permerror"),
        (b"s", b"a..b", "permerror"),
        (b"s", b".".join([b"s" * 50] * 5), "permerror"),
        (b"i", b"@elsewhere.test", "permerror"),
        (b"h", b"to : subject", "permerror"),
        (b"h", b"from" + b":x" * 5000, "policy"),
        (b"bh", b"%%%", "neutral"),
        (b"l", b"-1", "neutral"),
        (b"x", b"5", "neutral"),  # before it was made
        (b"bh", b"AAAA; bh=AAAA", "neutral"),
    ],
)
def test_a_signature_that_is_none(name: bytes, value: bytes, expected: str) -> None:
    signed = sign().replace(b"DKIM-Signature: ", b"DKIM-Signature: l=9; x=99999999999;", 1)
    assert verdict(with_tag(signed, name, value))[0] == expected


@pytest.mark.parametrize(
    "junk", [b"", b"v=1", b";;;", b"=", b"\xff\xfe", b"v=1;" * 100, b"v" * 100_000, b";" * 100_000]
)
def test_junk_is_no_signature(junk: bytes) -> None:
    assert verdict(b"DKIM-Signature: " + junk + b"\r\n" + MESSAGE)[0] in ("neutral", "permerror")


KEY = record_of(rsa_key()).partition("p=")[2]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f"p={KEY}", "pass"),
        (f"v=DKIM1; p={KEY};", "pass"),
        (f"v=DKIM1; k=rsa; h=sha1:sha256; s=email; t=y:s; n=note; p={KEY[:50]} {KEY[50:]}", "pass"),
        (f"v=DKIM2; p={KEY}", "permerror"),
        (f"p={KEY}; v=DKIM1", "permerror"),
        ("v=DKIM1; p=", "permerror"),
        ("v=DKIM1; p=AAAA", "permerror"),
        ("v=DKIM1; p=%%%%", "permerror"),
        ("v=DKIM1", "permerror"),
        ("v=spf1 -all", "permerror"),
        (f"v=DKIM1; h=sha1; p={KEY}", "permerror"),
        (f"v=DKIM1; s=tlsrpt; p={KEY}", "permerror"),
        (f"v=DKIM1; k=ed25519; p={KEY}", "permerror"),
        (f"v=DKIM1; k=dsa; p={KEY}", "permerror"),
        (f"p={KEY}; p={KEY}", "permerror"),
    ],
)
def test_records_of_keys(record: str, expected: str) -> None:
    assert verdict(sign(), record)[0] == expected


def test_a_key_in_the_form_of_pkcs_1() -> None:
    key = base64.b64encode(rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
    assert verdict(sign(), f"v=DKIM1; p={key}")[0] == "pass"


def test_keys_too_short_and_too_long() -> None:
    assert verdict(sign(bits=1024), record_of(rsa_key(1024)))[0] == "pass"
    for size in (512, 8192):
        # A number of that size stands for a key: making one of 8,192 bits takes seconds.
        with pytest.raises(Unusable, match=f"has {size} bits"):
            read_key(f"p={_spki((1 << size - 1) + 1, 65537)}")
    with pytest.raises(Unusable, match="exponent"):
        read_key(f"p={_spki((1 << 2047) + 1, (1 << 2000) + 1)}")


def _spki(modulus: int, exponent: int) -> str:
    """RSAPublicKey, RFC 8017 §A.1.1, by hand."""

    def field(tag: int, content: bytes) -> bytes:
        size = len(content)
        octets = b"" if size < 128 else size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag, 0x80 | len(octets) if octets else size]) + octets + content

    numbers = [field(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent)]
    return base64.b64encode(field(0x30, b"".join(numbers))).decode()


def test_dns_has_the_last_word() -> None:
    signature = read_signature(SignedMail(sign()).signatures[0])
    assert signature.key_name == "s._domainkey.author.test"
    for looked, expected in (
        (Looked(trouble="no answer"), "temperror"),
        (Looked(no_name=True), "permerror"),
        (Looked(("junk", record_of(rsa_key()))), ""),
    ):
        if not expected:
            assert find_key(signature, looked).kind == "rsa"
            continue
        with pytest.raises(Unusable) as refused:
            find_key(signature, looked)
        assert refused.value.result == expected


def test_a_key_for_one_domain_alone() -> None:
    signed = sign(identity=b"@sub.author.test")
    assert verdict(signed, f"t=s; p={KEY}")[0] == "permerror"
    assert verdict(signed, f"p={KEY}")[0] == "pass"


@given(
    st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"\r\n\r\n", b"bc"]), max_size=30).map(b"".join),
    st.integers(1, 7),
)
def test_a_body_in_pieces_is_the_body(body: bytes, size: int) -> None:
    assert b"".join(relaxed_body_pieces(b"head" + body, 4, size)) == relaxed_body(body)


@pytest.mark.parametrize("body", [b" ", b"\r\n", b"a ", b" \r\n", b"a\r\n", b"\t \r\n"])
@pytest.mark.parametrize("form", FORMS)
def test_no_body_takes_more_than_its_size(form: bytes, body: bytes) -> None:
    """Twice as much takes about twice as long; what is quadratic takes four times, or an hour."""
    signature = read_signature(SignedMail(with_tag(sign(), b"c", form + b"/" + form)).signatures[0])
    key = read_key(record_of(rsa_key()))

    def cost(octets: int) -> float:
        mail = SignedMail(b"From: a@b.test\r\n\r\n" + b"x" + body * (octets // len(body)) + b"y\r\n")
        start = time.process_time()
        with pytest.raises(Unusable):
            mail.check(signature, key)
        return time.process_time() - start

    small = min(cost(32 * PIECE) for _ in range(3))
    assert min(cost(64 * PIECE) for _ in range(3)) < 3.5 * small + 0.02


def test_a_header_without_end() -> None:
    with pytest.raises(Unusable, match="header"):
        SignedMail(b"X: y\r\n" * 200_000 + b"\r\nbody")
