"""`/suppressions`: requests, entries as both families read them, and lists of them as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypedDict

import msgspec

from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.core.directory import Dialect
from emailgw.core.suppression import Suppression, SuppressionReason, suppression_key
from emailgw.core.tracking import MAX_LIST, is_list_name
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, Time
from emailgw.wire.bodies import decode_body
from emailgw.wire.lists import PageQuery
from emailgw.wire.schema import says
from emailgw.wire.times import show_iso, show_time

MAX_AT_ONCE = 10_000
COLUMNS = ("email", "reason", "domain", "cause", "created_at", "list")


_FOR = "Only mail of this author domain is withheld; mail of every domain unless given."
_OF = "Only mail of this list of the `domain` is withheld; all of the domain's unless given."


class AddRequest(msgspec.Struct, frozen=True):
    """`email` is required."""

    email: str | None = None
    reason: Annotated[str | None, says(enum=[*map(str, SuppressionReason), None])] = None
    domain: Annotated[str | None, says(_FOR)] = None
    list: Annotated[str | None, says(_OF, maxLength=MAX_LIST)] = None


class BatchRequest(msgspec.Struct, frozen=True):
    """`emails`, or `ids` as well where entries are removed."""

    emails: Annotated[list[str] | None, says(maxItems=MAX_AT_ONCE)] = None
    ids: Annotated[list[str] | None, says(maxItems=MAX_AT_ONCE)] = None
    domain: Annotated[str | None, says(_FOR)] = None
    list: Annotated[str | None, says(_OF, maxLength=MAX_LIST)] = None


_REASONS = [*map(str, SuppressionReason)]
Text = str | msgspec.UnsetType
Origin = Annotated[Text, says("Only entries of this reason.", enum=_REASONS)]
Reason = Annotated[Text, says("The same.", enum=_REASONS)]
Email = Annotated[Text, says("Only entries of this address.")]
Search = Annotated[Text, says("The same.")]


class ExportQuery(msgspec.Struct):
    """What `read_filter` reads."""

    origin: Origin = msgspec.UNSET
    reason: Reason = msgspec.UNSET
    email: Email = msgspec.UNSET
    search: Search = msgspec.UNSET


class SuppressionsQuery(PageQuery):
    """The same of a list. (A Struct has one base only.)"""

    origin: Origin = msgspec.UNSET
    reason: Reason = msgspec.UNSET
    email: Email = msgspec.UNSET
    search: Search = msgspec.UNSET


class Wanted(msgspec.Struct, frozen=True):
    """One address to suppress; `domain` is None where the request names none."""

    address: Address
    reason: SuppressionReason = SuppressionReason.MANUAL
    domain: str | None = None
    cause: str = ""
    list: str = ""


_add = msgspec.json.Decoder(AddRequest)
_batch = msgspec.json.Decoder(BatchRequest)


def read_addition(body: bytes) -> Wanted:
    """Raises Rejected."""
    request = decode_body(_add, body)
    if request.email is None:
        raise Rejected("Missing `email` field.", name="missing_required_field")
    return Wanted(
        _address(request.email, "`email` field"),
        _reason(request.reason),
        _domain(request.domain),
        list=_list(request.list, request.domain),
    )


def read_batch_addition(body: bytes) -> list[Wanted]:
    """Raises Rejected, and then none of them counts."""
    request = decode_body(_batch, body)
    emails = _some(request.emails, "emails")
    domain = _domain(request.domain)
    of = _list(request.list, request.domain)
    return [
        Wanted(_address(email, f"`emails[{index}]` field"), domain=domain, list=of)
        for index, email in enumerate(emails)
    ]


def read_batch_removal(body: bytes) -> list[str]:
    """Ids and lower-case addresses. Raises Rejected."""
    request = decode_body(_batch, body)
    if request.ids is None and request.emails is None:
        raise Rejected("Missing `emails` or `ids` field.", name="missing_required_field")
    return [suppression_name(name) for name in _some([*(request.ids or ()), *(request.emails or ())], "emails")]


def suppression_name(text: str) -> str:
    """What names an entry, an id or an address, as the store knows it."""
    if "@" not in text:
        return text
    try:
        return str(suppression_key(Address.parse(text)))
    except AddressError:
        return text.lower()


def read_filter(query: Mapping[str, str]) -> tuple[SuppressionReason | None, str | None]:
    """`origin` or `reason`, and `email` or `search`. Raises Rejected."""
    reason = query.get("origin") or query.get("reason")
    address = query.get("email") or query.get("search")
    return _reason(reason) if reason else None, suppression_name(address) if address else None


class SuppressionShown(TypedDict):
    object: Literal["suppression"]
    id: Id
    email: str
    origin: Annotated[SuppressionReason, says("As `reason`, but `manual` for `unsubscribe`: Resend has no such word.")]
    reason: SuppressionReason
    domain: str | None
    list: str | None
    source_id: str | None
    cause: str | None
    created_at: Time
    updated_at: Time


class Imported(TypedDict):
    object: Literal["import"]
    read: Annotated[int, says("Lines.")]
    added: Annotated[int, says("Entries that were not there.")]


def show_suppression(entry: Suppression, dialect: Dialect) -> SuppressionShown:
    at = show_time(entry.created_at, dialect)
    return {
        "object": "suppression",
        "id": entry.id,
        "email": str(entry.address),
        "origin": SuppressionReason.MANUAL if entry.reason is SuppressionReason.UNSUBSCRIBE else entry.reason,
        "reason": entry.reason,
        "domain": entry.domain or None,
        "list": entry.list or None,
        "source_id": None,
        "cause": entry.cause or None,
        "created_at": at,
        "updated_at": at,
    }


# What other services call the column in their exports.
_EMAIL_NAMES = ("address", "email_address", "email address", "e-mail", "recipient")


def read_csv(body: bytes) -> list[Wanted]:
    """Lines of addresses, or a table whose header names `email` (or `address`) and perhaps `reason`, `domain`, `list`,
    `cause`.

    Raises Rejected that names the line.
    """
    try:
        text = body.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        rows = [row for row in lines if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected(f"The body is not CSV in UTF-8: {error}.", name="malformed_request") from None
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    names = ["email" if name in _EMAIL_NAMES else name for name in names]
    first = 1 if "email" in names else 0
    if not first:
        names = ["email"]
    return [
        _from_row(dict(zip(names, row, strict=False)), number) for number, row in enumerate(rows[first:], first + 1)
    ]


def _delimiter(text: str) -> str:
    """Of the first line. Spreadsheets take the semicolon where the comma parts decimals; no address has any of these
    outside of quotes.
    """
    line = text.lstrip().partition("\n")[0]
    return max(",;\t", key=line.count)


def write_csv(entries: Iterable[Suppression], header: bool = True) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    if header:
        writer.writerow(COLUMNS)
    for entry in entries:
        cause = " ".join(entry.cause.split())
        # A spreadsheet would run a cell that begins like a formula; causes are other people's words.
        cause = "'" + cause if cause[:1] in ("=", "+", "-", "@") else cause
        at = show_iso(entry.created_at)
        writer.writerow((entry.address, entry.reason.value, entry.domain, cause, at, entry.list))
    return buffer.getvalue()


def _from_row(cells: Mapping[str, str], number: int) -> Wanted:
    reason = cells.get("reason", "").strip().lower()
    return Wanted(
        _address(cells.get("email", "").strip(), f"address in line {number}"),
        _reason(reason) if reason else SuppressionReason.MANUAL,
        _domain(cells.get("domain", "").strip() or None),
        cells.get("cause", "")[:500],
        _list(cells.get("list", "").strip() or None, cells.get("domain", "").strip()),
    )


def _some(values: list[str] | None, field: str) -> list[str]:
    if not values:
        raise Rejected(f"Missing `{field}` field.", name="missing_required_field")
    if len(values) > MAX_AT_ONCE:
        raise Rejected(f"The `{field}` field has {len(values)} entries; at most {MAX_AT_ONCE} are allowed.")
    return values


def _address(text: str, place: str) -> Address:
    try:
        return suppression_key(Address.parse(text))
    except AddressError as error:
        raise Rejected(f"Invalid {place}: {error}.") from None


def _reason(text: str | None) -> SuppressionReason:
    try:
        return SuppressionReason(text or "manual")
    except ValueError:
        words = ", ".join(f"`{reason}`" for reason in SuppressionReason)
        raise Rejected(f"The `reason` must be one of {words}.", name="invalid_parameter") from None


def _list(text: str | None, domain: str | None) -> str:
    if not text:
        return ""
    if not is_list_name(text):
        raise Rejected(f"Invalid `list` field: use 1 to {MAX_LIST} lower-case letters, digits, dots, _ and -.")
    if not domain:
        raise Rejected("The `list` field needs a `domain`: lists are a domain's.", name="missing_required_field")
    return text


def _domain(text: str | None) -> str | None:
    try:
        return parse_domain(text) if text else None
    except AddressError as error:
        raise Rejected(f"Invalid `domain` field: {error}.") from None
