"""Request bodies → typed requests, with every refusal in the contract's words. Called by the dialects' readers."""

import binascii
from typing import TypeVar

import msgspec

from emailgw.errors import Rejected

T = TypeVar("T")

SLICE = 256 * 1024  # characters of base64 that are decoded in one go


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """Raises Rejected: `malformed_request` when the body is no JSON, else in the name of the field that is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Rejected(_field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Rejected(f"The request body is not valid JSON: {reason}.", name="malformed_request") from None


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


def _field_error(text: str) -> str:
    """msgspec's `Expected X, got Y - at `$.to[0]`` in the contract's words."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    return f"Invalid `{path}` field: {message}." if path else f"The request body must be a JSON object: {message}."
