"""`GET /emails`: which messages a query asks for, and their attachments as both families read them."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, TypedDict

import msgspec

from emailgw.core.address import Address, AddressError
from emailgw.core.events import EventType
from emailgw.core.ids import MessageId, is_uuid
from emailgw.core.listing import MessageFilter
from emailgw.core.model import Attachment, RecipientState
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, IsoTime
from emailgw.wire.lists import PageQuery
from emailgw.wire.reading import LAST_EVENT
from emailgw.wire.schema import says
from emailgw.wire.times import read_time, show_iso

DAY = 86_400_000

_STATES = {
    "queued": (RecipientState.QUEUED,),
    "scheduled": (RecipientState.QUEUED,),
    "delivery_delayed": (RecipientState.DEFERRED,),
    "sent": (RecipientState.DELIVERED,),
    "failed": (RecipientState.EXPIRED,),
    "canceled": (RecipientState.CANCELLED,),
    **{state.value: (state,) for state in RecipientState},
}
_EVENTS = {"complained": EventType.COMPLAINED} | {
    word: EventType(word) for word in ("opened", "clicked") if word in set(EventType)
}


Text = str | msgspec.UnsetType
DayOrTime = Annotated[Text, says("A date such as 2026-03-01, or a time; of acceptance.")]


class EmailsQuery(PageQuery):
    """What `read_filter` reads. Filters combine."""

    status: Annotated[Text, says("At least one recipient is so.", enum=sorted({*_STATES, *_EVENTS}))] = msgspec.UNSET
    recipient: Annotated[Text, says("An address, whole: in to, cc or bcc.")] = msgspec.UNSET
    to: Annotated[Text, says("The same.")] = msgspec.UNSET
    search: Annotated[Text, says("The same.")] = msgspec.UNSET
    domain: Annotated[Text, says("The author's domain.")] = msgspec.UNSET
    domain_id: Text = msgspec.UNSET
    tag: Annotated[Text, says("`name`, or `name:value`.")] = msgspec.UNSET
    start_date: DayOrTime = msgspec.UNSET
    end_date: Annotated[Text, says("The same; a date is included.")] = msgspec.UNSET


def read_filter(query: Mapping[str, str], now: int, domain: str | None) -> MessageFilter:
    """`domain`: the name of the one that `domain_id` means. Raises Rejected for values that nothing can match."""
    status = query.get("status", "").lower()
    if status and status not in _STATES and status not in _EVENTS:
        words = ", ".join(sorted({*_STATES, *_EVENTS}))
        raise Rejected(f"The `status` parameter must be one of {words}.", name="invalid_parameter")
    recipient = query.get("recipient") or query.get("to") or query.get("search")
    name, colon, value = query.get("tag", "").partition(":")
    wanted = domain or query.get("domain")
    return MessageFilter(
        domains=(wanted.lower(),) if wanted else (),
        recipient=read_address(recipient) if recipient else None,
        tag=(name, value if colon else None) if name else None,
        states=_STATES.get(status, ()),
        event=_EVENTS.get(status),
        since=read_day(query, "start_date", False),
        until=read_day(query, "end_date", True),
        later_than=now if status == "scheduled" else None,
    )


def read_day(query: Mapping[str, str], name: str, end: bool) -> int | None:
    """A date, or a time; a date that ends something includes its day. Raises Rejected."""
    text = query.get(name)
    if not text:
        return None
    try:
        at = read_time(text.replace(" ", "+") if "T" in text else text)  # a `+` of a zone arrives as a blank
        is_day = len(text) == 10 and date.fromisoformat(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < 1 << 47:
        raise Rejected(
            f"The `{name}` parameter must be a date such as 2026-03-01, or a time.", name="invalid_parameter"
        )
    return at + DAY if end and is_day else at


def read_email_id(query: Mapping[str, str]) -> MessageId | None:
    """The `email_id` parameter. Raises Rejected for what no email is called."""
    id = query.get("email_id")
    if id and not is_uuid(id):
        raise Rejected("The `email_id` parameter must be an email's id.", name="invalid_parameter")
    return MessageId(id) if id else None


def read_address(text: str) -> str:
    """The `recipient` parameter as the store knows addresses. Raises Rejected."""
    try:
        return str(Address.parse(text))
    except AddressError as error:
        raise Rejected(f"Invalid `recipient` parameter: {error}.", name="invalid_parameter") from None


SHOWN_EVENTS = tuple(LAST_EVENT)


def attachment_id(message_id: MessageId, index: int) -> str:
    """A UUID of its own for the attachment at `index`, always the same."""
    return str(uuid.uuid5(uuid.UUID(message_id), f"attachment {index}"))


class AttachmentShown(TypedDict):
    object: Literal["attachment"]
    id: Id
    filename: str
    size: int
    content_type: str
    content_disposition: Literal["inline", "attachment"]
    content_id: str | None
    download_url: Annotated[str, says("Needs no key and works for an hour.", format="uri")]
    expires_at: IsoTime


def show_attachment(attachment: Attachment, id: str, url: str, expires_at: int, inline: bool) -> AttachmentShown:
    return {
        "object": "attachment",
        "id": id,
        "filename": attachment.filename,
        "size": len(attachment.data),
        "content_type": attachment.content_type,
        "content_disposition": "inline" if inline else "attachment",
        "content_id": attachment.content_id,
        "download_url": url,
        "expires_at": show_iso(expires_at),
    }
