"""The relaxed canonical form of header fields and bodies, RFC 6376 §3.4: what a DKIM signature is made of.

Linear whatever comes: two megabytes of blanks take milliseconds. Only SP and TAB are white space here, and only CR LF
is a line end; a CR or LF that stands alone is a byte as any other.
"""

import re
from collections.abc import Iterator

_EMPTY_LINES = b"\r\n" * 4096
_BLANKS = re.compile(rb"  +")
_FIELD_ENDS = re.compile(rb"\r\n(?![ \t])")

Fields = dict[bytes, list[bytes]]


def split(message: bytes) -> tuple[Fields, bytes]:
    """The header fields (lower-case name → values as written, first to last) and the body of a CRLF message."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields: Fields = {}
    for field in _FIELD_ENDS.split(header):
        name, colon, value = field.partition(b":")
        if colon:
            fields.setdefault(name.strip(b" \t").lower(), []).append(value)
    return fields, body


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """One field with its CRLF, §3.4.2; `name` in lower case."""
    value = value.replace(b"\r\n", b"")
    if b"  " in value or b"\t" in value:
        value = _one_blank(value)
    return b"%b:%b\r\n" % (name, value.strip(b" "))


def relaxed_body(body: bytes) -> bytes:
    """§3.4.4. A body without its last CRLF gets it; one of nothing but blanks and empty lines becomes empty."""
    body = _one_blank(body).replace(b" \r\n", b"\r\n")
    if body.endswith(b"\r\n") and body[-3:-2] not in (b"\r", b"\n", b""):
        return body  # as most are, and 25 MB are not copied
    if body.endswith(b" "):
        body = body[:-1]
    body = _without_empty_lines_at_end(body)
    return body + b"\r\n" if body else body


def _one_blank(data: bytes) -> bytes:
    """Runs of SP and TAB as one SP. The common case finds neither and copies nothing."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    for _ in range(3):  # short runs, which may be many, cost the regular expression eight times as much
        if b"  " not in data:
            return data
        data = data.replace(b"  ", b" ")
    return _BLANKS.sub(b" ", data)


def _without_empty_lines_at_end(body: bytes) -> bytes:
    """`body` without all the CRLF it ends in. Without a loop over them: there may be a million."""
    stem = len(body.rstrip(b"\r\n"))
    # Within the tail of CR and LF, pairs go back from the end to where one of the two stands twice in a row.
    start = max(stem, body.rfind(b"\r\r", stem) + 1, body.rfind(b"\n\n", stem) + 1)
    if body.endswith(b"\r"):
        return body
    if body[start : start + 1] == b"\n":
        start += 1
    return body[:start]


def simple_body_end(message: bytes, start: int) -> int:
    """Where the body at `start` ends in the simple form, §3.4.3: before its last CR LF, of which one is added then."""
    end = len(message)
    for lines in (_EMPTY_LINES, b"\r\n"):
        while message.endswith(lines, start, end):
            end -= len(lines)
    return end


def relaxed_body_pieces(message: bytes, start: int, size: int) -> Iterator[bytes]:
    """`relaxed_body` of the body at `start`, made of at most `size` octets at a time, so that no call takes long."""
    blank = False  # the last piece ended with a blank that is not written yet
    empty = 0  # line ends that are not written yet: none of them counts at the end of the body
    written = False
    while start < len(message):
        end = min(start + size, len(message))
        if message[end - 1 : end + 1] == b"\r\n":
            end += 1
        data = _one_blank((b" " if blank else b"") + message[start:end]).replace(b" \r\n", b"\r\n")
        start = end
        blank = data.endswith(b" ")
        if blank:
            data = data[:-1]
        stem = _without_empty_lines_at_end(data)
        if stem:
            while empty:
                some = min(empty, size)
                yield b"\r\n" * some
                empty -= some
            yield stem
            written = True
        empty += (len(data) - len(stem)) // 2
    if written:
        yield b"\r\n"
