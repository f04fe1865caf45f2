"""Error answers: one table of names and statuses, one body that both SDK families understand (contracts 0.4 and 2.2).

Only names of the contract's older list appear on the wire: some SDKs treat an unknown name as success.
"""

import msgspec

from emailgw.core.directory import Dialect

# Our name → when it is answered, for the description.
WHEN = {
    "validation_error": "A field is not what it must be; the message names it and says what to change.",
    "missing_required_field": "A required field is missing; the message names it.",
    "invalid_parameter": "A field or parameter has a value that it cannot have.",
    "invalid_attachment": "An attachment is not valid base64, cannot be fetched, or there are too many.",
    "invalid_idempotency_key": "The `Idempotency-Key` header has not 1 to 256 characters.",
    "invalid_idempotent_request": "The idempotency key was used for another request.",
    "concurrent_idempotent_requests": "The first request with this idempotency key is still being carried out.",
    "not_found": "There is no such thing, or this key may not know of it.",
    "method_not_allowed": "The path exists, for other methods.",
    "missing_api_key": "No API key was sent.",
    "restricted_api_key": "The API key may not do this.",
    "invalid_api_key": "The API key is unknown, expired or revoked: 403 where it begins with `re_`, 401 for others.",
    "domain_not_verified": "The domain of `from` is not one that this key may send as: 403 for Resend's keys, 422 for "
    "Sendkit's.",
    "template_not_found": "There is no such template: 404 for Resend's keys, 422 for Sendkit's.",
    "rate_limit_exceeded": "Too many requests in a second; wait as long as `retry-after` says.",
    "daily_quota_exceeded": "The key has sent to as many recipients as it may in a day (UTC).",
    "monthly_quota_exceeded": "The key has sent to as many recipients as it may in a month (UTC).",
    "malformed_request": "The body is not JSON in UTF-8, is nested too deeply, or names a field twice.",
    "too_large": "The body is larger than this gateway takes.",
    "too_slow": "The body came too slowly.",
    "unavailable": "Nothing was done; try again after as many seconds as `retry-after` says.",
    "application_error": "A fault of the gateway's, under a number that is in its log.",
}

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


def error_answers(name: str) -> set[tuple[int, str]]:
    """Every (HTTP status, name on the wire) that our error `name` may become. Raises KeyError for an unknown one."""
    if name in _SAME:
        return {(_SAME[name], name)}
    return set(_DIFFERENT[name].values()) if name in _DIFFERENT else {_PLAIN[name]}


def error_body(name: str, message: str, dialect: Dialect) -> ErrorBody:
    """The answer for our error `name` in the asker's dialect. Raises KeyError for a name that is in no table."""
    if name in _SAME:
        return ErrorBody(_SAME[name], name, message)
    status, wire_name = _DIFFERENT[name][dialect] if name in _DIFFERENT else _PLAIN[name]
    return ErrorBody(status, wire_name, message)
