"""A message's bytes from its fields: `compose`, called by the queue's lanes just before signing.

A pure function: every try of a recipient gets the same bytes (guarantee G7). Date, Message-ID and boundaries come from
the message; nothing is parsed, and no value can begin a line of its own. Bcc is not a field here at all.
RFC 5322, RFC 2046, RFC 2387.
"""

import functools
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from emailgw.core.model import Attachment, Content, Message
from emailgw.mime.custom import is_header_name, is_reserved
from emailgw.mime.headers import legacy_parameter, mailbox_field, parameter, parameter_field, text_field
from emailgw.mime.transfer import Encoded, base64_lines, encode_text, is_7bit, to_crlf

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LAST_SECOND = 253_402_300_799  # of the year 9999, the last that RFC 5322 readers know

_BINARY = "application/octet-stream"
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,100}"
_CONTENT_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})[ \t]*((?:;.*)?)")
_PARAMETER = re.compile(rf";[ \t]*({_TOKEN})=({_TOKEN}|\"[ !#-\[\]-~]{{0,200}}\")[ \t]*")
_MANY_PARAMETERS = 20
_BARE_CR = re.compile(rb"\r(?!\n)")
_NOT_CONTENT_ID = re.compile(r"[^A-Za-z0-9!#$%&'*+/=^_`{|}~.@-]")
_LONGEST_CONTENT_ID = 200


class Part(NamedTuple):
    """A MIME entity: its Content fields, and its body in chunks so that a large one is copied only once."""

    header: str
    body: list[bytes]


def compose(content: Content, message: Message) -> bytes:
    """The complete message with CRLF line ends, as it is signed and sent.

    `content` is what this message says: where its fields are templates, the rendered one.
    """
    if content.raw is not None:
        raw = to_crlf(content.raw)
        return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    top = _body(content, Boundaries(message.id))
    header = "".join([*_fields(content, message), top.header, "\r\n"])
    end = b"" if top.body[-1].endswith(b"\r\n") else b"\r\n"
    return b"".join([header.encode(), *top.body, end])


class Boundaries:
    """Delimiters of one message. None can occur in a part: `=_` is impossible in base64 and quoted-printable, and a
    part is written as 7bit only if `root`, which is in all of them, is not in it.
    """

    def __init__(self, message_id: str) -> None:
        self.root = b"=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
        self._taken = 0

    def take(self) -> bytes:
        self._taken += 1
        return self.root + b"_%d" % self._taken


def _fields(content: Content, message: Message) -> Iterator[str]:
    yield f"Date: {header_date(message.date)}\r\n"
    yield mailbox_field("From", (content.author,))
    if message.to:
        yield mailbox_field("To", message.to)
    elif not message.cc:
        # RFC 5322 needs no To at all, but some hosts take its absence for a sign of spam.
        yield "To: undisclosed-recipients:;\r\n"
    if message.cc:
        yield mailbox_field("Cc", message.cc)
    if content.reply_to:
        yield mailbox_field("Reply-To", content.reply_to)
    yield text_field("Subject", content.subject)
    yield text_field("Message-ID", f"<{message.header_message_id}>")
    yield "MIME-Version: 1.0\r\n"
    for name, value in content.headers:
        if not is_header_name(name) or is_reserved(name) or _gives_way(name, value, content):
            continue  # the doors refuse these, but for a few that come from libraries
        yield text_field(name, value)


def _gives_way(name: str, value: str, content: Content) -> bool:
    """A Reply-To where the message has one of its own, or that names nobody: RFC 5322 wants an address in it."""
    return name.lower() == "reply-to" and (bool(content.reply_to) or not value.strip())


def header_date(at: int) -> str:
    """RFC 5322 §3.3, in UTC. Not by strftime, which speaks the language of the locale."""
    return _date(min(max(at // 1000, 0), _LAST_SECOND))


@functools.lru_cache(16)  # what was accepted in one second is often sent together
def _date(second: int) -> str:
    moment = time.gmtime(second)
    return (
        f"{_DAYS[moment.tm_wday]}, {moment.tm_mday:02} {_MONTHS[moment.tm_mon - 1]} {moment.tm_year:04} "
        f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02} +0000"
    )


def _body(content: Content, boundaries: Boundaries) -> Part:
    """mixed[ alternative[ text, related[ html, inline… ] ], attachment… ], without the levels that hold one part."""
    inline = [attachment for attachment in content.attachments if content.html and attachment.content_id]
    attached = [attachment for attachment in content.attachments if not (content.html and attachment.content_id)]
    parts = [_attachment(attachment, "attachment", boundaries) for attachment in attached]
    # An empty text beside html says that there shall be none; with attachments alone it would be an empty page.
    if content.html:
        body = _text("html", content.html, boundaries)
        if inline:
            pictures = [_attachment(attachment, "inline", boundaries) for attachment in inline]
            body = _multipart("related", [body, *pictures], boundaries, parameter("type", "text/html"))
        if content.text:
            body = _multipart("alternative", [_text("plain", content.text, boundaries), body], boundaries)
        parts.insert(0, body)
    elif content.text or not parts:
        parts.insert(0, _text("plain", content.text or "", boundaries))
    if not attached:
        return parts[0]
    return _multipart("mixed", parts, boundaries)


def _multipart(subtype: str, parts: Sequence[Part], boundaries: Boundaries, extra: list[str] | None = None) -> Part:
    boundary = boundaries.take()
    parameters = [parameter("boundary", boundary.decode())]
    if extra:
        parameters.append(extra)
    body: list[bytes] = []
    for part in parts:
        body += (b"--" + boundary + b"\r\n" + part.header.encode() + b"\r\n", *part.body, b"\r\n")
    body.append(b"--" + boundary + b"--")
    return Part(parameter_field("Content-Type", f"multipart/{subtype}", parameters), body)


def _text(subtype: str, text: str, boundaries: Boundaries) -> Part:
    encoding, body = encode_text(text, boundaries.root)
    header = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n'
    return Part(header, [body])


def _attachment(attachment: Attachment, disposition: str, boundaries: Boundaries) -> Part:
    kind, parameters = _content_type(attachment.content_type)
    encoded = None
    if kind.startswith("message/"):
        encoded = _as_message(attachment.data, boundaries)
    if encoded is None:
        if kind.startswith("message/"):
            kind, parameters = _BINARY, []
        encoded = Encoded("base64", base64_lines(attachment.data))
    named = []
    if attachment.filename:
        parameters.append(legacy_parameter("name", attachment.filename))
        named.append(parameter("filename", attachment.filename))
    header = parameter_field("Content-Type", kind, parameters)
    header += f"Content-Transfer-Encoding: {encoded.encoding}\r\n"
    header += parameter_field("Content-Disposition", disposition, named)
    if attachment.content_id:
        name = _NOT_CONTENT_ID.sub("_", attachment.content_id.strip("<>"))[:_LONGEST_CONTENT_ID]
        header += f"Content-ID: <{name}>\r\n"
    return Part(header, [encoded.body])


def _as_message(data: bytes, boundaries: Boundaries) -> Encoded | None:
    """An attached message must not be encoded as a whole (RFC 2046 §5.2.1), and 8bit may not pass the next host. So
    one that is not 7bit by itself goes as a plain file, and so does one with a bare CR, which only a file may have: its
    bytes, and the signatures in it, survive.
    """
    if _BARE_CR.search(data) is not None:
        return None
    data = to_crlf(data)
    return Encoded("7bit", data) if is_7bit(data) and boundaries.root not in data else None


def _content_type(text: str) -> tuple[str, list[list[str]]]:
    """The type in lower case and its parameters, ready to be written; `application/octet-stream` for all that is
    malformed, and for a multipart, whose parts nobody made.

    Parameters that we write ourselves are left out, also in the sections of RFC 2231, and so is a repeated one.
    """
    if not text.isascii() or not (match := _CONTENT_TYPE.fullmatch(text.strip(" \t"))):
        return _BINARY, []
    kind, rest = match[1].lower(), match[2].rstrip("; \t")
    if kind.startswith("multipart/"):
        return _BINARY, []
    parameters: dict[str, str] = {}
    at = 0
    while at < len(rest):
        if not (found := _PARAMETER.match(rest, at)) or "=?" in found[2] or len(parameters) == _MANY_PARAMETERS:
            return _BINARY, []
        name = found[1].lower()
        if name.partition("*")[0] not in ("name", "boundary"):
            parameters.setdefault(name, found[2])
        at = found.end()
    return kind, [[f"{name}={value}"] for name, value in parameters.items()]
