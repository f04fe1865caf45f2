"""Tracking in messages that came whole, where it was asked for: only the leaves that a reader shows are made anew.

What is signed or encrypted stays as it is, byte for byte: a whole message with a DKIM-Signature of its own, and every
multipart/signed, multipart/encrypted and PKCS #7 part; so do attachments, attached messages, and parts that cannot be
read. Pure, linear, bounded.
"""

import binascii
import quopri
import re
from collections.abc import Callable

import msgspec

from emailgw.core.model import Content
from emailgw.mime.headers import text_field
from emailgw.mime.reader import Fields, read_fields
from emailgw.mime.tracking import Letter, track_html, track_text, urls_in
from emailgw.mime.transfer import Encoded, base64_lines, encode_text, to_crlf

MAX_DEPTH = 10
MAX_PARTS = 100

_SEALED = re.compile(r"multipart/(?:signed|encrypted)|application/(?:x-)?pkcs7-", re.IGNORECASE)
_TYPE = re.compile(r"[ \t]*([\w.+-]+/[\w.+-]+)")
_PARAMETER = re.compile(r";\s*(boundary|charset)\s*=\s*(?:\"([^\"]*)\"|([^\s;\"]+))", re.IGNORECASE)
# Charsets in which every ASCII character is its own octet, so that links may be put in.
_ASCII_BASED = re.compile(r"utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_ENCODING_FIELD = re.compile(rb"^content-transfer-encoding[ \t]*:[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", re.I | re.M)


def track_raw(content: Content, letter: Letter) -> Content:
    """The content with what `letter` asks for; the content itself where nothing of it may be touched."""
    assert content.raw is not None
    data = to_crlf(content.raw)
    fields, _ = _read(data)
    if "dkim-signature" in fields or _is_sealed(fields):
        return content
    own = {url for value in fields.all("list-unsubscribe") for url in urls_in(value)}
    made = _Rewriting(letter, own).entity(data, 0)
    if not own:
        made = "".join(text_field(*field) for field in letter.unsubscribe_fields()).encode() + made
    return msgspec.structs.replace(content, raw=made)


class _Rewriting:
    def __init__(self, letter: Letter, own: set[str]) -> None:
        self._letter = letter
        self._own = own
        self._parts = 0

    def entity(self, data: bytes, depth: int) -> bytes:
        """An entity with its header."""
        self._parts += 1
        fields, start = _read(data)
        kind, parameters = _content_type(fields)
        if self._parts > MAX_PARTS or depth > MAX_DEPTH or _is_sealed(fields):
            return data
        if kind.startswith("multipart/") and parameters.get("boundary"):
            return self._multipart(data, start, parameters["boundary"].encode(), depth)
        if fields.raw("content-disposition").strip().lower().startswith("attachment"):
            return data
        change: Callable[[str, Letter, set[str]], str] | None
        change = {"text/html": track_html, "text/plain": track_text}.get(kind)
        return data if change is None else self._leaf(data, start, parameters.get("charset", "us-ascii"), change)

    def _multipart(self, data: bytes, start: int, boundary: bytes, depth: int) -> bytes:
        delimiter = re.compile(rb"(?:\A|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\Z)")
        pieces = [data[:start]]
        at: int | None = None  # where the part began that is being read
        last = start
        for found in delimiter.finditer(data, start - 2):
            # A delimiter begins with the line end before it, which an empty part shares with the one before.
            mark = max(found.start(), last)
            pieces.append(data[last:mark] if at is None else self.entity(data[at:mark], depth + 1))
            end = found.end() if found[1] else min(found.end() + 2, len(data))
            pieces.append(data[mark:end])
            last = at = end
            if found[1]:
                at = None
                break
        if at is not None:  # no closing delimiter: the last part goes to the end
            pieces.append(self.entity(data[at:], depth + 1))
            return b"".join(pieces)
        return b"".join((*pieces, data[last:]))

    def _leaf(self, data: bytes, start: int, charset: str, change: Callable[[str, Letter, set[str]], str]) -> bytes:
        fields, _ = _read(data)
        if not _ASCII_BASED.fullmatch(charset):
            return data
        try:
            text = _decoded(data[start:], fields.raw("content-transfer-encoding").strip().lower()).decode(charset)
        except (ValueError, LookupError):
            return data
        changed = change(text, self._letter, self._own)
        if changed == text:
            return data
        encoded = _encoded(changed, charset)
        head = _ENCODING_FIELD.sub(b"", data[: start - 2])
        return head + b"Content-Transfer-Encoding: %s\r\n\r\n" % encoded.encoding.encode() + encoded.body


def _encoded(text: str, charset: str) -> Encoded:
    """Never as 7bit: then no line of it can be a delimiter of a multipart around it, which we did not choose."""
    if charset.lower() in ("utf-8", "us-ascii"):
        encoded = encode_text(text, b"")  # which is in everything
        if b"\r\n--" not in b"\r\n" + encoded.body:
            return encoded
    return Encoded("base64", base64_lines(to_crlf(text.encode(charset))))


def _decoded(body: bytes, encoding: str) -> bytes:
    """Raises ValueError for an encoding that is none, or not kept to."""
    if encoding in ("", "7bit", "8bit", "binary"):
        return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding == "base64":
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    raise ValueError(f"not a transfer encoding: {encoding!r}")


def _read(data: bytes) -> tuple[Fields, int]:
    """The header, and where the body begins."""
    if data.startswith(b"\r\n"):
        return Fields([]), 2
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[: end + 2]
    return read_fields(head.replace(b"\r\n", b"\n"))[0], len(data) if end < 0 else end + 4


def _content_type(fields: Fields) -> tuple[str, dict[str, str]]:
    value = fields.raw("content-type")
    found = _TYPE.match(value)
    parameters = {match[1].lower(): match[2] or match[3] for match in _PARAMETER.finditer(value)}
    return found[1].lower() if found else "text/plain", {name: text for name, text in parameters.items() if text}


def _is_sealed(fields: Fields) -> bool:
    return _SEALED.match(fields.raw("content-type").strip()) is not None
