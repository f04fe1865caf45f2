"""`POST /emails/validate`: Sendkit's answer, whose words are strings, with a suggestion beside it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from emailgw.errors import Rejected
from emailgw.wire.bodies import decode_body

MAX_EMAIL = 1000


class ValidateRequest(msgspec.Struct, frozen=True):
    email: str | None = None


_request = msgspec.json.Decoder(ValidateRequest)


def read_validation(body: bytes) -> str:
    """The text to look at. Raises Rejected."""
    email = decode_body(_request, body).email
    if not email:
        raise Rejected("Missing `email` field.", name="missing_required_field")
    if len(email) > MAX_EMAIL:
        raise Rejected(f"The `email` field is longer than {MAX_EMAIL} characters.")
    return email


def show_validation(
    email: str, good: bool, findings: dict[str, bool], block_reason: str | None, suggestion: str | None, now: int
) -> dict[str, Any]:
    """`findings`: has_valid_syntax, has_valid_dns, mailbox_exists, is_role_address, is_disposable, is_random_input."""
    return {
        "email": email,
        "is_valid": "HIGH" if good else "LOW",
        "evaluations": {name: "YES" if found else "NO" for name, found in findings.items()},
        "should_block": block_reason is not None,
        "block_reason": block_reason,
        "did_you_mean": suggestion,
        "validated_at": datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }
