"""What we sign is judged by dkimpy, a verifier that we did not write."""

import base64
import re
import types
from collections.abc import Iterator

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from emailgw.core.address import Mailbox
from emailgw.core.directory import DkimAlgorithm
from emailgw.core.model import Attachment
from emailgw.mime.compose import compose
from emailgw.mime.dkim import Signer, check_selector, generate_key, public_record, sign
from tests.mime.judges import ANYTHING, AUTHOR, content, message

AT = 1_700_000_000_000
KEYS = {algorithm: generate_key(algorithm) for algorithm in DkimAlgorithm}
RSA = Signer("example.com", "rsa", KEYS[DkimAlgorithm.RSA])
ED25519 = Signer("example.com", "ed", KEYS[DkimAlgorithm.ED25519])
BOTH = [RSA, ED25519]
RECORDS = {
    b"rsa._domainkey.example.com.": public_record(KEYS[DkimAlgorithm.RSA]).encode(),
    b"ed._domainkey.example.com.": public_record(KEYS[DkimAlgorithm.ED25519]).encode(),
}

MAIL = compose(
    content(
        subject="Grüße",
        text="Hello  there \r\n\r\n",
        html="<p>hi</p>",
        headers=(("List-Unsubscribe", "<https://example.com/" + "u" * 300 + ">"), ("X-Other", "x")),
        attachments=(Attachment("a.bin", bytes(3000)),),
    ),
    message(),
)


class VerifyKey:
    """The one primitive that dkimpy takes from PyNaCl, which is not needed otherwise."""

    def __init__(self, key: bytes, encoder: type["Base64Encoder"]) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(encoder.decode(key))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


class Base64Encoder:
    @staticmethod
    def decode(data: bytes) -> bytes:
        return base64.b64decode(data, validate=True)


@pytest.fixture(autouse=True, scope="module")
def _nacl() -> Iterator[None]:
    if hasattr(dkim, "nacl"):
        yield
        return
    dkim.nacl = types.SimpleNamespace(
        signing=types.SimpleNamespace(VerifyKey=VerifyKey),
        encoding=types.SimpleNamespace(Base64Encoder=Base64Encoder),
        exceptions=types.SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    yield
    del dkim.nacl


def verdicts(data: bytes) -> list[bool]:
    """For each signature, first to last, whether it holds."""

    def lookup(name: bytes, timeout: int = 5) -> bytes | None:
        return RECORDS.get(name)

    count = len(re.findall(rb"^DKIM-Signature:", data, re.MULTILINE))
    found = []
    for index in range(count):
        try:
            found.append(bool(dkim.DKIM(data).verify(idx=index, dnsfunc=lookup)))
        except dkim.ValidationError:
            found.append(False)
    return found


def signed(data: bytes = MAIL) -> bytes:
    return sign(data, BOTH, AT) + data


def test_both_algorithms_verify() -> None:
    assert verdicts(signed()) == [True, True]


def test_the_fields_are_folded_and_say_what_they_should() -> None:
    fields = sign(MAIL, BOTH, AT).decode()
    lines = fields.split("\r\n")
    assert lines.pop() == ""
    assert all(len(line) <= 76 for line in lines)
    first, second = re.split(r"\r\n(?=DKIM)", fields)
    tags = dict(tag.split("=", 1) for tag in re.sub(r"\s", "", first.partition(":")[2]).split(";"))
    assert {key: tags[key] for key in ("v", "a", "c", "d", "s", "t")} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "example.com",
        "s": "rsa",
        "t": "1700000000",
    }
    assert set(tags) == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}
    assert "a=ed25519-sha256" in second
    names = tags["h"].split(":")
    counts = {name: names.count(name) for name in names}
    assert counts["from"] == counts["to"] == counts["subject"] == counts["list-unsubscribe"] == 2
    assert counts["cc"] == counts["reply-to"] == counts["in-reply-to"] == 1
    assert "x-other" not in counts
    assert "sender" not in counts


@pytest.mark.parametrize(
    "added",
    [
        *("From: eve@example.com", "To: eve@example.com", "Cc: eve@example.com", "Reply-To: eve@example.com"),
        *("Subject: other", "Date: Tue, 14 Nov 2023 22:13:21 +0000", "Message-ID: <x@y>", "In-Reply-To: <x@y>"),
        *("Content-Type: text/html", "MIME-Version: 2.0", "List-Unsubscribe: <https://eve.example>"),
    ],
)
def test_no_field_that_matters_can_be_added(added: str) -> None:
    assert verdicts(added.encode() + b"\r\n" + signed()) == [False, False]
    header, end, body = signed().partition(b"\r\n\r\n")
    assert verdicts(header + b"\r\n" + added.encode() + end + body) == [False, False]


@pytest.mark.parametrize(
    "added", ["List-Id: <list.example.org>", "Sender: list@example.org", "X-A: b", "Received: by x"]
)
def test_hosts_and_lists_may_add_theirs(added: str) -> None:
    assert verdicts(added.encode() + b"\r\n" + signed()) == [True, True]


@pytest.mark.parametrize(
    ("old", "new"), [(b"Hello", b"Hallo"), (b"<p>hi", b"<p>ho"), (b"ann@", b"eve@"), (b"uuu", b"uu")]
)
def test_a_change_is_found(old: bytes, new: bytes) -> None:
    assert old in signed()
    assert verdicts(signed().replace(old, new, 1)) == [False, False]


def test_white_space_may_change_on_the_way() -> None:
    assert verdicts(signed().replace(b"Subject: ", b"subject:\t ") + b"\r\n\r\n") == [True, True]


BODIES = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"x  y", b"\xe9", b"\r\n\r\n", b"."]), max_size=40)


@settings(max_examples=40, deadline=None)
@given(BODIES.map(b"".join))
def test_any_body_verifies(body: bytes) -> None:
    body += b"\r\n"  # as any body over SMTP; without it dkimpy keeps blanks at the end that the standard drops
    assert verdicts(signed(b"From: a@example.com\r\nSubject: x\r\n\r\n" + body)) == [True, True]


@settings(max_examples=40, deadline=None)
@given(ANYTHING.filter(lambda text: "   " not in text), ANYTHING.filter(lambda text: "   " not in text))
def test_any_header_verifies(subject: str, name: str) -> None:
    mail = compose(content(subject=subject, author=Mailbox(name, AUTHOR.address), text="x"), message())
    assert verdicts(signed(mail)) == [True, True]


@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@example.com\r\n\r\n",
        b"From: a@example.com\r\n",
        b"From: a@example.com\r\nTo: b@x\r\nTo: c@x\r\nSubject:\r\n folded\r\n\t twice\r\n\r\nbody",
        b"fRoM:a@example.com\r\nSUBJECT:x\r\n\r\nbody\r\n",
    ],
)
def test_odd_messages_verify(mail: bytes) -> None:
    assert verdicts(signed(mail)) == [True, True]


def test_records() -> None:
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{392}", public_record(KEYS[DkimAlgorithm.RSA]))
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=", public_record(KEYS[DkimAlgorithm.ED25519]))


def test_keys_that_cannot_sign_are_refused() -> None:
    elliptic = generate_ec_key(SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    rsa = load_der_private_key(KEYS[DkimAlgorithm.RSA], None)
    locked = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for key in (elliptic, locked, b"", b"nonsense"):
        with pytest.raises(ValueError, match=r".+"):
            Signer("example.com", "s", key)


@pytest.mark.parametrize("selector", ["", "a b", "a;", "a..b", "é", "a\r\nb", "-a", "a" * 64, "a." * 120 + "a"])
def test_selectors_that_are_none(selector: str) -> None:
    with pytest.raises(ValueError, match="is not a DKIM selector"):
        check_selector(selector)


def test_names_are_lower_case() -> None:
    signer = Signer("EXAMPLE.com", "S1.Mail", KEYS[DkimAlgorithm.ED25519])
    assert (signer.domain, signer.selector) == ("example.com", "s1.mail")
    with pytest.raises(ValueError, match="not a valid domain"):
        Signer("a;b", "s", KEYS[DkimAlgorithm.ED25519])
