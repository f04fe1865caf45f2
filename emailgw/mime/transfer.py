"""Bodies in an encoding that every host carries unchanged: 7bit, quoted-printable, base64. Used by `compose`.

8bit and binary are never made: whether the next host takes them is known only when the signature is already there.
RFC 2045 §6, RFC 5322 §2.3.
"""

import binascii
import re
from typing import NamedTuple

from emailgw.core.lines import has_only_crlf
from emailgw.mime.words import replace_surrogates

LONGEST_LINE = 998  # octets without CRLF, RFC 5322 §2.1.1

_ENCODED_LINE = 76  # characters, RFC 2045 §6.7 and §6.8
_SAFE = bytes(range(0x20, 0x7F)) + b"\t\n"
_NEEDS_NO_ESCAPE = _SAFE.replace(b"=", b"")
_PIECE = re.compile(rb".{1,73}(?<!=)(?<!=.)")  # of quoted-printable; no escape is split, "F" may become "=46"


class Encoded(NamedTuple):
    """A body as it goes on the wire, and the Content-Transfer-Encoding that undoes it."""

    encoding: str
    body: bytes


def encode_text(text: str, avoid: bytes) -> Encoded:
    """`text` in UTF-8 with CRLF line ends, whatever its own were; lone surrogates become U+FFFD.

    `avoid` (a boundary, with its leading `=_`) is in the result never, the other encodings being unable to spell it.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = replace_surrogates(text).encode()
    escapes = len(data.translate(None, _NEEDS_NO_ESCAPE))
    if escapes * 4 > len(data):  # base64 is smaller from a sixth on, but filters and people like to see the text
        return Encoded("base64", base64_lines(data.replace(b"\n", b"\r\n")))
    if _is_plain(data) and avoid not in data:
        return Encoded("7bit", data.replace(b"\n", b"\r\n"))
    return Encoded("quoted-printable", _quoted_printable(data))


def is_7bit(data: bytes) -> bool:
    """Whether `data`, with CRLF line ends, is fit for 7bit (RFC 2045 §2.7): ASCII, no NUL, no line over 998 octets."""
    return data.isascii() and b"\0" not in data and long_line(data, b"\r\n") < 0


def base64_lines(data: bytes) -> bytes:
    """`data` in base64, in lines of 76 characters with CRLF between them."""
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([encoded[at : at + _ENCODED_LINE] for at in range(0, len(encoded), _ENCODED_LINE)])


def to_crlf(data: bytes) -> bytes:
    """`data` with every CR LF, CR and LF as CR LF."""
    if has_only_crlf(data):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def long_line(data: bytes, line_end: bytes) -> int:
    """Where the first line begins that is longer than LONGEST_LINE; -1 when none is.

    In jumps from line end to line end, each as far as it may be: a split of 25 MB would keep the GIL for 80 ms.
    """
    start = 0
    while len(data) - start > LONGEST_LINE:
        end = data.rfind(line_end, start, start + LONGEST_LINE + len(line_end))
        if end < 0:
            return start
        start = end + len(line_end)
    return -1


def _is_plain(data: bytes) -> bool:
    """Whether text with LF line ends passes every host untouched: no controls, no blanks before a line end (some
    strip them), no line that begins like an mbox separator (some put a `>` before it, after the signature was made).
    """
    return (
        data.isascii()
        and not data.translate(None, _SAFE)
        and b" \n" not in data
        and b"\t\n" not in data
        and not data.endswith((b" ", b"\t"))
        and not data.startswith(b"From ")
        and b"\nFrom " not in data
        and long_line(data, b"\n") < 0
    )


def _quoted_printable(data: bytes) -> bytes:
    """Text with LF line ends in quoted-printable, with CRLF line ends."""
    encoded = binascii.b2a_qp(data)
    lines = encoded.split(b"\n")
    # b2a_qp does not count the escape of a blank that ends a line, and knows nothing of "From ".
    if max(map(len, lines)) > _ENCODED_LINE or encoded.startswith(b"From ") or b"\nFrom " in encoded:
        lines = [_repair(line) if len(line) > _ENCODED_LINE or line[:5] == b"From " else line for line in lines]
    return b"\r\n".join(lines)


def _repair(line: bytes) -> bytes:
    """A line of quoted-printable as several with soft line breaks, none too long and none that begins with "From "."""
    soft = b"=" if line.endswith(b"=") else b""
    pieces = [
        b"=46rom " + piece[5:] if piece.startswith(b"From ") else piece
        for piece in _PIECE.findall(line.removesuffix(soft))
    ]
    return b"=\r\n".join(pieces) + soft
