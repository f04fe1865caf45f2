"""The relaxed canonical form of header fields and bodies, RFC 6376 §3.4: what a DKIM signature is made of.

Linear whatever comes: two megabytes of blanks take milliseconds. Only SP and TAB are white space here, and only CR LF
is a line end; a CR or LF that stands alone is a byte as any other.
"""

import re

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
    value = _one_blank(value.replace(b"\r\n", b""))
    return name + b":" + value.strip(b" ") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """§3.4.4. A body without its last CRLF gets it; one of nothing but blanks and empty lines becomes empty."""
    body = _one_blank(body).replace(b" \r\n", b"\r\n")
    if body.endswith(b" "):
        body = body[:-1]
    body = _without_empty_lines_at_end(body)
    return body + b"\r\n" if body else body


def _one_blank(data: bytes) -> bytes:
    """Runs of SP and TAB as one SP. The common case finds neither and copies nothing."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    return _BLANKS.sub(b" ", data) if b"  " in data else data


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
