"""`POST /emails/{id}/share`: for how long a link to an email shall work, in Resend's words."""

import re
from typing import Annotated, Literal, TypedDict

import msgspec

from emailgw.errors import Rejected
from emailgw.wire.answers import Id, IsoTime
from emailgw.wire.bodies import decode_body
from emailgw.wire.schema import says

LONGEST_SHARE = 48 * 3_600_000  # milliseconds, as the contract has it

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PIECE = re.compile(r"(\d{1,6})\s*(s|m|h|d)[a-z]*[\s,]*", re.IGNORECASE)


class ShareRequest(msgspec.Struct, frozen=True):
    expires_in: Annotated[
        str | None, says("Such as `10m`, `2 hours` or `1h 30m`; 48 hours unless given, and at most.")
    ] = None


class EmailShared(TypedDict):
    object: Literal["email"]
    id: Id
    url: Annotated[str, says("Shows the email to whoever has it, without a key.", format="uri")]
    expires_at: IsoTime


_request = msgspec.json.Decoder(ShareRequest)


def read_share(body: bytes) -> int:
    """Milliseconds. Raises Rejected."""
    text = decode_body(_request, body).expires_in
    if text is None:
        return LONGEST_SHARE
    pieces = _PIECE.findall(text)
    total = sum(int(number) * _UNITS[unit.lower()] for number, unit in pieces)
    if not total or _PIECE.sub("", text).strip():
        raise Rejected("The `expires_in` field must be a time such as `10m` or `2 hours`.", name="invalid_parameter")
    return min(total, LONGEST_SHARE)
