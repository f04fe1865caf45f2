"""`POST /emails/batch`, `POST /emails/bulk`: many messages in one request, and one message to many with variables.

Items are decoded one by one, so that what is wrong with one has its index and costs the others nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.ids import KeyId, MessageId, TemplateId
from emailgw.core.limits import MAX_BATCH
from emailgw.core.model import Content, Submission
from emailgw.core.template import TemplateFields
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, IdShown
from emailgw.wire.bodies import decode
from emailgw.wire.emails import (
    EmailRequest,
    Fetched,
    Mailboxes,
    Metadata,
    Tags,
    TemplateUse,
    Variables,
    decode_email,
    header_fields,
    read_content,
    read_mailboxes,
    read_tags,
    read_wish,
)
from emailgw.wire.scheduling import ScheduledAt, read_send_at
from emailgw.wire.schema import says


class RecipientField(msgspec.Struct, frozen=True):
    """One message of a mailing: to whom, and what it fills the placeholders with."""

    to: Annotated[str | list[str], says("An address, or an array of addresses that get this message together.")]
    cc: Mailboxes = None
    bcc: Mailboxes = None
    variables: Variables = None
    tags: Tags = None
    metadata: Metadata = None
    scheduled_at: ScheduledAt = None


TemplateForMany = Annotated[
    str | TemplateUse | None, says("A published template's id or alias, or with variables for all.")
]


class Mailing(EmailRequest, frozen=True, rename={"author": "from"}):
    """One template or inline text for many `recipients`: the fields of one email but `to`, `cc`, `bcc`, said once."""

    template: TemplateForMany = None  # type: ignore[assignment]
    recipients: Annotated[list[RecipientField] | None, says(maxItems=MAX_BATCH)] = None
    emails: Annotated[
        tuple[msgspec.Raw, ...], says("In the place of `recipients`: a plain batch.", maxItems=MAX_BATCH)
    ] = ()

    @property
    def template_id(self) -> str | None:
        return self.template.id if isinstance(self.template, TemplateUse) else self.template


class Refused(TypedDict):
    index: int
    message: str


class BatchShown(TypedDict):
    """The ids of what was accepted, in the order of the request."""

    data: list[IdShown]
    errors: NotRequired[Annotated[list[Refused], says("Of a permissive batch: what was not sent.")]]


class BulkItem(TypedDict):
    """`id` of what was accepted, `error` of what was not."""

    status: Literal["success", "error"]
    id: NotRequired[Id]
    error: NotRequired[str]


class BulkShown(TypedDict):
    """One entry for each item, in the order of the request."""

    data: list[BulkItem]


# What the decoder is given leaves items for later; what the description says of it has them.
BatchRequest = Mailing | Annotated[list[EmailRequest], says(maxItems=MAX_BATCH)]
Batch = Mailing | tuple[msgspec.Raw, ...]
_decoder: msgspec.json.Decoder[Batch] = msgspec.json.Decoder(Batch)


def decode_batch(body: bytes) -> Batch:
    """A mailing, or the items of a plain batch, each to be decoded with `decode_email`. Raises Rejected."""
    batch = decode(_decoder, body)
    if isinstance(batch, Mailing) and batch.recipients is None:
        batch = batch.emails
    count = len(batch.recipients or ()) if isinstance(batch, Mailing) else len(batch)
    if not count:
        raise Rejected(
            "The batch is empty: send an array of emails, or an object with `recipients`.",
            name="missing_required_field",
        )
    if count > MAX_BATCH:
        raise Rejected(f"The batch has {count} items; at most {MAX_BATCH} are allowed.")
    return batch


def decode_item(item: msgspec.Raw) -> EmailRequest | Rejected:
    """One item of a plain batch, or what is wrong with it."""
    try:
        return decode_email(bytes(item))
    except Rejected as refusal:
        return Rejected(str(refusal)) if refusal.name == "malformed_request" else refusal


def mailing_content(mailing: Mailing, template: TemplateFields | None, fetched: Mapping[str, Fetched]) -> Content:
    """What all messages of a mailing share; its text has placeholders also where it names no template. Raises
    Rejected.
    """
    if mailing.to or mailing.cc or mailing.bcc:
        raise Rejected("The fields `to`, `cc` and `bcc` belong to each of the `recipients`.")
    if any(name.lower() == "message-id" for name, _ in header_fields(mailing.headers)):
        raise Rejected("The `headers` of a mailing cannot have a Message-ID: each recipient's message has its own.")
    content = read_content(mailing, template, fetched)
    return content if content.placeholders is not None else msgspec.structs.replace(content, placeholders=())


def read_recipient(
    mailing: Mailing,
    content: Content,
    recipient: RecipientField,
    key_id: KeyId,
    now: int,
    template: TemplateId | None = None,
) -> Submission | Rejected:
    """One message of a mailing, or what is wrong with it. Its own variables, tags and metadata go before the
    mailing's, by name.
    """
    shared = mailing.template.variables if isinstance(mailing.template, TemplateUse) else None
    try:
        return Submission(
            key_id=key_id,
            content=content,
            to=read_mailboxes(recipient.to, "to"),
            cc=read_mailboxes(recipient.cc, "cc"),
            bcc=read_mailboxes(recipient.bcc, "bcc"),
            tags=read_tags(mailing.tags if recipient.tags is None else recipient.tags),
            metadata=tuple({**(mailing.metadata or {}), **(recipient.metadata or {})}.items()),
            variables={**(shared or {}), **(recipient.variables or {})},
            send_at=read_send_at(
                mailing.scheduled_at if recipient.scheduled_at is None else recipient.scheduled_at, now
            ),
            wish=read_wish(mailing),
            template=template,
        )
    except Rejected as refusal:
        return refusal


def show_batch(ids: Sequence[MessageId], errors: Sequence[tuple[int, str]] | None) -> BatchShown:
    """`errors`: index and message of what was not sent, or None for a strict batch."""
    shown: BatchShown = {"data": [{"id": id} for id in ids]}
    if errors is not None:
        shown["errors"] = [{"index": index, "message": message} for index, message in errors]
    return shown


def show_bulk(ids: Sequence[MessageId], errors: Sequence[tuple[int, str]]) -> BulkShown:
    """Sendkit's answer: one entry for each item, in the order of the request."""
    data: list[BulkItem] = [{"status": "success", "id": id} for id in ids]
    for index, message in errors:  # by ascending index, so each is inserted where it stood
        data.insert(index, {"status": "error", "error": message})
    return {"data": data}
