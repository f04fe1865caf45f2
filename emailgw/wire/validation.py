"""`POST /emails/validate`: Sendkit's answer, whose words are strings, with a suggestion beside it."""

from datetime import UTC, datetime
from typing import Annotated, Literal, TypedDict

import msgspec

from emailgw.errors import Rejected
from emailgw.wire.bodies import decode_body
from emailgw.wire.schema import says

MAX_EMAIL = 1000


class ValidateRequest(msgspec.Struct, frozen=True):
    """`email` is required."""

    email: Annotated[str | None, says("An address, without a name.", maxLength=MAX_EMAIL)] = None


_request = msgspec.json.Decoder(ValidateRequest)


def read_validation(body: bytes) -> str:
    """The text to look at. Raises Rejected."""
    email = decode_body(_request, body).email
    if not email:
        raise Rejected("Missing `email` field.", name="missing_required_field")
    if len(email) > MAX_EMAIL:
        raise Rejected(f"The `email` field is longer than {MAX_EMAIL} characters.")
    return email


YesNo = Literal["YES", "NO"]


class Evaluations(TypedDict):
    has_valid_syntax: YesNo
    has_valid_dns: YesNo
    mailbox_exists: Annotated[YesNo, says("Only that its domain takes mail: no mail host is asked.")]
    is_role_address: YesNo
    is_disposable: YesNo
    is_random_input: YesNo


class ValidationShown(TypedDict):
    email: str
    is_valid: Literal["HIGH", "LOW"]
    evaluations: Evaluations
    should_block: bool
    block_reason: str | None
    did_you_mean: str | None
    validated_at: Annotated[str, says("UTC, `2026-03-11 14:30:00`.")]


def yes_no(found: bool) -> YesNo:
    return "YES" if found else "NO"


def show_validation(
    email: str, good: bool, findings: Evaluations, block_reason: str | None, suggestion: str | None, now: int
) -> ValidationShown:
    return {
        "email": email,
        "is_valid": "HIGH" if good else "LOW",
        "evaluations": findings,
        "should_block": block_reason is not None,
        "block_reason": block_reason,
        "did_you_mean": suggestion,
        "validated_at": datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }
