import unicodedata
from email.headerregistry import AddressHeader
from email.utils import collapse_rfc2231_value

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emailgw.core.address import Address, Mailbox
from emailgw.mime.headers import legacy_parameter, mailbox_field, parameter, parameter_field, text_field
from tests.mime.judges import (
    ANYTHING,
    BROKEN,
    ENCODED_WORD,
    HOSTILE,
    boxes,
    decoded,
    expected,
    header_lines,
    old_mailboxes,
    second_reader,
    stdlib,
    stdlib_old,
)

END = b"X-End: 1\r\n\r\nbody\r\n"


def read_all(field: str) -> list[str]:
    """The Subject as three readers see it; the message must have that field and the next, and no more."""
    data = field.encode() + END
    for seen in (stdlib(data), stdlib_old(data)):
        assert seen.keys() == ["Subject", "X-End"]
        assert seen.get_payload() == "body\r\n"
    return [str(stdlib(data)["Subject"]), decoded(stdlib_old(data)["Subject"]), str(second_reader(data).subject)]


@pytest.mark.parametrize("text", ["", "Hello", "Grüße aus Köln", "日本語の件名", *HOSTILE, *BROKEN])
def test_every_reader_sees_the_subject_that_was_given(text: str) -> None:
    field = text_field("Subject", text)
    header_lines(field)
    new, old, other = read_all(field)
    assert new == expected(text)
    assert old == expected(text)
    assert other == unicodedata.normalize("NFC", expected(text).strip())  # as it does with every value


@given(ANYTHING)
def test_any_text_is_one_field_with_its_own_meaning(text: str) -> None:
    field = text_field("Subject", text)
    lines = header_lines(field)
    assert field.isascii()
    assert all(len(line) <= 76 or " " not in line.strip().removeprefix("Subject: ").strip() for line in lines)
    assert str(stdlib(field.encode() + END)["Subject"]) == expected(text)
    assert decoded(stdlib_old(field.encode() + END)["Subject"]) == expected(text)


@given(ANYTHING, st.from_regex(r"[A-Za-z0-9-]{1,76}", fullmatch=True))
def test_a_name_of_any_length_leaves_its_value_whole(text: str, name: str) -> None:
    field = text_field(name, text)
    header_lines(field)
    seen = stdlib_old(field.encode() + END)
    assert seen.keys() == [name, "X-End"]
    # The library keeps the line break after the colon, and its blank, of a value that begins on the second line.
    value = seen[name].replace("\r\n ", "", 1) if seen[name].startswith("\r\n") else seen[name]
    assert decoded(value.replace("\r\n", "")) == expected(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("In-Reply-To", "<" + "a" * 200 + "@example.com>"),
        ("References", " ".join(f"<{n:030}@mail.example.com>" for n in range(30))),
        ("List-Unsubscribe", "<mailto:u@example.com?subject=x>, <https://example.com/u?t=" + "abc=?/" * 80 + ">"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Entity-Ref-ID", "018bcfe5-6800-7000-8000-000000000000"),
        ("X-Metadata", '{"a":  "two  blanks",\t"b": 1}' * 9),
    ],
)
def test_structured_ascii_is_folded_at_its_own_blanks_only(name: str, value: str) -> None:
    lines = header_lines(text_field(name, value))
    assert "".join(lines) in (f"{name}: {value}", f"{name}:{value}")
    assert all(len(line) <= 76 or " " not in line.lstrip(" ").removeprefix(f"{name}: ") for line in lines)


def test_a_token_moves_to_its_own_line_when_that_makes_it_fit() -> None:
    assert text_field("References", "<" + "a" * 70 + ">") == "References:\r\n <" + "a" * 70 + ">\r\n"
    assert text_field("References", "<" + "a" * 90 + ">") == "References: <" + "a" * 90 + ">\r\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann Other <ann@example.com>", "Ann Other <ann@example.com>"),
        ('"Ann" <ann@example.com>', "Ann <ann@example.com>"),
        ("Ann, Ltd. <ann@example.com>", '"Ann, Ltd." <ann@example.com>'),
        ('"A \\"B\\" \\\\ C" <ann@example.com>', '"A \\"B\\" \\\\ C" <ann@example.com>'),
        ("Änn <ann@example.com>", "=?utf-8?q?=C3=84nn?= <ann@example.com>"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ('"a b"@example.com', '"a b"@example.com'),
        ("jörg@example.com", "jörg@example.com"),
    ],
)
def test_mailboxes_as_people_know_them(text: str, written: str) -> None:
    assert mailbox_field("From", [Mailbox.parse(text)]) == f"From: {written}\r\n"


@given(st.lists(boxes(), min_size=1, max_size=8))
@example([Mailbox(text, Address.parse("a@example.com")) for text in HOSTILE[:7] + BROKEN])
def test_any_names_make_exactly_the_mailboxes_given(mailboxes: list[Mailbox]) -> None:
    field = mailbox_field("To", mailboxes)
    assert all(len(line) <= 78 for line in header_lines(field))
    data = field.encode() + END
    assert stdlib(data).keys() == ["To", "X-End"]
    header = stdlib(data)["To"]
    assert isinstance(header, AddressHeader)
    assert [box.addr_spec for box in header.addresses] == [str(box.address) for box in mailboxes]
    # Older Pythons' newer reader sets a blank between the encoded words of a name, so the names go by the older one.
    assert old_mailboxes(data, "To") == [(expected(box.name), str(box.address)) for box in mailboxes]


def test_a_local_part_that_looks_like_an_encoded_word_is_not_decoded() -> None:
    address = Address.parse("=?utf-8?q?=0d=0aBcc=3A_x?=@example.com")
    header = stdlib(mailbox_field("To", [Mailbox("", address)]).encode() + END)["To"]
    assert header.addresses[0].username == address.local
    assert "\n" not in str(header)


def test_a_thousand_recipients_fold_between_addresses() -> None:
    mailboxes = [Mailbox(f"Person {n}", Address.parse(f"person{n}@example.com")) for n in range(1000)]
    assert all(len(line) <= 76 for line in header_lines(mailbox_field("To", mailboxes)))


def filename_field(name: str) -> bytes:
    kind = parameter_field("Content-Type", "application/pdf", [legacy_parameter("name", name)])
    disposition = parameter_field("Content-Disposition", "attachment", [parameter("filename", name)])
    for line in header_lines(kind) + header_lines(disposition):
        assert len(line) <= 78
    return (kind + disposition).encode()


@given(ANYTHING.filter(bool))
@example("report.pdf")
@example("Grüße.pdf")
@example('a"b\\c.pdf')
@example("é" * 600 + ".pdf")
@example("a" * 2000 + ".pdf")
@example(ENCODED_WORD)
@example("a\r\nBcc: eve@example.com")
@example("../../etc/passwd")
@example("it's 100% *sure*.txt")
def test_any_file_name_arrives_as_it_is(name: str) -> None:
    data = filename_field(name) + END
    for seen in (stdlib(data), stdlib_old(data)):
        assert seen.keys() == ["Content-Type", "Content-Disposition", "X-End"]
        assert seen.get_content_type() == "application/pdf"
    assert stdlib(data)["Content-Disposition"].params["filename"] == expected(name)
    found = stdlib_old(data).get_param("filename", header="content-disposition")
    assert (collapse_rfc2231_value(found) if isinstance(found, tuple) else found) == expected(name)
    assert decoded(str(stdlib_old(data).get_param("name"))) == expected(name)


def test_plain_file_names_are_written_plainly() -> None:
    assert filename_field("report 1.pdf") == (
        b'Content-Type: application/pdf; name="report 1.pdf"\r\n'
        b'Content-Disposition: attachment; filename="report 1.pdf"\r\n'
    )
    assert b"filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf\r\n" in filename_field("Grüße.pdf")
