import email.message
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emailgw.core.address import Address, Mailbox
from emailgw.core.ids import MessageId
from emailgw.core.model import Attachment, Content
from emailgw.mime.compose import Boundaries, compose
from tests.bounce.corpora import needs_corpora
from tests.mime.judges import (
    ANYTHING,
    AUTHOR,
    BROKEN,
    HOSTILE,
    READER,
    assert_sound,
    boxes,
    content,
    decoded,
    expected,
    message,
    old_mailboxes,
    second_reader,
    stdlib,
    stdlib_old,
)

SAMPLES = Path(__file__).parents[2] / "../shared/corpora/mime/samples"

PDF = Attachment("report.pdf", bytes(range(256)) * 20, "application/pdf")
LOGO = Attachment("logo.png", b"\x89PNG\r\n\x1a\n", "image/png", "logo@example.com")


def shape(part: "email.message.Message[str, str]") -> str:
    """`alternative[plain related[html png]]`."""
    assert not part.defects
    if part.get_content_maintype() == "multipart":
        children = part.get_payload()
        assert isinstance(children, list)
        return f"{part.get_content_subtype()}[{' '.join(map(shape, children))}]"
    return part.get_content_subtype()


def lines(text: str) -> list[str]:
    """What a text part must say, line by line, without the empty lines at its end."""
    halves = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return halves.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def text_of(part: "email.message.Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "plain"),
        ({"text": "t"}, "plain"),
        ({"html": "<p>"}, "html"),
        ({"text": "t", "html": "<p>"}, "alternative[plain html]"),
        ({"text": "", "html": "<p>"}, "html"),
        ({"text": "t", "html": ""}, "plain"),
        ({"html": "<p>", "attachments": (LOGO,)}, "related[html png]"),
        ({"text": "t", "html": "<p>", "attachments": (LOGO,)}, "alternative[plain related[html png]]"),
        ({"text": "t", "attachments": (PDF,)}, "mixed[plain pdf]"),
        ({"text": "t", "attachments": (LOGO,)}, "mixed[plain png]"),
        ({"attachments": (PDF,)}, "mixed[pdf]"),
        ({"attachments": (PDF, LOGO)}, "mixed[pdf png]"),
        ({"html": "<p>", "attachments": (PDF, LOGO)}, "mixed[related[html png] pdf]"),
        (
            {"text": "t", "html": "<p>", "attachments": (PDF, LOGO, PDF)},
            "mixed[alternative[plain related[html png]] pdf pdf]",
        ),
    ],
)
def test_the_structure_has_the_levels_it_needs(fields: dict[str, object], wanted: str) -> None:
    data = compose(content(**fields), message())
    assert_sound(data)
    assert shape(stdlib(data)) == wanted
    assert shape(stdlib_old(data)) == wanted


def test_a_plain_message_reads_as_one_expects() -> None:
    made = content(
        subject="Hello", text="Hi Ben,\nbye.\n", reply_to=(Mailbox.parse("r@example.com"),), headers=(("X-A", "1"),)
    )
    assert compose(made, message(cc=(Mailbox.parse("Cy <cy@example.org>"),))).decode().split("\r\n") == [
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "From: Ann <ann@example.com>",
        "To: ben@example.org",
        "Cc: Cy <cy@example.org>",
        "Reply-To: r@example.com",
        "Subject: Hello",
        "Message-ID: <018bcfe5-6800-7000-8000-000000000000@example.com>",
        "MIME-Version: 1.0",
        "X-A: 1",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: 7bit",
        "",
        "Hi Ben,",
        "bye.",
        "",
    ]


def test_the_same_arguments_give_the_same_bytes() -> None:
    made = content(subject="ü", text="ü", html="<p>ü", attachments=(PDF, LOGO))
    assert compose(made, message()) == compose(made, message())
    assert compose(made, message()) != compose(made, message(id=MessageId("018bcfe5-6800-7000-8000-000000000001")))


def test_bcc_never_shows() -> None:
    hidden = (Mailbox.parse("Secret Reader <secret@example.net>"),)
    data = compose(content(text="x", headers=(("Bcc", "secret@example.net"),)), message(to=(), bcc=hidden))
    assert b"ecret" not in data
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in data
    assert stdlib(data)["To"].addresses == ()


@pytest.mark.parametrize("at", [-1, 0, 1_700_000_000_999, 10**17])
def test_any_date_is_a_date(at: int) -> None:
    seen = stdlib(compose(content(), message(date=at)))["Date"].datetime
    assert seen.timestamp() == min(max(at // 1000, 0), 253402300799)


def test_custom_headers_stay_in_order_and_cannot_take_our_place() -> None:
    headers = (
        ("X-B", "2"),
        ("X-A", "1"),
        ("X-B", "3"),
        ("fRoM", "eve@example.com"),
        ("Subject", "other"),
        ("Content-Type", "text/html"),
        ("DKIM-Signature", "v=1"),
        ("X-Evil: x\r\nBcc", "y"),
        ("", "y"),
        ("Reply-To", "a@example.com"),
    )
    seen = stdlib_old(compose(content(subject="s", headers=headers), message()))
    assert [(name, value) for name, value in seen.items() if name.startswith("X-")] == [
        ("X-B", "2"),
        ("X-A", "1"),
        ("X-B", "3"),
    ]
    assert seen.get_all("From") == ["Ann <ann@example.com>"]
    assert seen.get_all("Subject") == ["s"]
    assert seen.get_all("Reply-To") == ["a@example.com"]
    assert "DKIM-Signature" not in seen
    own = content(reply_to=(READER,), headers=headers)
    assert stdlib_old(compose(own, message())).get_all("Reply-To") == ["ben@example.org"]


def test_a_local_part_beyond_ascii_is_utf8() -> None:
    data = compose(content(author=Mailbox("Jörg", Address.parse("jörg@example.com"))), message())
    assert "From: =?utf-8?q?J=C3=B6rg?= <jörg@example.com>\r\n".encode() in data


@pytest.mark.parametrize("value", HOSTILE + BROKEN)
def test_no_text_anywhere_becomes_another_field(value: str) -> None:
    made = content(
        author=Mailbox(value, AUTHOR.address),
        subject=value,
        text=value,
        html=value,
        headers=(("X-Custom", value),),
        attachments=(Attachment(value, b"data", value, value), Attachment(value, b"data", f"text/x; a={value}")),
    )
    data = compose(made, message(to=(Mailbox(value, READER.address),)))
    assert_sound(data)
    plain = compose(
        content(subject="s", text="t", html="h", headers=(("X-Custom", "v"),), attachments=(PDF,)), message()
    )
    for read in (stdlib, stdlib_old):
        seen = read(data)
        assert seen.keys() == read(plain).keys()
        parts = list(seen.walk())
        assert [sorted(part.keys()) for part in parts[1:] if part.get_content_type() == "text/html"] == [
            ["Content-Transfer-Encoding", "Content-Type"]
        ]
        assert {key for part in parts[1:] for key in part.keys()} == {  # noqa: SIM118
            *("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID")
        }
    other = second_reader(data)
    assert {"Bcc", "bcc"}.isdisjoint(other.headers)
    assert other.text_plain[0].strip() == unicodedata.normalize("NFC", "\r\n".join(lines(value)).strip())


ATTACHMENTS = st.builds(
    Attachment,
    ANYTHING,
    st.binary(max_size=300),
    st.one_of(
        st.sampled_from(["text/plain; charset=utf-8", "message/rfc822", "multipart/mixed", "image/png"]), ANYTHING
    ),
    st.one_of(st.none(), ANYTHING),
)
CONTENTS = st.builds(
    Content,
    author=boxes(),
    reply_to=st.lists(boxes(), max_size=2).map(tuple),
    subject=ANYTHING,
    text=st.one_of(st.none(), ANYTHING),
    html=st.one_of(st.none(), ANYTHING),
    headers=st.lists(
        st.tuples(st.sampled_from(["X-One", "List-Unsubscribe", "Bcc", "From"]), ANYTHING), max_size=4
    ).map(tuple),
    attachments=st.lists(ATTACHMENTS, max_size=3).map(tuple),
)


@given(CONTENTS, st.lists(boxes(), max_size=3))
@example(content(text="--" + Boundaries("018bcfe5-6800-7000-8000-000000000000").take().decode(), html="x"), [])
def test_anything_composes_to_what_was_given(made: Content, to: list[Mailbox]) -> None:
    data = compose(made, message(to=tuple(to)))
    assert_sound(data)
    seen = stdlib_old(data)
    custom = [(name, value) for name, value in made.headers if name in ("X-One", "List-Unsubscribe")]
    names = ["Date", "From", "To", *["Reply-To"][: len(made.reply_to)], "Subject", "Message-ID", "MIME-Version"]
    own = [name for name in seen.keys() if not name.startswith("Content-")]  # noqa: SIM118
    assert own == names + [name for name, _ in custom]
    assert decoded(seen["Subject"]) == expected(made.subject)
    assert old_mailboxes(data, "From") == [(expected(made.author.name), str(made.author.address))]
    if to:
        assert old_mailboxes(data, "To") == [(expected(box.name), str(box.address)) for box in to]
    leaves = leaves_of(seen)
    if made.text and made.html:
        assert [leaf.get_content_subtype() for leaf in leaves[:2]] == ["plain", "html"]
    texts = [text for text in (made.text, made.html) if text] or ([""] if not made.attachments else [])
    for leaf, text in zip(leaves, texts, strict=False):
        assert lines(text_of(leaf)) == lines(text)
    files = leaves[len(texts) :]
    ordered = sorted(made.attachments, key=lambda attachment: not (made.html and attachment.content_id))
    assert len(files) == len(ordered)
    for leaf, attachment in zip(files, ordered, strict=True):
        if leaf.get_content_maintype() != "message":
            assert leaf.get_payload(decode=True) == attachment.data
        assert leaf["Content-Disposition"].startswith(("attachment", "inline"))
        assert (leaf.get_filename() or "") == expected(attachment.filename).strip()


def leaves_of(part: "email.message.Message[str, str]") -> "list[email.message.Message[str, str]]":
    """The parts that hold content; an attached message is one of them, whatever it holds."""
    if part.get_content_maintype() != "multipart":
        return [part]
    children = part.get_payload()
    assert isinstance(children, list)
    return [leaf for child in children for leaf in leaves_of(child)]  # type: ignore[arg-type]


def test_both_readers_get_the_attachments() -> None:
    name = "Rechnung für Müller & Söhne, Köln – Anlage 3, zweite Ausfertigung.pdf"
    data = compose(
        content(text="t", html="h", attachments=(Attachment(name, PDF.data, "application/pdf"), LOGO)), message()
    )
    first = {part.get_filename(): part.get_payload(decode=True) for part in stdlib(data).walk() if part.get_filename()}
    assert first == {name: PDF.data, "logo.png": LOGO.data}
    second = {found["filename"]: found["mail_content_type"] for found in second_reader(data).attachments}
    assert second == {name: "application/pdf", "logo.png": "image/png"}
    assert b'Content-Disposition: inline; filename="logo.png"\r\nContent-ID: <logo@example.com>\r\n' in data


@pytest.mark.parametrize(
    ("given_type", "written"),
    [
        ("application/pdf", "application/pdf"),
        ("TEXT/Plain; Charset=utf-8;", "text/plain; charset=utf-8"),
        ('text/calendar; method="REQUEST"; charset=utf-8', 'text/calendar; method="REQUEST"; charset=utf-8'),
        ("image/png; name=\"other.png\"; name*=utf-8''x", "image/png"),
        ("multipart/mixed; boundary=x", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/plain; charset", "application/octet-stream"),
        ("text/plain\r\nBcc: eve@example.com", "application/octet-stream"),
        ("text/plain; a=b\r\nBcc: eve@example.com", "application/octet-stream"),
        ("text/plain; a==?utf-8?q?x?=", "application/octet-stream"),
        ('text/plain; a="=?utf-8?q?x?="', "application/octet-stream"),
        ("téxt/plain", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a/b" + "; c=d" * 100_000, "a/b; c=d"),
    ],
)
def test_content_types_are_well_formed_or_replaced(given_type: str, written: str) -> None:
    data = compose(content(attachments=(Attachment("", b"x", given_type),)), message())
    assert f"\r\nContent-Type: {written}\r\nContent-Transfer-Encoding: base64\r\n".encode() in data


def test_an_attached_message_is_not_encoded_but_kept_readable() -> None:
    inner = b'Subject: inner\nContent-Type: multipart/mixed; boundary="----=_NextPart"\n\n------=_NextPart\n\nhi\n'
    data = compose(content(text="t", attachments=(Attachment("m.eml", inner, "message/rfc822"),)), message())
    attached = stdlib(data).get_payload()[1]  # type: ignore[index]
    assert attached.get_content_type() == "message/rfc822"  # type: ignore[union-attr]
    assert attached.get_payload()[0]["Subject"] == "inner"  # type: ignore[union-attr,index]
    assert inner.replace(b"\n", b"\r\n") in data


def test_an_attached_message_that_cannot_pass_as_7bit_keeps_its_bytes() -> None:
    mine = compose(content(text="t", html="h"), message())
    for inner in (b"Subject: \xc3\xa9\n\nx", b"A: b\r\n\r\nx\ry\r\n", b"A: b\r\n\r\n" + b"x" * 999, mine):
        data = compose(content(text="t", attachments=(Attachment("m.eml", inner, "message/rfc822"),)), message())
        part = stdlib(data).get_payload()[1]  # type: ignore[index]
        assert part.get_content_type() == "application/octet-stream"  # type: ignore[union-attr]
        assert part.get_payload(decode=True) == inner  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"A: b\n\nx", b"A: b\r\n\r\nx\r\n"),
        (b"A: b\r\n\r\nx\ry\nz\r\n", b"A: b\r\n\r\nx\r\ny\r\nz\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_raw_messages_pass_with_crlf(raw: bytes, sent: bytes) -> None:
    assert compose(content(raw=raw), message()) == sent


@needs_corpora
def test_odd_messages_travel_as_attachments_and_as_texts() -> None:
    samples = sorted(SAMPLES.glob("*.eml"))
    assert samples
    for path in samples:
        inner = path.read_bytes()
        text = inner.decode("latin-1")
        made = content(
            text=text, html=text, attachments=(Attachment("m.eml", inner, "message/rfc822"), Attachment("m", inner))
        )
        data = compose(made, message())
        assert_sound(data)
        seen = leaves_of(stdlib_old(data))
        assert len(seen) == 4
        assert lines(text_of(seen[0])) == lines(text_of(seen[1])) == lines(text)
        assert seen[3].get_payload(decode=True) == inner


@pytest.mark.parametrize("unit", [" ", "\r", "\n", "é", "=", "\0", "=?", '"', "\ud800", ";", "a "])
def test_time_is_linear(unit: str) -> None:
    long = unit * (300_000 // len(unit))
    made = content(
        author=Mailbox(long, AUTHOR.address),
        subject=long,
        text=long,
        html=long,
        headers=(("X-A", long),),
        attachments=(Attachment(long, b"x", f"a/b{long}", long),),
    )
    start = time.process_time()
    data = compose(made, message())
    assert time.process_time() - start < 5  # a quadratic step would take minutes
    assert_sound(data)
