"""Reads delivery-status fields (RFC 3464 §2): the machine-readable half of a DSN.

Works on any text that holds such fields, whatever the part it stood in was called: systems mislabel it, paste it into
the notice, forget the blank lines between its groups, or put fields twice (the first one counts).
"""

import re
from collections.abc import Iterable

import msgspec

from emailgw.bounce.addresses import field_address, find_addresses, is_address
from emailgw.bounce.report import Action
from emailgw.core.status import EnhancedStatus
from emailgw.core.text import clean_line
from emailgw.mime.reader import decode_words

MAX_RECIPIENTS = 300
MAX_LINES = 20_000
MAX_LINE = 4000

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,50})[ \t]{0,5}:[ \t]*(.*)", re.DOTALL)
_FINAL = re.compile(r"^[ \t>]{0,8}(?:final|original|x-actual)-recipient[ \t]{0,3}:", re.IGNORECASE | re.MULTILINE)
_ABOUT_RECIPIENT = ("final-recipient", "original-recipient", "x-actual-recipient")
_REPLY_CODE = re.compile(r"(?<![\w.])([45]\d\d)(?=[\s:;-]|$)")  # not the 416 of "OFR_416"
_FAILURE_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_ACTIONS = {
    "fail": Action.FAILED,
    "undeliver": Action.FAILED,
    "expired": Action.FAILED,
    "error": Action.FAILED,
    "delay": Action.DELAYED,
    "defer": Action.DELAYED,
    "deliver": Action.DELIVERED,
    "relay": Action.RELAYED,
    "expand": Action.EXPANDED,
}


class StatusGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One per-recipient group (RFC 3464 §2.3), its values cleaned. `action` is None when it says none."""

    recipient: str
    original_recipient: str | None = None
    action: Action | None = None
    status: EnhancedStatus | None = None
    diagnostic: str = ""
    remote_mta: str | None = None


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a whole report: those about the message and the groups about its recipients."""

    groups: tuple[StatusGroup, ...] = ()
    reporting_mta: str | None = None
    arrival_date: str | None = None
    envelope_id: str | None = None
    sender: str | None = None


def has_status_fields(text: str) -> bool:
    """Whether `text` holds per-recipient fields at the beginning of a line."""
    return "ecipient" in text and bool(_FINAL.search(text))


def read_delivery_status(text: str) -> DeliveryStatus:
    """The fields in `text`; lines that are none are passed over."""
    groups = list(_groups(text.splitlines()[:MAX_LINES]))
    message: dict[str, str] = {}
    recipients = []
    for fields in groups:
        if _is_recipient(fields):
            recipients.append(fields)
        elif recipients and _is_torn_off(fields, recipients[-1]):
            recipients[-1].update(fields)
        if not recipients or "reporting-mta" in fields:
            message = fields | message
    read: dict[str, StatusGroup] = {}
    for fields in recipients[:MAX_RECIPIENTS]:
        group = _status_group(fields)
        if group.recipient:
            read.setdefault(group.recipient.lower(), group)  # of groups about the same recipient the first counts
    return DeliveryStatus(
        groups=tuple(read.values()),
        reporting_mta=_typed(message.get("reporting-mta", "")),
        arrival_date=_or_none(message.get("arrival-date", "")),
        envelope_id=_or_none(message.get("original-envelope-id", "")),
        sender=field_address(message.get("x-postfix-sender", "")) or None,
    )


def _groups(lines: list[str]) -> Iterable[dict[str, str]]:
    group: dict[str, str] = {}
    last = ""
    indent = 0  # of the last field: some systems indent the whole group
    for line in lines:
        line = line[:MAX_LINE]
        if not line.strip():
            if group:
                yield group
            group, last = {}, ""
        elif _indent(line) > indent and last and not _FINAL.match(line):
            group[last] = f"{group[last]} {line.strip()}"[:MAX_LINE]
        elif field := _FIELD.match(line.lstrip(" \t>")):
            name, value = field[1].lower(), field[2].strip()
            if name == "final-recipient" and _begins_next(group, value):
                yield group
                group = {}
            last, indent = (name if name not in group else ""), _indent(line)
            group.setdefault(name, value)
        elif last == "diagnostic-code":  # a diagnostic wrapped without the indent
            group[last] = f"{group[last]} {line.strip()}"[:MAX_LINE]
    if group:
        yield group


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _begins_next(group: dict[str, str], value: str) -> bool:
    """Whether a Final-Recipient field opens a new group although no blank line came before it."""
    if "final-recipient" not in group:
        return "action" in group and "status" in group and any(name in group for name in _ABOUT_RECIPIENT)
    return field_address(group["final-recipient"]).lower() != field_address(value).lower()


def _is_torn_off(group: dict[str, str], before: dict[str, str]) -> bool:
    """Whether `group` is the rest of the recipient's group `before`: some systems put a blank line into it."""
    return not ("action" in before or "status" in before) and ("action" in group or "status" in group)


def _is_recipient(group: dict[str, str]) -> bool:
    return any(name in group for name in _ABOUT_RECIPIENT)


def _status_group(group: dict[str, str]) -> StatusGroup:
    original = field_address(group.get("original-recipient", "")) or None
    said = group.get("diagnostic-code", "") or group.get("x-supplementary-info", "")
    diagnostic = _diagnostic(said) or clean_line(group.get("status", "").partition("(")[2].rstrip(") "))
    return StatusGroup(
        recipient=clean_line(_recipient(group, original)),
        original_recipient=clean_line(original) if original else None,
        action=read_action(group.get("action", "")),
        status=_status(group.get("status", ""), diagnostic),
        diagnostic=diagnostic,
        remote_mta=_typed(group.get("remote-mta", "")),
    )


def _recipient(group: dict[str, str], original: str | None) -> str:
    """The final recipient if it is an address, else the nearest thing to one."""
    final = field_address(group.get("final-recipient", ""))
    if is_address(final):
        return final
    actual = field_address(group.get("x-actual-recipient", ""))
    for other in (original or "", actual):
        if is_address(other):
            return other
    return next(iter(find_addresses(final)), final)


def read_action(value: str) -> Action | None:
    """The Action field's value; comments, case and near misses ("failure", "Delayed (…)") do not matter."""
    words = value.partition("(")[0][:80].lower()
    return next((action for stem, action in _ACTIONS.items() if stem in words), None)


def _status(value: str, diagnostic: str) -> EnhancedStatus | None:
    """The Status field; where it is missing or only general (x.0.0), the diagnostic's enhanced code."""
    stated = EnhancedStatus.parse(value) or EnhancedStatus.find(value)
    said = enhanced_in(diagnostic)
    if said and (stated is None or (stated.subject == 0 and stated.detail == 0)):
        return said
    return stated


def enhanced_in(text: str) -> EnhancedStatus | None:
    """The first enhanced status of a failure in `text`; those of success stand in dialogs before it."""
    match = _FAILURE_STATUS.search(text[:MAX_LINE])
    return EnhancedStatus(int(match[1]), int(match[2]), int(match[3])) if match else None


def reply_code_in(text: str) -> int | None:
    """The first SMTP reply code of a failure that stands alone in `text`."""
    match = _REPLY_CODE.search(text[:MAX_LINE])
    return int(match[1]) if match else None


def _diagnostic(value: str) -> str:
    """The diagnostic without its type, which is kept where it is not SMTP: `x-unix; 75` means an exit status."""
    value = decode_words(value) if "=?" in value else value
    kind, semicolon, rest = value.partition(";")
    return clean_line(
        rest if semicolon and kind.strip().lower() in ("smtp", "lmtp", "esmtp", "dns", "x-postfix") else value
    )


def _typed(value: str) -> str | None:
    """The value after `dns;` and the like."""
    kind, semicolon, rest = value.partition(";")
    return _or_none(rest if semicolon and len(kind) < 20 else value)


def _or_none(value: str) -> str | None:
    return clean_line(value, 300) or None
