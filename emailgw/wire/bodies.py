"""Request bodies → typed requests, with every refusal in the contract's words. Called by the dialects' readers."""

import binascii
import json
from typing import TypeVar

import msgspec

from emailgw.errors import Rejected

T = TypeVar("T")

GZIP = b"\x1f\x8b"
SLICE = 256 * 1024  # characters of base64 that are decoded, octets that are searched, in one go


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """Raises Rejected: `malformed_request` when the body is no JSON, else in the name of the field that is wrong."""
    try:
        decoded = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _field_error(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, body) from None
    if isinstance(decoded, msgspec.Struct):
        _refuse_repeated(decoded, body)
    return decoded


def _refuse_repeated(decoded: msgspec.Struct, body: bytes) -> None:
    """A field that stands twice in the request itself. Who reads the first of them (a proxy, a log) and who reads the
    last would see two different mails. Inner objects are not looked at.
    """
    if len(body) > SLICE and not _may_repeat(decoded, body):
        return
    try:
        outermost: list[tuple[str, object]] = _pairs.decode(body.decode())
    except (ValueError, RecursionError) as error:  # such as a number of 5,000 digits, which the decoder passed over
        raise _no_json(error, body) from None
    if len(dict(outermost)) < len(outermost):
        names = [name for name, _ in outermost]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Rejected(f"The request body has the field `{repeated}` twice: leave one.", name="malformed_request")


_pairs = json.JSONDecoder(object_pairs_hook=list)


def _may_repeat(decoded: msgspec.Struct, body: bytes) -> bool:
    """Whether one of the names of what was decoded stands twice anywhere: reading 37 MB once more would keep the GIL
    for 50 ms.
    """
    names = zip(decoded.__struct_encode_fields__, msgspec.structs.astuple(decoded), strict=True)
    return any(_occurs_twice(f'"{name}"'.encode(), body) for name, value in names if value)


def _occurs_twice(name: bytes, body: bytes) -> bool:
    """The first is mostly near the start, so the last is looked for from the end; in slices, for the GIL's sake."""
    first = body.find(name)
    ends = range(len(body), first + len(name), -SLICE) if first >= 0 else ()
    return any(body.rfind(name, max(first + 1, end - SLICE - len(name)), end) > first for end in ends)


def _no_json(error: Exception, body: bytes) -> Rejected:
    if body.startswith(GZIP):
        return Rejected("The request body is compressed: send it without Content-Encoding.", name="malformed_request")
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Rejected(f"The request body is not valid JSON: {reason}.", name="malformed_request")


def decode_body(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """The same where nothing is required: an empty body counts as `{}`."""
    return decode(decoder, body or b"{}")


def decode_base64(text: str) -> bytes:
    """Blanks and line ends are passed over. In slices: 37 MB at once would keep the GIL for 200 ms. Raises ValueError,
    of which binascii.Error is one.
    """
    pieces: list[bytes] = []
    rest = ""
    for start in range(0, len(text), SLICE):
        piece = rest + "".join(text[start : start + SLICE].split())
        if piece and pieces and len(pieces[-1]) % 3:
            raise binascii.Error("data behind the padding")
        whole = len(piece) // 4 * 4
        if whole:
            pieces.append(binascii.a2b_base64(piece[:whole], strict_mode=True))
        rest = piece[whole:]
    if rest:
        raise binascii.Error("incomplete")
    return b"".join(pieces)


def _field_error(text: str) -> Rejected:
    """msgspec's `Expected X, got Y - at `$.to[0]`` in the contract's words."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    if path:
        return Rejected(f"Invalid `{path}` field: {message}.")
    missing = message.removeprefix("Object missing required field `")
    if missing != message:
        return Rejected(f"Missing `{missing} field.", name="missing_required_field")
    return Rejected(f"The request body must be a JSON object: {message}.")
