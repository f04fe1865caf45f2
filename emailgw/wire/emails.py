"""`POST /emails`: the superset of what both families of SDK send.

Fields that nobody knows are ignored: the SDKs keep growing. Fields that we know of and cannot honour yet are refused,
since mail sent at once instead of tomorrow would be worse than an error.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.ids import KeyId
from emailgw.core.limits import (
    LONGEST_RAW,
    MAX_ATTACHMENTS,
    MAX_HEADERS,
    MAX_METADATA,
    MAX_METADATA_NAME,
    MAX_METADATA_VALUE,
    MAX_RECIPIENTS,
    MAX_SUBJECT,
    MAX_TAG,
    MAX_TAGS,
    SHORTEST_RAW,
)
from emailgw.core.model import Attachment, Content, Submission
from emailgw.core.template import TemplateFields, TemplateVersion
from emailgw.core.tracking import MAX_LIST, TrackingWish, is_list_name
from emailgw.errors import Rejected
from emailgw.wire.bodies import decode, decode_base64
from emailgw.wire.filetypes import BINARY, type_of
from emailgw.wire.scheduling import ScheduledAt, read_send_at
from emailgw.wire.schema import says

_TAG_WORDS = "ASCII letters, digits, `_` and `-`."

Mailboxes = Annotated[
    str | list[str] | None,
    says(f"An address, `Name <address>`, or an array of up to {MAX_RECIPIENTS} of them; an empty string is none."),
]
NoNames = tuple[()]  # PHP has one empty array, which is `[]` in JSON also where an object is meant


class TagField(msgspec.Struct, frozen=True):
    name: Annotated[str, says(_TAG_WORDS, minLength=1, maxLength=MAX_TAG)]
    value: Annotated[str | None, says(_TAG_WORDS, maxLength=MAX_TAG)] = None


Tags = Annotated[
    list[TagField] | dict[str, str] | None,
    says(f"Up to {MAX_TAGS}, an array of `{{name, value}}` or an object.", maxItems=MAX_TAGS, maxProperties=MAX_TAGS),
]
Metadata = Annotated[
    dict[str, str] | NoNames | None,
    says(
        f"Kept and shown with the message; up to {MAX_METADATA}, names of up to {MAX_METADATA_NAME} characters, values "
        f"of up to {MAX_METADATA_VALUE}.",
        maxProperties=MAX_METADATA,
    ),
]
Variables = Annotated[dict[str, object] | NoNames | None, says("What fills the placeholders, by name.")]


class HeaderField(msgspec.Struct, frozen=True):
    name: str
    value: str


Headers = Annotated[
    dict[str, str] | list[HeaderField] | None,
    says(
        f"Up to {MAX_HEADERS} more header fields, an object or an array of `{{name, value}}`. `Date`, `Sender`, "
        "`Return-Path` and `MIME-Version`, which mail libraries add, are left out; others that the gateway writes "
        "itself (`From`, `Content-*`, …) are refused; a `Message-ID` of your own is taken.",
        maxProperties=MAX_HEADERS,
        maxItems=MAX_HEADERS,
    ),
]


class BufferField(msgspec.Struct, frozen=True):
    """What Node makes of a `Buffer` in JSON: older releases of its SDKs send it so."""

    data: list[int]
    type: Literal["Buffer"] = "Buffer"


class AttachmentField(msgspec.Struct, frozen=True, rename={"kind": "contentType"}):
    """Either `content` or `path`. `inline_content_id` means `content_id`, `contentType` (Rust) `content_type`."""

    content: Annotated[str | list[int] | BufferField | None, says("Base64, or an array of octets.")] = None
    filename: str | None = None
    path: Annotated[
        str | None, says("A URL that is fetched before the request is answered: 15 s, no redirects, public hosts only.")
    ] = None
    content_type: Annotated[str | None, says("Told by the answer of `path` or by `filename` unless given.")] = None
    content_id: Annotated[str | None, says("Shown inline where the HTML says `cid:…`.")] = None
    inline_content_id: str | None = None
    kind: str | None = None

    @property
    def given(self) -> str | list[int] | None:
        return self.content.data if isinstance(self.content, BufferField) else self.content


class TemplateUse(msgspec.Struct, frozen=True):
    """A published template."""

    id: Annotated[str, says("Its id or alias.")]
    variables: Variables = None


class TrackingField(msgspec.Struct, frozen=True):
    """What is tracked of this message, instead of what its domain says."""

    opens: Annotated[bool | None, says("A picture at the end of the HTML tells when it is shown.")] = None
    clicks: Annotated[bool | None, says("Links of the HTML lead by way of the gateway.")] = None
    text: Annotated[bool | None, says("With `clicks`: the links of the plain text, too.")] = None


class UnsubscribeField(msgspec.Struct, frozen=True):
    list: Annotated[
        str | None, says("A list of the domain's; all mail of the domain unless given.", maxLength=MAX_LIST)
    ] = None


Unsubscribe = Annotated[
    bool | UnsubscribeField | None,
    says("Whether the mail offers to unsubscribe, and from what: true is all mail of the domain."),
]


class EmailRequest(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """One email. `from`, `to`, `subject` and one of `html`, `text` and `attachments` are required; `from`, `subject`
    and the bodies may come from the `template`. Fields that are not listed here are ignored.
    """

    author: Annotated[
        str | None, says("`a@example.com` or `Name <a@example.com>`, at a verified domain of this gateway.")
    ] = None
    to: Mailboxes = None
    cc: Mailboxes = None
    bcc: Mailboxes = None
    reply_to: Mailboxes = None
    subject: Annotated[str | None, says(maxLength=MAX_SUBJECT)] = None
    html: str | None = None
    text: str | None = None
    headers: Headers = None
    tags: Tags = None
    metadata: Metadata = None
    attachments: Annotated[list[AttachmentField] | None, says(maxItems=MAX_ATTACHMENTS)] = None
    scheduled_at: ScheduledAt = None
    template: TemplateUse | None = None
    tracking: TrackingField | None = None
    unsubscribe: Unsubscribe = None
    topic_id: Annotated[
        str | None, says("Resend's name for `unsubscribe: {list}`; counts where that is not given.")
    ] = None


class Fetched(NamedTuple):
    """What was found at an attachment's `path`."""

    data: bytes
    content_type: str | None


NOTHING_FETCHED: Mapping[str, Fetched] = {}  # nobody changes it

_decoder = msgspec.json.Decoder(EmailRequest)


def decode_email(body: bytes) -> EmailRequest:
    """Decode a request body. Raises Rejected: `malformed_request` when it is no JSON object, else what is wrong."""
    return decode(_decoder, body)


def attached(request: EmailRequest) -> int:
    """Roughly the octets of its attachments."""
    return sum([len(field.given) for field in request.attachments or [] if field.given is not None])


def paths_of(request: EmailRequest) -> list[str]:
    """The URLs that must be fetched before the request can be read."""
    return [field.path for field in request.attachments or [] if field.path]


def read_email(
    request: EmailRequest,
    key_id: KeyId,
    now: int,
    template: TemplateVersion | None = None,
    fetched: Mapping[str, Fetched] = NOTHING_FETCHED,
) -> Submission:
    """What the request asks to send. `template`: the one that `request.template` names; the request's own fields take
    the place of its fields. `fetched`: what was found at each of `paths_of`. Raises Rejected.
    """
    return Submission(
        key_id=key_id,
        content=read_content(request, template.fields if template else None, fetched),
        to=read_mailboxes(request.to, "to"),
        cc=read_mailboxes(request.cc, "cc"),
        bcc=read_mailboxes(request.bcc, "bcc"),
        tags=read_tags(request.tags),
        metadata=tuple((request.metadata or {}).items()),
        variables=(request.template.variables or {}) if request.template else {},
        send_at=read_send_at(request.scheduled_at, now),
        wish=read_wish(request),
        template=template.template_id if template else None,
    )


def read_wish(request: EmailRequest) -> TrackingWish:
    """What it says of tracking and unsubscribing. Raises Rejected."""
    return _wish(request.tracking, request.unsubscribe, request.topic_id)


def _wish(
    tracked: TrackingField | None, unsubscribing: bool | UnsubscribeField | None, topic: str | None = None
) -> TrackingWish:
    tracking = tracked or TrackingField()
    unsubscribe: bool | str | None
    if isinstance(unsubscribing, UnsubscribeField):
        unsubscribe = unsubscribing.list or True
    elif unsubscribing is None and topic:
        unsubscribe = topic.lower()
    else:
        unsubscribe = unsubscribing
    if isinstance(unsubscribe, str) and not is_list_name(unsubscribe):
        raise Rejected(
            f"Invalid `unsubscribe.list` field: use 1 to {MAX_LIST} lower-case letters, digits, dots, _ and -."
        )
    return TrackingWish(tracking.opens, tracking.clicks, tracking.text, unsubscribe)


def read_content(
    request: EmailRequest, template: TemplateFields | None, fetched: Mapping[str, Fetched] = NOTHING_FETCHED
) -> Content:
    """What all messages of the request say. Raises Rejected.

    Beside a template an empty text is none: Go's client sends `"from": "", "subject": ""` where nobody gave them.
    """
    fields = template or TemplateFields()
    author = read_mailboxes(request.author, "from")[0] if request.author else fields.author
    if author is None:
        raise Rejected("Missing `from` field.", name="missing_required_field")
    if request.subject is None and template is None:
        raise Rejected("Missing `subject` field.", name="missing_required_field")
    attachments = request.attachments or []
    if len(attachments) > MAX_ATTACHMENTS:
        raise Rejected(f"The `attachments` field has more than {MAX_ATTACHMENTS} entries.", name="invalid_attachment")
    return Content(
        author=author,
        reply_to=fields.reply_to if request.reply_to in (None, "") else read_mailboxes(request.reply_to, "reply_to"),
        subject=request.subject or fields.subject,
        text=fields.text if request.text is None else request.text,
        html=fields.html if request.html is None else request.html,
        headers=tuple(header_fields(request.headers)),
        attachments=tuple(_attachment(field, index, fetched) for index, field in enumerate(attachments)),
        placeholders=template.variables if template else None,
    )


def header_fields(headers: dict[str, str] | list[HeaderField] | None) -> Iterable[tuple[str, str]]:
    """Name and value of each."""
    return headers.items() if isinstance(headers, dict) else [(field.name, field.value) for field in headers or ()]


def read_mailboxes(value: str | list[str] | None, field: str) -> tuple[Mailbox, ...]:
    texts = [] if not value else [value] if isinstance(value, str) else value
    try:
        return tuple(map(Mailbox.parse, texts))
    except AddressError as error:
        raise Rejected(f"Invalid `{field}` field: {error}.") from None


def read_tags(tags: list[TagField] | dict[str, str] | None) -> tuple[tuple[str, str], ...]:
    if isinstance(tags, dict):
        return tuple(tags.items())
    return tuple((tag.name, tag.value or "") for tag in tags or [])


def _attachment(field: AttachmentField, index: int, fetched: Mapping[str, Fetched]) -> Attachment:
    found_type = None
    try:
        if field.path:
            if field.given is not None:
                raise Rejected(
                    f"attachments[{index}]: send either `content` or `path`, not both.", name="invalid_attachment"
                )
            data, found_type = fetched[field.path]
        elif field.given is None:
            raise Rejected(f"attachments[{index}]: missing `content` or `path`.", name="invalid_attachment")
        elif isinstance(field.given, str):
            data = decode_base64(field.given)
        else:
            data = bytes(field.given)
    except ValueError:
        raise Rejected(
            f"attachments[{index}]: `content` is neither valid base64 nor an array of octets.",
            name="invalid_attachment",
        ) from None
    content_id = field.content_id or field.inline_content_id
    name = field.filename or _last_name(field.path)
    return Attachment(
        filename=name or ("" if content_id else f"attachment-{index + 1}"),
        data=data,
        content_type=field.content_type
        or field.kind
        or (found_type if found_type not in (None, BINARY) else type_of(name)),
        content_id=content_id.strip("<>") if content_id else None,
    )


def _last_name(path: str | None) -> str:
    """The file's name in a URL."""
    return (path or "").partition("?")[0].partition("#")[0].rpartition("://")[2].partition("/")[2].rpartition("/")[2]


class MimeRequest(msgspec.Struct, frozen=True):
    """A whole message as its sender composed it."""

    envelope_to: Annotated[str, says("One address, or `Name <address>`.")]
    raw_message: Annotated[
        str,
        says(
            "RFC 5322 as text, not base64; its From field has one address, at a domain of this gateway. Lines of up to "
            "998 octets.",
            minLength=SHORTEST_RAW,
            maxLength=LONGEST_RAW,
        ),
    ]
    envelope_from: Annotated[str | None, says("Checked and not used: bounces come to the gateway.")] = None
    tracking: TrackingField | None = None
    unsubscribe: Unsubscribe = None


_mime_decoder = msgspec.json.Decoder(MimeRequest)


def decode_mime(body: bytes) -> tuple[bytes, Mailbox, TrackingWish]:
    """The body of `POST /emails/mime`: the message's octets, its recipient, what shall be tracked. Raises Rejected."""
    request = decode(_mime_decoder, body)
    if not SHORTEST_RAW <= len(request.raw_message) <= LONGEST_RAW:
        raise Rejected(f"The `raw_message` field must have {SHORTEST_RAW} to {LONGEST_RAW} characters.")
    if request.envelope_from is not None:
        read_mailboxes(request.envelope_from, "envelope_from")
    if not request.envelope_to:
        raise Rejected("Missing `envelope_to` field.", name="missing_required_field")
    [recipient] = read_mailboxes(request.envelope_to, "envelope_to")
    wish = _wish(request.tracking, request.unsubscribe)
    return request.raw_message.encode("utf-8", "replace"), recipient, wish
