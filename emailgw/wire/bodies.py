"""Request bodies → typed requests, with every refusal in the contract's words. Called by the dialects' readers."""

from typing import TypeVar

import msgspec

from emailgw.errors import Rejected

T = TypeVar("T")


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


def _field_error(text: str) -> str:
    """msgspec's `Expected X, got Y - at `$.to[0]`` in the contract's words."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    return f"Invalid `{path}` field: {message}." if path else f"The request body must be a JSON object: {message}."
