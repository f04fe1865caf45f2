"""Received mail as people and programs want it: who wrote to whom, text, HTML, attachments. Hostile bytes welcome.

Reads with `reader`, which has limits on everything and repairs what real software gets wrong. A part that is neither
the text nor the HTML to be shown is an attachment: nested messages, calendars, signatures, TNEF, whatever has a name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.receiving import Part as Attached
from emailgw.core.receiving import Summary
from emailgw.core.text import clean_line
from emailgw.mime.reader import (
    MAX_PARTS,
    Fields,
    Part,
    decode_bytes,
    decode_words,
    parse_parameters,
    read,
    read_fields,
)

MAX_TEXT = 4 << 20  # octets of text, and of HTML, that are shown
MAX_HEADER = 256 << 10  # octets that are read
LARGEST_HEADER = 1 << 20  # octets; what has more is no message
MAX_SHOWN = 100  # mailboxes of a field
MAX_LIST = 64 << 10  # characters of a field with addresses
MAX_NAME = 255  # characters of a file name
MAX_LISTED = 500  # header fields that are shown

_QUOTED_OR_COMMA = re.compile(r'[^",()\\]+|\\.?|[",()]', re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # which readers drop
_AUTHOR_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.?|[(),:;<>]|[^"\\(),:;<>]+', re.DOTALL)
_SUFFIXES = {"message/rfc822": "message.eml", "text/calendar": "invite.ics", "application/ms-tnef": "winmail.dat"}


class Opened(NamedTuple):
    """`attachments`: each with its content. `headers`: names as written, values decoded; repeated ones in order."""

    text: str | None
    html: str | None
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[tuple[Attached, bytes], ...]


def header_of(raw: bytes) -> Fields:
    return read_fields(raw[:MAX_HEADER].replace(b"\r\n", b"\n").lstrip(b"\n"))[0]


def has_header(raw: bytes) -> bool:
    """Whether its header ends before it is larger than anybody's."""
    return len(raw) <= LARGEST_HEADER or raw.find(b"\r\n\r\n", 0, LARGEST_HEADER) >= 0


def summarise(raw: bytes) -> Summary:
    """What a list says of the message. Takes time in proportion to its size, so large ones belong in a thread."""
    fields = header_of(raw)
    return Summary(
        author=next(iter(mailboxes(fields.raw("from"))), ""),
        to=mailboxes(", ".join(fields.all("to"))),
        cc=mailboxes(", ".join(fields.all("cc"))),
        reply_to=mailboxes(fields.raw("reply-to")),
        subject=clean_line(fields.get("subject")),
        message_id=clean_line(fields.raw("message-id"), 500),
        attachments=tuple(part for part, _ in open_mail(raw).attachments),
    )


def open_mail(raw: bytes) -> Opened:
    """The whole message. See `summarise` about time."""
    mail = read(raw, len(raw))
    text: list[str] = []
    html: list[str] = []
    attachments: list[tuple[Attached, bytes]] = []
    seen: set[str] = set()  # kinds that were shown of an alternative
    for part in mail.parts[:MAX_PARTS]:
        shown = _shown_as(part)
        if shown and not (part.parent == "multipart/alternative" and shown in seen):
            (text if shown == "text/plain" else html).append(_text(part))
            seen.add(shown)
        elif not (part.content_type.startswith("text/") and not part.body.strip() and not _filename(part)):
            attachments.append((_attached(part, len(attachments)), _content(part)))
    return Opened(
        text="\n".join(text)[:MAX_TEXT] if text else None,
        html="\n".join(html)[:MAX_TEXT] if html else None,
        headers=tuple((name, clean_line(decode_words(value), 4000)) for name, value in mail.fields.items[:MAX_LISTED]),
        attachments=tuple(attachments),
    )


def mailboxes(value: str) -> tuple[str, ...]:
    """A list parted by commas that stand in no quotes or comments; words decoded after they were parted."""
    items, quoted, depth = [""], False, 0
    for piece in _QUOTED_OR_COMMA.findall(value[:MAX_LIST]):
        if piece == '"':
            quoted = not quoted
        elif not quoted and piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
        elif piece == "," and not (quoted or depth):
            items.append("")
            continue
        items[-1] += piece
    found = (clean_line(decode_words(item), 500) for item in items[: 4 * MAX_SHOWN])
    return tuple(item for item in found if item)[:MAX_SHOWN]


def author_domains(values: Sequence[str]) -> tuple[str, ...]:
    """The domains, as A-labels, of all mailboxes in the From fields: whoever any reader may take for the author."""
    found: dict[str, None] = {}
    for value in values:
        for mailbox in _bare_mailboxes(_CONTROLS.sub("", value[:MAX_LIST])):
            try:
                found[parse_domain(mailbox.rpartition("@")[2].strip())] = None
            except AddressError:
                continue
    return tuple(found)


def _bare_mailboxes(value: str) -> Iterator[str]:
    """What stands in angle brackets, or all of a mailbox that has none; without comments and quoted words."""
    plain, angled, depth, inside = "", False, 0, False
    for piece in _AUTHOR_PIECE.findall(value):
        if piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
        elif depth:
            continue
        elif piece == "<":
            plain, angled, inside = "", True, True
        elif piece == ">" or (piece in ",;:" and not inside):
            if "@" in plain and (inside or not angled):
                yield plain
            plain, inside = "", False
            angled = angled and piece == ">"
        else:
            plain += "x" if piece.startswith(('"', "\\")) else piece
    if "@" in plain and (inside or not angled):
        yield plain


def without_fields(raw: bytes, unwanted: Callable[[bytes], object]) -> bytes:
    """`raw` (CRLF line ends) without the header fields that are `unwanted`, which sees each whole, folds included."""
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        end = raw.rfind(b"\r\n")  # nothing but header
    head = raw[: end + 2] if end >= 0 else b""
    kept: list[bytes] = []
    field: list[bytes] = []
    for line in [*head.split(b"\r\n")[:-1], b""]:
        if line[:1] in (b" ", b"\t") and field:
            field.append(line)
            continue
        if field and not unwanted(b"\r\n".join(field)):
            kept += field
        field = [line]
    if len(kept) == head.count(b"\r\n"):
        return raw
    return b"".join(line + b"\r\n" for line in kept) + raw[len(head) :]


def _shown_as(part: Part) -> str:
    """`text/plain` or `text/html` for a part that is the message's own text, else nothing."""
    disposition = part.fields.raw("content-disposition").lower().lstrip()
    if part.content_type not in ("text/plain", "text/html") or disposition.startswith("attachment"):
        return ""
    return "" if _filename(part) else part.content_type


def _filename(part: Part) -> str:
    name = _parameter(part.fields.raw("content-disposition"), "filename") or part.parameters.get("name", "")
    name = clean_line(decode_words(name), MAX_NAME)
    return name.replace("\\", "/").rpartition("/")[2].strip(". ") if name else ""  # never a path


def _parameter(value: str, name: str) -> str:
    return parse_parameters(value)[1].get(name, "") if value else ""


def _attached(part: Part, index: int) -> Attached:
    content_id = clean_line(part.fields.raw("content-id"), 200).strip("<> ")
    disposition = part.fields.raw("content-disposition").lower().lstrip()
    return Attached(
        index=index,
        filename=_filename(part) or _SUFFIXES.get(part.content_type, ""),
        content_type=clean_line(part.content_type, 100),
        content_id=content_id or None,
        inline=disposition.startswith("inline") or (bool(content_id) and part.parent == "multipart/related"),
        size=len(_content(part)),
    )


def _content(part: Part) -> bytes:
    """What was not encoded came with CRLF line ends, which the reader made LF."""
    return part.body if part.body is not part.data else part.data.replace(b"\n", b"\r\n")


def _text(part: Part) -> str:
    return decode_bytes(part.body[:MAX_TEXT], part.parameters.get("charset", "")).replace("\r\n", "\n")
