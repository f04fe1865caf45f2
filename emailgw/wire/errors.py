"""Error answers: one table of names and statuses, one body that both SDK families understand (contracts 0.4 and 2.2).

Only names of the contract's older list appear on the wire: some SDKs treat an unknown name as success.
"""

import msgspec

from emailgw.core.directory import Dialect

# Our name → (HTTP status, name on the wire); where the dialects differ, Sendkit's pair comes second.
_SAME = {
    "validation_error": 422,
    "invalid_idempotency_key": 400,
    "invalid_idempotent_request": 409,
    "concurrent_idempotent_requests": 409,
    "missing_required_field": 422,
    "invalid_parameter": 422,
    "invalid_attachment": 422,
    "not_found": 404,
    "method_not_allowed": 405,
    "missing_api_key": 401,
    "restricted_api_key": 401,
    "rate_limit_exceeded": 429,
    "daily_quota_exceeded": 429,
    "monthly_quota_exceeded": 429,
    "application_error": 500,
}
_DIFFERENT = {
    "invalid_api_key": {Dialect.RESEND: (403, "invalid_api_key"), Dialect.SENDKIT: (401, "invalid_api_key")},
    "domain_not_verified": {Dialect.RESEND: (403, "validation_error"), Dialect.SENDKIT: (422, "validation_error")},
    "template_not_found": {Dialect.RESEND: (404, "not_found"), Dialect.SENDKIT: (422, "validation_error")},
}
_PLAIN = {
    "malformed_request": (400, "validation_error"),
    "too_large": (413, "validation_error"),
    "too_slow": (408, "validation_error"),
    "unavailable": (503, "application_error"),
}


class ErrorBody(msgspec.Struct, frozen=True, rename="camel"):
    """`statusCode` is what some SDKs tell success and failure apart by; it equals the HTTP status."""

    status_code: int
    name: str
    message: str


def error_body(name: str, message: str, dialect: Dialect) -> ErrorBody:
    """The answer for our error `name` in the asker's dialect. Raises KeyError for a name that is in no table."""
    if name in _SAME:
        return ErrorBody(_SAME[name], name, message)
    status, wire_name = _DIFFERENT[name][dialect] if name in _DIFFERENT else _PLAIN[name]
    return ErrorBody(status, wire_name, message)
