"""`POST /emails/batch`, `POST /emails/bulk`: many messages in one request, and one message to many with variables.

Items are decoded one by one, so that what is wrong with one has its index and costs the others nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from emailgw.core.ids import KeyId, MessageId
from emailgw.core.model import Content, Submission
from emailgw.core.template import TemplateFields
from emailgw.errors import Rejected
from emailgw.wire.bodies import decode
from emailgw.wire.emails import (
    EmailRequest,
    Fetched,
    TagField,
    TemplateUse,
    decode_email,
    read_content,
    read_mailboxes,
    read_send_at,
    read_tags,
)

MAX_BATCH = 10_000


class RecipientField(msgspec.Struct, frozen=True):
    """One message of a mailing: to whom, and what it fills the placeholders with."""

    to: str | list[str]
    cc: str | list[str] | None = None
    bcc: str | list[str] | None = None
    variables: dict[str, object] | None = None
    tags: list[TagField] | dict[str, str] | None = None
    metadata: dict[str, str] | None = None
    scheduled_at: str | None = None


class Mailing(EmailRequest, frozen=True, rename={"author": "from"}):
    """One template or inline text for many `recipients`; the fields of one email, said once. `emails`: a plain batch
    in an object.
    """

    template: str | TemplateUse | None = None  # type: ignore[assignment]
    recipients: list[RecipientField] | None = None
    emails: tuple[msgspec.Raw, ...] = ()

    @property
    def template_id(self) -> str | None:
        return self.template.id if isinstance(self.template, TemplateUse) else self.template


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
    content = read_content(mailing, template, fetched)
    return content if content.placeholders is not None else msgspec.structs.replace(content, placeholders=())


def read_recipient(
    mailing: Mailing, content: Content, recipient: RecipientField, key_id: KeyId, now: int
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
        )
    except Rejected as refusal:
        return refusal


def show_batch(ids: Sequence[MessageId], errors: Sequence[tuple[int, str]] | None) -> dict[str, Any]:
    """`errors`: index and message of what was not sent, or None for a strict batch."""
    shown: dict[str, Any] = {"data": [{"id": id} for id in ids]}
    if errors is not None:
        shown["errors"] = [{"index": index, "message": message} for index, message in errors]
    return shown


def show_bulk(ids: Sequence[MessageId], errors: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Sendkit's answer: one entry for each item, in the order of the request."""
    data: list[dict[str, str]] = [{"status": "success", "id": id} for id in ids]
    for index, message in errors:  # by ascending index, so each is inserted where it stood
        data.insert(index, {"status": "error", "error": message})
    return {"data": data}
