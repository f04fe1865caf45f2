"""Messages that come whole (RFC 5322): who wrote them, and what must be added or left out before they go on.

Used by the doors that take raw mail. The author decides whose mail it is, so the From field is read strictly: whatever
another reader might take for a second author is refused. Everything else stays as it is, byte for byte.
"""

import re
from typing import NamedTuple

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.model import Message
from emailgw.core.text import clean_line
from emailgw.mime.compose import header_date
from emailgw.mime.reader import decode_words
from emailgw.mime.transfer import LONGEST_LINE, to_crlf

MAX_HEADER = 256 * 1024  # octets
MAX_FIELDS = 1_000
MAX_SUBJECT = 998  # characters, of what is shown

_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")
_LEFT_OUT = frozenset({b"bcc", b"resent-bcc"})
_SEVERAL = re.compile(r"[,;:@()]")  # outside quotes, where a list, a group or a comment may begin


class RawError(ValueError):
    """Why a raw message is refused, in words for its author."""


class RawMail(NamedTuple):
    """`data`: with CRLF line ends and without Bcc."""

    author: Mailbox
    subject: str
    data: bytes


def read_raw(data: bytes) -> RawMail:
    """Raises RawError."""
    data = to_crlf(data)
    if b"\0" in data:
        raise RawError("it holds a NUL character")
    for number, line in enumerate(data.split(b"\r\n"), 1):
        if len(line) > LONGEST_LINE:
            raise RawError(
                f"line {number} has {len(line)} octets, more than {LONGEST_LINE}: use quoted-printable or base64"
            )
    head, body = _split(data)
    fields = _fields(head)
    authors = [value for name, value in fields if name == b"from"]
    if len(authors) != 1:
        raise RawError(f"it has {len(authors)} From fields; exactly one is needed")
    subject = next((_value(field) for name, field in fields if name == b"subject"), "")
    kept = b"".join([field for name, field in fields if name not in _LEFT_OUT])
    return RawMail(_author(_value(authors[0])), clean_line(decode_words(subject), MAX_SUBJECT), kept + body)


def complete(data: bytes, message: Message) -> bytes:
    """`data`, as `read_raw` gives it, with the Date, Message-ID and MIME-Version it lacks."""
    head, _ = _split(data)
    present = {name for name, _ in _fields(head)}
    added = b""
    if b"date" not in present:
        added += f"Date: {header_date(message.date)}\r\n".encode()
    if b"message-id" not in present:
        added += f"Message-ID: <{message.header_message_id}>\r\n".encode()
    if b"mime-version" not in present:
        added += b"MIME-Version: 1.0\r\n"
    return added + data


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The header fields, and the rest from the empty line on."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return (data, b"") if data.endswith(b"\r\n") else (data + b"\r\n", b"")
    return data[: end + 2], data[end + 2 :]


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Each field's name in lower case and its octets, folded lines and CRLF included."""
    if len(head) > MAX_HEADER:
        raise RawError(f"its header has more than {MAX_HEADER} octets")
    if not head.isascii():
        raise RawError("its header has characters beyond ASCII; write them as encoded words (RFC 2047)")
    fields: list[tuple[bytes, bytes]] = []
    for number, line in enumerate(head[:-2].split(b"\r\n"), 1):
        if line[:1] in (b" ", b"\t") and fields:
            name, before = fields[-1]
            fields[-1] = (name, before + line + b"\r\n")
            continue
        match = _FIELD.match(line)
        if match is None:
            raise RawError(f"line {number} is no header field; an empty line must part header and body")
        if len(fields) == MAX_FIELDS:
            raise RawError(f"it has more than {MAX_FIELDS} header fields")
        fields.append((match[1].lower(), line + b"\r\n"))
    return fields


def _value(field: bytes) -> str:
    """Unfolded."""
    return field.partition(b":")[2].decode("ascii").replace("\r\n", "").replace("\t", " ").strip()


def _author(value: str) -> Mailbox:
    try:
        mailbox = Mailbox.parse(value)
    except AddressError as error:
        raise RawError(f"its From field must name one address: {error}") from None
    name = value[:-1].rpartition("<")[0].strip() if value.endswith(">") else ""
    if not name.startswith('"') and _SEVERAL.search(name):
        raise RawError("its From field must name one address: put a name with , ; : @ or brackets in double quotes")
    return Mailbox(clean_line(decode_words(mailbox.name)), mailbox.address)
