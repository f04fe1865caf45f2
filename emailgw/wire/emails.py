"""`POST /emails`: the superset of what both families of SDK send.

Fields that nobody knows are ignored: the SDKs keep growing. Fields that we know of and cannot honour yet are refused,
since mail sent at once instead of tomorrow would be worse than an error.
"""

import base64
import binascii

import msgspec

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.ids import KeyId
from emailgw.core.model import Attachment, Content, Submission
from emailgw.core.template import TemplateFields
from emailgw.errors import Rejected
from emailgw.wire.times import read_time

MAX_ATTACHMENTS = 100


class TagField(msgspec.Struct, frozen=True):
    name: str
    value: str | None = None


class AttachmentField(msgspec.Struct, frozen=True):
    """`content`: base64, or an array of octets as the Python SDK documents. `inline_content_id` means `content_id`."""

    content: str | list[int] | None = None
    filename: str | None = None
    path: str | None = None
    content_type: str | None = None
    content_id: str | None = None
    inline_content_id: str | None = None


class TemplateUse(msgspec.Struct, frozen=True):
    """`id`: a template's id or alias."""

    id: str
    variables: dict[str, object] | None = None


class EmailRequest(msgspec.Struct, frozen=True, rename={"author": "from"}):
    author: str | None = None
    to: str | list[str] | None = None
    cc: str | list[str] | None = None
    bcc: str | list[str] | None = None
    reply_to: str | list[str] | None = None
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    headers: dict[str, str] | None = None
    tags: list[TagField] | dict[str, str] | None = None
    attachments: list[AttachmentField] | None = None
    scheduled_at: str | None = None
    template: TemplateUse | None = None


_decoder = msgspec.json.Decoder(EmailRequest)


def decode_email(body: bytes) -> EmailRequest:
    """Decode a request body. Raises Rejected: `malformed_request` when it is no JSON object, else what is wrong."""
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Rejected(_field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Rejected(f"The request body is not valid JSON: {reason}.", name="malformed_request") from None


def read_email(request: EmailRequest, key_id: KeyId, template: TemplateFields | None = None) -> Submission:
    """What the request asks to send. `template`: the one that `request.template` names; the request's own fields take
    the place of its fields. Raises Rejected.
    """
    return Submission(
        key_id=key_id,
        content=_content(request, template),
        to=_mailboxes(request.to, "to"),
        cc=_mailboxes(request.cc, "cc"),
        bcc=_mailboxes(request.bcc, "bcc"),
        tags=_tags(request.tags),
        variables=(request.template.variables or {}) if request.template else {},
        send_at=_send_at(request.scheduled_at),
    )


def _content(request: EmailRequest, template: TemplateFields | None) -> Content:
    fields = template or TemplateFields()
    author = fields.author if request.author is None else _mailboxes(request.author, "from")[0]
    if author is None:
        raise Rejected("Missing `from` field.", name="missing_required_field")
    if request.subject is None and template is None:
        raise Rejected("Missing `subject` field.", name="missing_required_field")
    attachments = request.attachments or []
    if len(attachments) > MAX_ATTACHMENTS:
        raise Rejected(f"The `attachments` field has more than {MAX_ATTACHMENTS} entries.", name="invalid_attachment")
    return Content(
        author=author,
        reply_to=fields.reply_to if request.reply_to is None else _mailboxes(request.reply_to, "reply_to"),
        subject=fields.subject if request.subject is None else request.subject,
        text=fields.text if request.text is None else request.text,
        html=fields.html if request.html is None else request.html,
        headers=tuple((request.headers or {}).items()),
        attachments=tuple(_attachment(field, index) for index, field in enumerate(attachments)),
        placeholders=template.variables if template else None,
    )


def _mailboxes(value: str | list[str] | None, field: str) -> tuple[Mailbox, ...]:
    texts = [] if value is None else [value] if isinstance(value, str) else value
    try:
        return tuple(map(Mailbox.parse, texts))
    except AddressError as error:
        raise Rejected(f"Invalid `{field}` field: {error}.") from None


def _tags(tags: list[TagField] | dict[str, str] | None) -> tuple[tuple[str, str], ...]:
    if isinstance(tags, dict):
        return tuple(tags.items())
    return tuple((tag.name, tag.value or "") for tag in tags or [])


def _attachment(field: AttachmentField, index: int) -> Attachment:
    if field.path is not None:
        raise Rejected(f"attachments[{index}]: `path` is not supported yet; send `content`.", name="invalid_attachment")
    if field.content is None:
        raise Rejected(f"attachments[{index}]: missing `content`.", name="invalid_attachment")
    try:
        if isinstance(field.content, str):
            data = base64.b64decode("".join(field.content.split()), validate=True)
        else:
            data = bytes(field.content)
    except (binascii.Error, ValueError):
        raise Rejected(f"attachments[{index}]: `content` is not valid base64.", name="invalid_attachment") from None
    content_id = field.content_id or field.inline_content_id
    return Attachment(
        filename=field.filename or ("" if content_id else f"attachment-{index + 1}"),
        data=data,
        content_type=field.content_type or "application/octet-stream",
        content_id=content_id.strip("<>") if content_id else None,
    )


def _send_at(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return read_time(text)
    except (ValueError, OverflowError):
        raise Rejected(
            "The `scheduled_at` field must be an ISO 8601 time such as 2026-03-01T10:00:00Z.", name="invalid_parameter"
        ) from None


def _field_error(text: str) -> str:
    """msgspec's `Expected X, got Y - at `$.to[0]`` in the contract's words."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    return f"Invalid `{path}` field: {message}." if path else f"The request body must be a JSON object: {message}."
