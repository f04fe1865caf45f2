"""`/domains`: requests, and domains with their DNS records as both families read them (`records`, `dns_records`)."""

import re
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.directory import Dialect, Domain, DomainRecord, DomainStatus, RecordStatus
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, Time
from emailgw.wire.bodies import decode_body
from emailgw.wire.schema import says
from emailgw.wire.times import show_time

TTL = 3600
# Typed clients of Resend's (.NET, Rust) read nothing of a domain whose region or kind of record they have no word for.
REGION = {Dialect.RESEND: "us-east-1", Dialect.SENDKIT: "self-hosted"}
WITHOUT_WORD = {Dialect.RESEND: ("DMARC",), Dialect.SENDKIT: ()}

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_STATUSES = ("not_started", "pending", "partially_verified", "verified", "partially_failed", "failed")
_CAPABILITY = ("enabled", "disabled")
_TLS = ("opportunistic", "enforced")
_PURPOSES = {
    "DKIM": "DKIM",
    "SPF": "SPF",
    "MX": "SPF",
    "DMARC": "DMARC",
    "Tracking": "Tracking",
    "Receiving": "Receiving",
}


class CapabilitiesWanted(msgspec.Struct, frozen=True):
    sending: Annotated[str | None, says("Not used.")] = None
    receiving: Annotated[str | None, says(enum=[*_CAPABILITY, None])] = None


class DomainRequest(msgspec.Struct, frozen=True):
    """`name` is required of a new domain. What is left out stays as it is."""

    name: Annotated[str | None, says("`example.com`; Unicode is taken as IDNA 2008 has it.")] = None
    region: Annotated[str | None, says("Not used.")] = None
    custom_return_path: Annotated[
        str | None, says("One label, `send` unless given: where bounces go. Its MX record must lead here.")
    ] = None
    tracking_subdomain: Annotated[str | None, says("One label, `links` unless given.")] = None
    open_tracking: bool | None = None
    click_tracking: bool | None = None
    tls: Annotated[
        str | None, says("Whether mail of this domain may go over connections without TLS.", enum=[*_TLS, None])
    ] = None
    capabilities: Annotated[
        CapabilitiesWanted | None, says("Whether mail to the domain is taken; sending is always enabled.")
    ] = None


_domain = msgspec.json.Decoder(DomainRequest)


def read_domain(body: bytes) -> tuple[str | None, dict[str, Any]]:
    """The name in A-labels, if any, and the fields of `Domain` that the request sets. Raises Rejected."""
    request = decode_body(_domain, body)
    try:
        name = parse_domain(request.name) if request.name is not None else None
    except AddressError as error:
        raise Rejected(f"Invalid `name` field: {error}.") from None
    if name is not None and "." not in name:
        raise Rejected(f"Invalid `name` field: {name!r} has no dot; name a domain such as example.com.")
    if request.tls not in (None, *_TLS):
        raise Rejected("The `tls` field must be `opportunistic` or `enforced`.", name="invalid_parameter")
    receiving = request.capabilities.receiving if request.capabilities is not None else None
    if receiving not in (None, *_CAPABILITY):
        raise Rejected("The `capabilities.receiving` field must be `enabled` or `disabled`.", name="invalid_parameter")
    fields = {
        "return_path": _label(request.custom_return_path, "custom_return_path"),
        "tracking": _label(request.tracking_subdomain, "tracking_subdomain"),
        "open_tracking": request.open_tracking,
        "click_tracking": request.click_tracking,
        "tls": request.tls,
        "receiving": receiving == "enabled" if receiving is not None else None,
    }
    return name, {field: value for field, value in fields.items() if value is not None}


class RecordShown(TypedDict):
    """One DNS record to publish, as Resend's clients read it."""

    record: str
    name: Annotated[str, says("Relative to the domain, as most zone editors want it.")]
    full_name: str
    type: Annotated[str, says(enum=["TXT", "MX", "CNAME"])]
    ttl: str
    status: RecordStatus
    value: str
    required: Annotated[bool, says("Whether the domain may not send without it.")]
    message: Annotated[str | None, says("What is wrong, and what to change.")]
    priority: NotRequired[int]


class DnsRecordShown(TypedDict):
    """The same, as Sendkit's clients read it."""

    id: str
    record_type: str
    type: Annotated[str, says(enum=["TXT", "MX", "CNAME"])]
    name: str
    value: str
    ttl: int
    status: RecordStatus
    priority: int | None
    required: bool
    message: str | None
    created_at: Time
    updated_at: Time


class Capabilities(TypedDict):
    sending: str
    receiving: str


class DomainShown(TypedDict):
    """A domain; in lists without its records."""

    object: Literal["domain"]
    id: Id
    name: str
    status: Annotated[str, says(enum=list(_STATUSES))]
    region: Annotated[str, says("Means nothing here.")]
    capabilities: Capabilities
    sending_enabled: bool
    open_tracking: bool
    click_tracking: bool
    custom_return_path: str
    tracking_subdomain: str
    tls: str
    checked_at: Time | None
    created_at: Time
    updated_at: Time
    records: NotRequired[
        Annotated[list[RecordShown], says("With names relative to the domain; for Resend's keys without DMARC.")]
    ]
    dns_records: NotRequired[Annotated[list[DnsRecordShown], says("All of them, with whole names.")]]


def show_domain(domain: Domain, records: tuple[DomainRecord, ...] | None, dialect: Dialect) -> DomainShown:
    """`records` None where a list has no room for them."""
    at = show_time(domain.created_at, dialect)
    checked = show_time(domain.checked_at, dialect) if domain.checked_at is not None else None
    shown: DomainShown = {
        "object": "domain",
        "id": domain.id,
        "name": domain.name,
        "status": _status(domain),
        "region": REGION[dialect],
        "capabilities": {"sending": "enabled", "receiving": "enabled" if domain.receiving else "disabled"},
        "sending_enabled": domain.status is DomainStatus.VERIFIED,
        "open_tracking": domain.open_tracking,
        "click_tracking": domain.click_tracking,
        "custom_return_path": domain.return_path,
        "tracking_subdomain": domain.tracking,
        "tls": domain.tls,
        "checked_at": checked,
        "created_at": at,
        "updated_at": checked or at,
    }
    if records is not None:
        named = [record for record in records if record.purpose not in WITHOUT_WORD[dialect]]
        shown["records"] = [_record(record, domain) for record in named]
        shown["dns_records"] = [
            _dns_record(record, index, domain, at, checked or at) for index, record in enumerate(records)
        ]
    return shown


def _record(record: DomainRecord, domain: Domain) -> RecordShown:
    """Resend's: its name is relative to the domain, as most zone editors want it."""
    shown: RecordShown = {
        "record": _PURPOSES[record.purpose],
        "name": "@" if record.name == domain.name else record.name.removesuffix(f".{domain.name}"),
        "full_name": record.name,
        "type": record.type,
        "ttl": "Auto",
        "status": record.status,
        "value": record.value,
        "required": record.required,
        "message": record.message or None,
    }
    return shown if record.priority is None else {**shown, "priority": record.priority}


def _dns_record(record: DomainRecord, index: int, domain: Domain, created: str, updated: str) -> DnsRecordShown:
    return {
        "id": f"{domain.id}-{index}",
        "record_type": _PURPOSES[record.purpose],
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "ttl": TTL,
        "status": record.status,
        "priority": record.priority,
        "required": record.required,
        "message": record.message or None,
        "created_at": created,
        "updated_at": updated,
    }


def _status(domain: Domain) -> str:
    if domain.is_broken:
        return "partially_failed"
    if domain.status is DomainStatus.PENDING:
        if domain.checked_at is None:
            return "not_started"
        if any(record.status is RecordStatus.VERIFIED for record in domain.checked if record.required):
            return "partially_verified"
    return domain.status.value


def _label(text: str | None, field: str) -> str | None:
    if text is not None and not _LABEL.match(text.lower()):
        raise Rejected(f"The `{field}` field must be one label such as `send`: letters, digits and hyphens.")
    return text.lower() if text is not None else None
