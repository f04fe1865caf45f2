"""Tracking in whole messages: leaves change, what is signed never does."""

import email
import email.policy
from email.message import EmailMessage

import msgspec
import pytest

from emailgw.core.address import Mailbox
from emailgw.core.ids import RecipientId
from emailgw.core.model import Content
from emailgw.core.tracking import Tracking
from emailgw.mime.rawtracking import track_raw
from emailgw.mime.tokens import Tokens
from emailgw.mime.tracking import Letter, Links
from tests.harness.mail import make_mail

MAIL = make_mail("joe@example.test")
AUTHOR = Mailbox.parse("a@sender.test")
LEAF = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {0}\r\n\r\n{1}"
ANCHOR = '<a href="https://shop.test/x">ü</a>'
BASE64 = "PGEgaHJlZj0iaHR0cHM6Ly9zaG9wLnRlc3QveCI+w7w8L2E+\r\n"
TOP = "From: a@sender.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def letter(**wanted: object) -> Letter:
    message = msgspec.structs.replace(MAIL.message, tracking=Tracking(**wanted))  # type: ignore[arg-type]
    links = Links(Tokens({1: b"k" * 32}, 1), "https://links.sender.test")
    return Letter(message, MAIL.recipients[0], links, "<mailto:u@x>")


def tracked(raw: str, **wanted: object) -> bytes:
    made = track_raw(Content(AUTHOR, raw=raw.encode()), letter(**wanted))
    assert made.raw is not None
    assert track_raw(Content(AUTHOR, raw=raw.encode()), letter(**wanted)) == made
    return made.raw


def parts(data: bytes) -> list[EmailMessage]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    found = [part for part in message.walk() if not part.is_multipart()]
    assert all(isinstance(part, EmailMessage) for part in found)
    return found


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("8bit", ANCHOR + "\r\n"),
        ("base64", BASE64),
        ("quoted-printable", ANCHOR.replace("=", "=3D").replace("ü", "=C3=BC")),
    ],
)
def test_leaves_in_every_encoding(encoding: str, body: str) -> None:
    [leaf] = parts(tracked(TOP + LEAF.format(encoding, body), clicks=True))
    html = leaf.get_content()
    assert html.startswith('<a href="https://links.sender.test/t/')
    assert ">ü</a>" in html


MULTIPART = (
    TOP
    + 'Content-Type: multipart/alternative; boundary="=-x"\r\n\r\npreamble\r\n--=-x\r\nContent-Type: text/plain\r\n\r\n'
    "see https://shop.test/t\r\n--=-x\r\n" + LEAF.format("8bit", ANCHOR) + "\r\n--=-x--\r\nepilogue\r\n"
)


@pytest.mark.parametrize("boundary", ["=-x", "--", "b b", "'()+_,-./:=?"])
def test_multiparts_stay_what_they_are(boundary: str) -> None:
    raw = MULTIPART.replace("=-x", boundary)
    assert tracked(raw) == raw.encode()
    made = tracked(raw, clicks=True)
    plain, html = parts(made)
    assert plain.get_content().strip() == "see https://shop.test/t"
    assert "links.sender.test" in html.get_content()
    begin, end = raw.encode().split(b"Content-Type: text/html")[0], b"--" + boundary.encode() + b"--\r\nepilogue\r\n"
    assert made.startswith(begin)
    assert made.endswith(end)
    assert "links.sender.test" in parts(tracked(raw, clicks=True, text=True))[0].get_content()


@pytest.mark.parametrize(
    "raw",
    [
        "DKIM-Signature: v=1\r\n" + MULTIPART,
        MULTIPART.replace("multipart/alternative", 'multipart/signed; protocol="x/y"'),
        MULTIPART.replace("multipart/alternative", "Multipart/Encrypted"),
        TOP + "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\n" + ANCHOR,
        TOP + LEAF.format("8bit", ANCHOR).replace("Content-Type", "Content-Disposition: attachment\r\nContent-Type"),
        TOP + LEAF.format("base64", "!!!"),
        TOP + LEAF.format("x-uuencode", ANCHOR),
        TOP + LEAF.format("8bit", ANCHOR).replace("utf-8", "utf-16"),
        TOP + "Content-Type: message/rfc822\r\n\r\n" + TOP + LEAF.format("8bit", ANCHOR),
        TOP + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x--\r\n",
        TOP + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x\r\n\r\n\r\n--x",
        TOP + "Content-Type: multipart/mixed; boundary=x\r\n\r\nno parts\r\n",
        TOP.rstrip(),
    ],
)  # fmt: skip
def test_what_is_left_as_it_is(raw: str) -> None:
    raw = raw if raw.endswith("\r\n") or "\r\n\r\n" in raw else raw + "\r\n"
    assert tracked(raw, opens=True, clicks=True, text=True) == raw.encode()


def test_a_signed_part_within() -> None:
    inner = "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + LEAF.format("8bit", ANCHOR) + "\r\n--s--"
    raw = TOP + "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + inner + "\r\n--m\r\n"
    raw += LEAF.format("8bit", ANCHOR) + "\r\n--m--\r\n"
    made = tracked(raw, clicks=True)
    assert inner.encode() in made
    assert made.count(b"links.sender.test") == 1


def test_how_to_unsubscribe_is_added_once() -> None:
    made = tracked(MULTIPART, unsubscribe="news")
    assert made.startswith(b"List-Unsubscribe: <https://links.sender.test/u/")
    assert made.endswith(MULTIPART.encode())
    own = "List-Unsubscribe: <https://own.test/u>\r\n" + MULTIPART
    assert tracked(own, unsubscribe="news") == own.encode()


def test_recipients_have_their_own_links() -> None:
    first = letter(clicks=True)
    other = first._replace(recipient=msgspec.structs.replace(first.recipient, id=RecipientId(99)))
    assert first.click("https://a.test/") != other.click("https://a.test/")
    assert first.click(first.click("https://a.test/") or "") is None
