"""`/domains`: requests, and domains with their DNS records as both families read them (`records`, `dns_records`)."""

import re
from typing import Any

import msgspec

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.directory import Dialect, Domain, DomainRecord, DomainStatus, RecordStatus
from emailgw.errors import Rejected
from emailgw.wire.bodies import decode_body
from emailgw.wire.times import show_time

TTL = 3600
REGION = "self-hosted"

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_PURPOSES = {"DKIM": "DKIM", "SPF": "SPF", "MX": "SPF", "DMARC": "DMARC", "Tracking": "Tracking"}


class DomainRequest(msgspec.Struct, frozen=True):
    name: str | None = None
    region: str | None = None
    custom_return_path: str | None = None
    tracking_subdomain: str | None = None
    open_tracking: bool | None = None
    click_tracking: bool | None = None
    tls: str | None = None


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
    if request.tls not in (None, "opportunistic", "enforced"):
        raise Rejected("The `tls` field must be `opportunistic` or `enforced`.", name="invalid_parameter")
    fields = {
        "return_path": _label(request.custom_return_path, "custom_return_path"),
        "tracking": _label(request.tracking_subdomain, "tracking_subdomain"),
        "open_tracking": request.open_tracking,
        "click_tracking": request.click_tracking,
        "tls": request.tls,
    }
    return name, {field: value for field, value in fields.items() if value is not None}


def show_domain(domain: Domain, records: tuple[DomainRecord, ...] | None, dialect: Dialect) -> dict[str, Any]:
    """`records` None where a list has no room for them."""
    at = show_time(domain.created_at, dialect)
    checked = show_time(domain.checked_at, dialect) if domain.checked_at is not None else None
    shown: dict[str, Any] = {
        "object": "domain",
        "id": domain.id,
        "name": domain.name,
        "status": _status(domain),
        "region": REGION,
        "capabilities": {"sending": "enabled", "receiving": "disabled"},
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
        shown["records"] = [_record(record, domain) for record in records]
        shown["dns_records"] = [
            _dns_record(record, index, domain, at, checked or at) for index, record in enumerate(records)
        ]
    return shown


def _record(record: DomainRecord, domain: Domain) -> dict[str, Any]:
    """Resend's: its name is relative to the domain, as most zone editors want it."""
    shown: dict[str, Any] = {
        "record": _PURPOSES[record.purpose],
        "name": record.name.removesuffix(f".{domain.name}"),
        "full_name": record.name,
        "type": record.type,
        "ttl": "Auto",
        "status": record.status.value,
        "value": record.value,
        "required": record.required,
        "message": record.message or None,
    }
    return shown if record.priority is None else {**shown, "priority": record.priority}


def _dns_record(record: DomainRecord, index: int, domain: Domain, created: str, updated: str) -> dict[str, Any]:
    return {
        "id": f"{domain.id}-{index}",
        "record_type": _PURPOSES[record.purpose],
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "ttl": TTL,
        "status": record.status.value,
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
