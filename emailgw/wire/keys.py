"""`/api-keys`: requests in both families' words, and keys as each reads them."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.directory import ApiKey, Dialect, KeyMode, Permission
from emailgw.core.limits import MAX_NAME
from emailgw.errors import Rejected
from emailgw.wire.answers import Time
from emailgw.wire.bodies import decode_body
from emailgw.wire.schema import says
from emailgw.wire.times import read_time, show_time

MAX_QUOTA = 10**12
MAX_GRACE = 30 * 86_400  # seconds

_PERMISSIONS = {
    "full": Permission.FULL,
    "full_access": Permission.FULL,
    "send": Permission.SENDING,
    "sending": Permission.SENDING,
    "sending_access": Permission.SENDING,
}
_SHOWN = {
    (Permission.FULL, Dialect.RESEND): "full_access",
    (Permission.SENDING, Dialect.RESEND): "sending_access",
    (Permission.FULL, Dialect.SENDKIT): "full",
    (Permission.SENDING, Dialect.SENDKIT): "send",
}


Limit = int | msgspec.UnsetType | None


class KeyRequest(msgspec.Struct, frozen=True):
    """`name` is required of a new key. What is left out stays as it is."""

    name: Annotated[str | None, says(minLength=1, maxLength=MAX_NAME)] = None
    permission: Annotated[str | None, says("In either contract's words.", enum=[*_PERMISSIONS, None])] = None
    dialect: Annotated[
        str | None, says("Whose wire format its owner expects; only of a new key.", enum=[*map(str, Dialect), None])
    ] = None
    mode: Annotated[
        str | None, says("What a `test` key sends never leaves the machine.", enum=[*map(str, KeyMode), None])
    ] = None
    domain: Annotated[
        str | msgspec.UnsetType | None, says("The domain that it is restricted to, by name or id; null for none.")
    ] = msgspec.UNSET
    domain_id: Annotated[str | msgspec.UnsetType | None, says("The same.")] = msgspec.UNSET
    domains: Annotated[list[str] | msgspec.UnsetType | None, says("Several of them.")] = msgspec.UNSET
    expires_at: Annotated[str | msgspec.UnsetType | None, says("ISO 8601; null for never.")] = msgspec.UNSET
    rate_limit: Annotated[Limit, says("Requests a second; 0 is no limit.", minimum=0, maximum=MAX_QUOTA)] = (
        msgspec.UNSET
    )
    daily_quota: Annotated[Limit, says("Recipients a day (UTC).", minimum=0, maximum=MAX_QUOTA)] = msgspec.UNSET
    monthly_quota: Annotated[Limit, says("Recipients a month.", minimum=0, maximum=MAX_QUOTA)] = msgspec.UNSET


class RotateRequest(msgspec.Struct, frozen=True):
    grace: Annotated[
        int | None,
        says("Seconds for which the old token stays good; a day unless given.", minimum=0, maximum=MAX_GRACE),
    ] = None


class KeyEdit(msgspec.Struct, frozen=True):
    """What a request says of a key; UNSET is what it does not mention. `domains`: names or ids of domains."""

    name: str | None
    permission: Permission | None
    dialect: Dialect | None
    mode: KeyMode | None
    domains: tuple[str, ...] | msgspec.UnsetType
    expires_at: int | msgspec.UnsetType | None
    rate_limit: int | msgspec.UnsetType | None
    daily_quota: int | msgspec.UnsetType | None
    monthly_quota: int | msgspec.UnsetType | None

    def applied(self, key: ApiKey) -> ApiKey:
        """The key with what is mentioned changed; its domains are the caller's business."""
        changes: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("expires_at", "rate_limit", "daily_quota", "monthly_quota")
            if getattr(self, name) is not msgspec.UNSET
        }
        changes |= {
            name: getattr(self, name) for name in ("name", "permission", "mode") if getattr(self, name) is not None
        }
        return msgspec.structs.replace(key, **changes)


_key = msgspec.json.Decoder(KeyRequest)
_rotate = msgspec.json.Decoder(RotateRequest)


def read_key(body: bytes) -> KeyEdit:
    """Raises Rejected."""
    request = decode_body(_key, body)
    if request.name is not None and not 0 < len(request.name.strip()) <= MAX_NAME:
        raise Rejected(f"The `name` field must have 1 to {MAX_NAME} characters.")
    return KeyEdit(
        name=request.name,
        permission=read_permission(request.permission) if request.permission is not None else None,
        dialect=_choice(Dialect, request.dialect, "dialect") if request.dialect is not None else None,
        mode=_choice(KeyMode, request.mode, "mode") if request.mode is not None else None,
        domains=_domains(request),
        expires_at=read_expiry(request.expires_at) if isinstance(request.expires_at, str) else request.expires_at,
        rate_limit=_number(request.rate_limit, "rate_limit"),
        daily_quota=_number(request.daily_quota, "daily_quota"),
        monthly_quota=_number(request.monthly_quota, "monthly_quota"),
    )


def read_grace(body: bytes) -> int | None:
    """Seconds for which a rotated key's old token stays good. Raises Rejected."""
    grace = decode_body(_rotate, body).grace
    if grace is not None and not 0 <= grace <= MAX_GRACE:
        raise Rejected(f"The `grace` field must be 0 to {MAX_GRACE} seconds.", name="invalid_parameter")
    return grace


def read_permission(text: str) -> Permission:
    """In either family's words. Raises Rejected."""
    if text not in _PERMISSIONS:
        raise Rejected(f"The `permission` field must be one of {', '.join(_PERMISSIONS)}.", name="invalid_parameter")
    return _PERMISSIONS[text]


def read_expiry(text: str) -> int:
    """Raises Rejected."""
    try:
        return read_time(text)
    except (ValueError, OverflowError):
        raise Rejected(
            "The `expires_at` field must be an ISO 8601 time such as 2027-03-01T10:00:00Z.", name="invalid_parameter"
        ) from None


class KeyShown(TypedDict):
    object: Literal["api_key"]
    id: str
    name: str
    hint: Annotated[str, says("The first characters of its token.")]
    permission: Annotated[str, says(enum=sorted(set(_SHOWN.values())))]
    domain: str | None
    domains: list[str]
    mode: KeyMode
    dialect: Dialect
    rate_limit: int | None
    daily_quota: int | None
    monthly_quota: int | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    token: NotRequired[Annotated[str, says("Only where it has just been made: it is shown this once.")]]


def show_key(key: ApiKey, dialect: Dialect, token: str | None = None) -> KeyShown:
    """`token` only when it has just been made."""
    shown: KeyShown = {
        "object": "api_key",
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "permission": _SHOWN[key.permission, dialect],
        "domain": key.domains[0] if len(key.domains) == 1 else None,
        "domains": list(key.domains),
        "mode": key.mode,
        "dialect": key.dialect,
        "rate_limit": key.rate_limit,
        "daily_quota": key.daily_quota,
        "monthly_quota": key.monthly_quota,
        "created_at": show_time(key.created_at, dialect),
        "expires_at": show_time(key.expires_at, dialect) if key.expires_at is not None else None,
        "last_used_at": show_time(key.last_used_at, dialect) if key.last_used_at is not None else None,
    }
    return shown if token is None else {**shown, "token": token}


def _domains(request: KeyRequest) -> tuple[str, ...] | msgspec.UnsetType:
    said = [field for field in (request.domain, request.domain_id) if field is not msgspec.UNSET]
    if not said and request.domains is msgspec.UNSET:
        return msgspec.UNSET
    named = [name for name in said if isinstance(name, str)]
    named += request.domains if isinstance(request.domains, list) else []
    try:
        return tuple(dict.fromkeys(name if "." not in name else parse_domain(name) for name in named))
    except AddressError as error:
        raise Rejected(f"Invalid `domains` field: {error}.") from None


def _choice(kind: Any, text: str, field: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(member.value for member in kind)
        raise Rejected(f"The `{field}` field must be one of {words}.", name="invalid_parameter") from None


def _number(value: int | msgspec.UnsetType | None, field: str) -> int | msgspec.UnsetType | None:
    if isinstance(value, int) and not 0 <= value <= MAX_QUOTA:
        raise Rejected(f"The `{field}` field must not be negative; 0 is no limit.", name="invalid_parameter")
    return value
