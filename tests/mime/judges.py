"""Two readers that we did not write say what our bytes mean: the standard library's `email` and `mail-parser`."""

import email
import email.message
import email.policy
import email.utils
from email.header import decode_header, make_header

import mailparser
from hypothesis import strategies as st

from emailgw.core.address import Address, Mailbox
from emailgw.core.ids import ContentId, KeyId, MessageId
from emailgw.core.model import Content, Message

AUTHOR = Mailbox.parse("Ann <ann@example.com>")
READER = Mailbox.parse("ben@example.org")

ENCODED_WORD = "=?utf-8?q?=0d=0aBcc:_eve=40example.com?="
HOSTILE = [
    ENCODED_WORD,
    f"hello {ENCODED_WORD} there",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=",
    "=?us-ascii*en?Q?=0d=0aBcc:?=",
    "=? utf-8 ?q?x y?=",
    "=?utf-8?q?never closed",
    "é" * 600,
    "😀" * 600,
    "a" * 5000,
    " " * 5000 + "x",
    "x" + " " * 2000 + "y",
    "\ttab first and last\t",
    "  blanks at both ends  ",
    "word " * 400,
    "ends in a backslash \\",
    'quotes " and \\" and (comments) and <brackets>, commas; @:',
    "\u202eright to left\u202c",
    "e\u0301" * 200,
]
BROKEN = [
    "a\r\nBcc: eve@example.com",
    "a\nBcc: eve@example.com",
    "a\rBcc: eve@example.com",
    "a\r\n\r\n<b>body</b>",
    "nul \0 here",
    "next line \x85 Bcc: x",
    "line \u2028 Bcc: x",
    "paragraph \u2029 Bcc: x",
    "\x0bvertical\x0cform\x1c\x1d\x1e",
    "delete \x7f",
    "half \ud800 pair",
    "\udcff\udc80",
    "\r\n",
]

# Everything Unicode has, with what breaks lines and looks like syntax much more often than by chance.
BREAKS = st.sampled_from(["\r", "\n", "\r\n", "\0", "\x85", "\u2028", "\ud800", " ", "\t"])
WORDS = st.sampled_from([ENCODED_WORD, "=?", "?=", "?q?", "?", "="])
SYNTAX = st.sampled_from(['"', "\\", ",", ";", "<", ">", "(", ")", "@", ":", "a", "é", "'", "*", "%"])
ANYTHING = st.one_of(
    st.text(st.characters(codec=None), max_size=300),
    st.lists(st.one_of(BREAKS, WORDS, SYNTAX, st.text(max_size=20)), max_size=60).map("".join),
)


def expected(text: str) -> str:
    """What a reader must get for `text`: itself, with a space for line ends and controls and U+FFFD for half a pair."""
    words: list[str] = []
    for character in text:
        if (character < " " and character != "\t") or character in "\x7f\x85\u2028\u2029":
            words += [""] if words and words[-1] == "" else [" ", ""]
        else:
            words.append("\ufffd" if "\ud800" <= character <= "\udfff" else character)
    return "".join(words)


def boxes() -> st.SearchStrategy[Mailbox]:
    """Mailboxes with any display name."""
    return st.builds(Mailbox, ANYTHING, st.sampled_from([AUTHOR.address, READER.address, odd_address()]))


def odd_address() -> Address:
    return Address.parse('"a, b; \\"c\\" (d)"@example.com')


def message(**fields: object) -> Message:
    plain: dict[str, object] = {
        "id": MessageId("018bcfe5-6800-7000-8000-000000000000"),
        "content_id": ContentId(1),
        "key_id": KeyId("k"),
        "author": AUTHOR.address,
        "to": (READER,),
        "date": 1_700_000_000_000,
    }
    return Message(**{**plain, **fields})  # type: ignore[arg-type]


def content(**fields: object) -> Content:
    return Content(**{"author": AUTHOR, **fields})  # type: ignore[arg-type]


def stdlib(data: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def stdlib_old(data: bytes) -> "email.message.Message[str, str]":
    """The older of the library's two header readers, which most programs use."""
    return email.message_from_bytes(data)


def decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def old_mailboxes(data: bytes, name: str) -> list[tuple[str, str]]:
    """(display name, address) as programs read them that split first and decode then."""
    unfolded = stdlib_old(data)[name].replace("\r\n", "")
    return [(decoded(phrase), address) for phrase, address in email.utils.getaddresses([unfolded])]


def second_reader(data: bytes) -> mailparser.MailParser:
    return mailparser.parse_from_bytes(data)


def assert_sound(data: bytes) -> None:
    """CRLF is the only line end, no line is over 998 octets, and nothing but ASCII goes over the wire."""
    assert data.endswith(b"\r\n")
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\0" not in data
    assert data.isascii()


def header_lines(field: str) -> list[str]:
    """The lines of one field, after making sure that it is one."""
    assert field.endswith("\r\n")
    lines = field[:-2].split("\r\n")
    assert not any(end in line for line in lines for end in "\r\n\0\x85\u2028\u2029")
    assert all(line[0] in " \t" and line.strip() for line in lines[1:]), "a later line must continue the field"
    assert all(len(line.encode()) <= 998 for line in lines)
    return lines
