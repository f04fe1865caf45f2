"""Messages that come whole (RFC 5322): who wrote them, and what must be added or left out before they go on.

Used by the doors that take raw mail. The author decides whose mail it is, so the From field is read strictly: whatever
another reader might take for a second author is refused. Everything else stays as it is, byte for byte.
"""

import functools
import re
from typing import NamedTuple

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.lines import SLICE
from emailgw.core.model import Message
from emailgw.core.text import clean_line
from emailgw.mime.compose import header_date
from emailgw.mime.headers import mailbox_field, text_field
from emailgw.mime.reader import decode_words
from emailgw.mime.transfer import LONGEST_LINE, long_line, to_crlf

MAX_HEADER = 256 * 1024  # octets
MAX_FIELDS = 1_000
MAX_SUBJECT = 998  # characters, of what is shown
MAX_SHOWN = 50  # addresses of To and of Cc that are shown

_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")
_FIELDS = re.compile(rb"^(([!-9;-~]{1,76})[ \t]*:[^\r]*\r\n(?:[ \t][^\r]*\r\n)*)", re.MULTILINE)
_COMPLETING = re.compile(rb"^(date|message-id|mime-version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LISTS = frozenset({b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"resent-from", b"resent-to", b"resent-cc"})
_SENDERS = frozenset({b"sender", b"resent-from", b"resent-sender"})
_LEFT_OUT = frozenset({b"bcc", b"resent-bcc"})
_PIECE = re.compile(r'[^",\\]+|\\.?|"|,', re.DOTALL)
_LONGEST_LIST = 64 * 1024  # characters
_SEVERAL = re.compile(r'[,;:@()"]')  # outside quotes, where a list, a group or a comment may begin
_COMMENT = re.compile(r'\(([^()<>@,;:"\\]*)\)')  # one that no reader can take for an address
_HARMLESS = re.compile(rf'"(?:[^"\\]|\\.)*"|{_COMMENT.pattern}')  # one after the other, as a reader meets them


class RawError(ValueError):
    """Why a raw message is refused, in words for its author."""


class RawMail(NamedTuple):
    """`data`: with CRLF line ends, without Bcc and what was to be left out. `senders`: of Sender and the like, all that
    a reader may take for who sent it. `to`, `cc`: what is readable of them. `left_out`: names in lower case and values.
    """

    author: Mailbox
    subject: str
    data: bytes
    senders: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    hops: int = 0


def read_raw(data: bytes, leave_out: frozenset[bytes] = frozenset(), utf8: bool = False) -> RawMail:
    """`leave_out`: more fields that are taken out and told of. `utf8`: its header stays UTF-8 where it is (RFC 6532).

    Raises RawError.
    """
    data = to_crlf(data)
    if b"\0" in data:
        raise RawError("it holds a NUL character")
    start = long_line(data, b"\r\n")
    if start >= 0:
        number = data.count(b"\r\n", 0, start) + 1
        length = len(data[start:].partition(b"\r\n")[0])
        raise RawError(f"line {number} has {length} octets, more than {LONGEST_LINE}: use quoted-printable or base64")
    head = _head(data)
    if not head.endswith(b"\r\n"):  # it has no body, and no end
        head = data = data + b"\r\n"
    fields = _fields(head)
    if not (utf8 or head.isascii()):
        fields = [(name, field if field.isascii() else _encoded(name, field)) for name, field in fields]
    names = [name for name, _ in fields]
    if (authors := names.count(b"from")) != 1:
        raise RawError(f"it has {authors} From fields; exactly one is needed")
    gone = _LEFT_OUT | leave_out
    kept = head if head.isascii() and gone.isdisjoint(names) else _joined(fields, gone)
    return RawMail(
        author=_author(_first(fields, names, b"from"), "From"),
        subject=clean_line(decode_words(_first(fields, names, b"subject")), MAX_SUBJECT),
        data=data if kept == head else _replaced_head(data, len(head), kept),
        senders=tuple([_author(_value(field), name.decode().title()) for name, field in fields if name in _SENDERS]),
        to=_shown(_first(fields, names, b"to")),
        cc=_shown(_first(fields, names, b"cc")),
        left_out=tuple([(name.decode(), _value(field)) for name, field in fields if name in leave_out]),
        hops=names.count(b"received"),
    )


def missing_fields(data: bytes, message: Message) -> bytes:
    """The Date, Message-ID and MIME-Version that `data`, as `read_raw` gives it, lacks: to be put before it."""
    present = {name.lower() for name in _COMPLETING.findall(_head(data))}
    added = b""
    if b"date" not in present:
        added += f"Date: {header_date(message.date)}\r\n".encode()
    if b"message-id" not in present:
        added += f"Message-ID: <{message.header_message_id}>\r\n".encode()
    if b"mime-version" not in present:
        added += b"MIME-Version: 1.0\r\n"
    return added


def _head(data: bytes) -> bytes:
    """The header fields; the rest begins with the empty line."""
    end = data.find(b"\r\n\r\n")
    return data if end < 0 else data[: end + 2]


def _replaced_head(data: bytes, end: int, head: bytes) -> bytes:
    """In slices, of which each keeps the GIL for a moment only, joined without it: the rest may be 25 MB."""
    return b"".join([head, *(data[at : at + SLICE] for at in range(end, len(data), SLICE))])


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Each field's name in lower case and its octets, folded lines and CRLF included."""
    if len(head) > MAX_HEADER:
        raise RawError(f"its header has more than {MAX_HEADER} octets")
    if not _is_utf8(head):
        raise RawError("its header is neither ASCII nor UTF-8; write other characters as encoded words (RFC 2047)")
    unfolded = head.count(b"\n") - head.count(b"\n ") - head.count(b"\n\t")
    found = _FIELDS.findall(head) if unfolded <= MAX_FIELDS else []
    if sum([len(field) for field, _ in found]) != len(head):  # something stands between them
        raise _fault(head)
    return [(name.lower(), field) for field, name in found]


def _fault(head: bytes) -> RawError:
    """Which line it is that makes `head` no list of at most MAX_FIELDS fields."""
    count = 0
    for number, line in enumerate(head[:-2].split(b"\r\n"), 1):
        if line.startswith((b" ", b"\t")) and count:
            continue
        if _FIELD.match(line) is None:
            return RawError(f"line {number} is no header field; an empty line must part header and body")
        if count == MAX_FIELDS:
            break
        count += 1
    return RawError(f"it has more than {MAX_FIELDS} header fields")


def _joined(fields: list[tuple[bytes, bytes]], gone: frozenset[bytes]) -> bytes:
    return b"".join([field for name, field in fields if name not in gone])


def _first(fields: list[tuple[bytes, bytes]], names: list[bytes], name: bytes) -> str:
    """The value of the first field of that name, or ""."""
    return _value(fields[names.index(name)][1]) if name in names else ""


def _value(field: bytes) -> str:
    """Unfolded."""
    return field.partition(b":")[2].decode("utf-8").replace("\r\n", "").replace("\t", " ").strip()


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoded(name: bytes, field: bytes) -> bytes:
    """A field in bare UTF-8, as old programs write it, with encoded words: hosts without SMTPUTF8 take no other."""
    written = field.partition(b":")[0].decode().rstrip()
    value = _value(field)
    if name not in _LISTS:
        return text_field(written, value).encode()
    if not (items := [item for item in _items(value) if item.strip()]):  # of blanks that ASCII does not have
        return f"{written}:\r\n".encode()
    try:
        made = mailbox_field(written, [_mailbox(item) for item in items])
    except AddressError as error:
        raise RawError(f"its {written} field cannot be written in ASCII: {error}") from None
    if not made.isascii():
        raise RawError(f"its {written} field has a non-ASCII address, which needs SMTPUTF8")
    return made.encode()


def _shown(value: str) -> tuple[Mailbox, ...]:
    """For people to look at: nobody gets mail for what stands here."""
    if not value:
        return ()
    found: list[Mailbox] = []
    for text in _items(value[:_LONGEST_LIST])[:MAX_SHOWN]:
        try:
            mailbox = _mailbox(text)
        except AddressError:
            continue
        found.append(Mailbox(clean_line(decode_words(mailbox.name)), mailbox.address))
    return tuple(found)


def _items(value: str) -> list[str]:
    """A list parted by commas that stand in no quotes."""
    if "," not in value:
        return [value]
    items, quoted = [""], False
    for piece in _PIECE.findall(value):
        if piece == "," and not quoted:
            items.append("")
            continue
        quoted ^= piece == '"'
        items[-1] += piece
    return items


def _mailbox(text: str) -> Mailbox:
    """Also `address (name)`, as programs wrote it before RFC 2822. Raises AddressError."""
    before, _, _ = text.rpartition("(")
    comment = _COMMENT.fullmatch(text, len(before))
    if comment is None:
        return Mailbox.parse(text)
    mailbox = Mailbox.parse(before.rstrip(" "))
    return Mailbox(mailbox.name or comment[1].strip(), mailbox.address)


@functools.lru_cache(1024)  # programs write as the same few again and again
def _author(value: str, field: str) -> Mailbox:
    try:
        mailbox = _mailbox(value)
    except AddressError as error:
        raise RawError(f"its {field} field must name one address: {error}") from None
    name = "" if mailbox.name.lower() == str(mailbox.address).lower() else value.rpartition("<")[0]
    if _SEVERAL.search(_HARMLESS.sub("", name)):
        raise RawError(f"its {field} field must name one address: put a name with , ; : @ or brackets in double quotes")
    return Mailbox(clean_line(decode_words(mailbox.name)), mailbox.address)
