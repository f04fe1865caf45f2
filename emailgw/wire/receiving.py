"""Received mail as clients read it (contracts 2.8), and the rules that say who wants it."""

import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.core.directory import Dialect
from emailgw.core.receiving import (
    ANY,
    Authentication,
    DkimVerdict,
    DmarcVerdict,
    Part,
    Received,
    Rule,
    RuleAction,
    SpfVerdict,
    Summary,
)
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, IsoTime, Time
from emailgw.wire.bodies import decode_body
from emailgw.wire.schema import says
from emailgw.wire.times import show_iso, show_time

MAX_TARGET = 320  # characters

_HOST = re.compile(r"(?:smtp://)?\[?([A-Za-z0-9.-]{1,253}|[0-9A-Fa-f:.]{2,45})\]?(?::(\d{1,5}))?/?")


class VerdictShown(TypedDict):
    """In the words of RFC 8601."""

    result: str
    domain: str | None
    reason: str | None


class SignatureShown(VerdictShown):
    selector: str | None


class DmarcShown(VerdictShown):
    policy: Annotated[str | None, says("What the author's domain wants done when DMARC fails.")]
    disposition: Annotated[str, says("What that means for this message: the policy may name a percentage.")]
    aligned: Annotated[list[str], says("Which of `spf` and `dkim` speak for the author's domain.")]


class AuthenticationShown(TypedDict):
    spf: VerdictShown
    dkim: Annotated[list[SignatureShown], says("One for each signature that was looked at.")]
    dmarc: DmarcShown


class ReceivedPart(TypedDict):
    id: Id
    filename: str | None
    content_type: str
    content_id: str | None
    content_disposition: Literal["inline", "attachment"]
    size: int
    download_url: NotRequired[Annotated[str, says("Needs no key and works for an hour.", format="uri")]]
    expires_at: NotRequired[IsoTime]


class ReceivedAttachment(ReceivedPart):
    object: Literal["attachment"]


class RawShown(TypedDict):
    download_url: Annotated[str, says("The message as it came; needs no key and works for an hour.", format="uri")]
    expires_at: IsoTime


ReceivedLine = TypedDict(
    "ReceivedLine",
    {
        "id": Id,
        "from": str,
        "to": list[str],
        "cc": list[str],
        "bcc": list[str],
        "reply_to": list[str],
        "received_for": Annotated[list[str], says("The recipients of the envelope, whatever the header says.")],
        "subject": str,
        "message_id": str,
        "created_at": Time,
        "reverse_path": Annotated[str, says("Empty for a report.")],
        "size": int,
        "spam": Annotated[bool, says("The configured header field says so.")],
        "unreadable": Annotated[bool, says("It could not be parsed; `raw` has it.")],
        "authentication": AuthenticationShown | None,
        "attachments": list[ReceivedPart],
    },
)


class ReceivedShown(ReceivedLine):
    object: Literal["email"]
    html: str | None
    text: str | None
    headers: Annotated[dict[str, str | list[str]], says("Lower-case names; a list where a field is repeated.")]
    raw: RawShown


class ReceivedQuery(msgspec.Struct):
    html_format: Annotated[
        str, says("`data_uri`: inline images stand in the HTML; `cid`: it names them.", enum=["data_uri", "cid"])
    ] = "data_uri"


class RuleRequest(msgspec.Struct, frozen=True):
    """`address` is required."""

    address: Annotated[
        str | None,
        says("`user@example.com` (with `user+anything@` as well), `user+tag@example.com` or `*@example.com`."),
    ] = None
    action: Annotated[
        str | None, says("`store` unless there is a `forward_to`.", enum=[*map(str, RuleAction), None])
    ] = None
    forward_to: Annotated[
        str | None, says("A mailbox, or a mail host as `smtp://host:port` that takes the mail for the same address.")
    ] = None


class RuleShown(TypedDict):
    object: Literal["receiving_rule"]
    id: Id
    address: str
    domain: str
    action: RuleAction
    forward_to: str | None
    created_at: Time


_rule = msgspec.json.Decoder(RuleRequest)


def read_rule(body: bytes) -> Rule:
    """With an empty id. Raises Rejected."""
    return make_rule(decode_body(_rule, body))


def make_rule(request: RuleRequest) -> Rule:
    """With an empty id. Raises Rejected."""
    if not request.address:
        raise Rejected("Missing `address` field.", name="missing_required_field")
    local, _, host = request.address.strip().rpartition("@")
    try:
        domain = parse_domain(host)
        if local != ANY:
            local = Address.parse(f"{local}@{domain}").local.lower()
    except AddressError as error:
        raise Rejected(f"Invalid `address` field: {error}.") from None
    target = _target(request.forward_to) if request.forward_to else ""
    default = RuleAction.FORWARD if target else RuleAction.STORE
    try:
        action = RuleAction(request.action or default)
    except ValueError:
        raise Rejected("The `action` field must be store, forward or both.", name="invalid_parameter") from None
    if (action is RuleAction.STORE) == bool(target):
        raise Rejected("`forward_to` goes with `action` forward or both, and only with these.")
    return Rule("", local, domain, action, target)


def _target(text: str) -> str:
    """A mailbox, or `[host]` or `[host]:port`."""
    text = text.strip()
    if "@" in text:
        try:
            return str(Address.parse(text))
        except AddressError as error:
            raise Rejected(f"Invalid `forward_to` field: {error}.") from None
    match = _HOST.fullmatch(text) if len(text) <= MAX_TARGET else None
    if match is None or (match[2] and not 0 < int(match[2]) <= 65535):
        raise Rejected("The `forward_to` field must be a mailbox, or a mail host such as smtp://mail.example.com:25.")
    return f"[{match[1].lower()}]" + (f":{match[2]}" if match[2] else "")


def show_rule(rule: Rule, dialect: Dialect) -> RuleShown:
    return {
        "object": "receiving_rule",
        "id": rule.id,
        "address": rule.pattern,
        "domain": rule.domain,
        "action": rule.action,
        "forward_to": rule.forward_to or None,
        "created_at": show_time(rule.created_at, dialect),
    }


def part_id(email_id: str, index: int) -> str:
    """A UUID of its own for the attachment at `index`, always the same."""
    return str(uuid.uuid5(uuid.UUID(email_id), f"attachment {index}"))


def show_part(email_id: str, part: Part, url: str | None = None, expires_at: int = 0) -> ReceivedPart:
    shown: ReceivedPart = {
        "id": part_id(email_id, part.index),
        "filename": part.filename or None,
        "content_type": part.content_type,
        "content_id": part.content_id,
        "content_disposition": "inline" if part.inline else "attachment",
        "size": part.size,
    }
    return shown if url is None else {**shown, "download_url": url, "expires_at": show_iso(expires_at)}


def show_received_line(received: Received, dialect: Dialect) -> ReceivedLine:
    summary = received.summary
    return {
        "id": received.id,
        "from": summary.author or received.reverse_path,
        "to": list(summary.to or summary.received_for),
        "cc": list(summary.cc),
        "bcc": [],
        "reply_to": list(summary.reply_to),
        "received_for": list(summary.received_for),
        "subject": summary.subject,
        "message_id": summary.message_id,
        "created_at": show_time(received.at, dialect),
        "reverse_path": received.reverse_path,
        "size": received.size,
        "spam": summary.spam,
        "unreadable": summary.unreadable,
        "authentication": show_authentication(summary.authentication),
        "attachments": [show_part(received.id, part) for part in summary.attachments],
    }


def show_headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def show_authentication(found: Authentication | None) -> AuthenticationShown | None:
    if found is None:
        return None

    dmarc: DmarcShown = {
        **_show_verdict(found.dmarc),
        "policy": found.dmarc.policy or None,
        "disposition": found.dmarc.disposition,
        "aligned": list(found.dmarc.aligned),
    }
    return {
        "spf": _show_verdict(found.spf),
        "dkim": [{**_show_verdict(one), "selector": one.selector or None} for one in found.dkim],
        "dmarc": dmarc,
    }


def _show_verdict(verdict: SpfVerdict | DkimVerdict | DmarcVerdict) -> VerdictShown:
    return {"result": verdict.result, "domain": verdict.domain or None, "reason": verdict.reason or None}


def show_arrival(email_id: str, mail: Summary, at: str) -> dict[str, Any]:
    """`data` of the webhook `email.received`: what the message is; its content is fetched."""
    parts: list[Mapping[str, Any]] = [{**show_part(email_id, part)} for part in mail.attachments]
    return {
        "email_id": email_id,
        "created_at": at,
        "from": mail.author,
        "to": list(mail.to or mail.received_for),
        "cc": list(mail.cc),
        "bcc": [],
        "received_for": list(mail.received_for),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "spam": mail.spam,
        "authentication": show_authentication(mail.authentication),
        "attachments": parts,
    }
