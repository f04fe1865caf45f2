"""Templates as both families send and read them (contracts 1.6 and 2.9): one superset, `html` is `html_content`.

What belongs to other resources (`sender_id`) is ignored; a template's sender is `from`.
"""

from typing import Annotated, Literal, TypedDict

import msgspec

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.directory import Dialect
from emailgw.core.limits import MAX_NAME, MAX_SUBJECT, MAX_TEMPLATE, MAX_VARIABLES
from emailgw.core.model import Content
from emailgw.core.template import (
    Template,
    TemplateEdit,
    TemplateFields,
    TemplateStatus,
    TemplateVersion,
    Variable,
    VariableType,
)
from emailgw.errors import Rejected
from emailgw.wire.answers import Id, Time
from emailgw.wire.bodies import decode
from emailgw.wire.emails import Variables
from emailgw.wire.reading import show_mailbox
from emailgw.wire.schema import says
from emailgw.wire.times import show_time


class VariableField(msgspec.Struct, frozen=True):
    key: Annotated[str, says("Letters, digits, `_` and `-`.")]
    type: VariableType = VariableType.STRING
    fallback_value: Annotated[object, says("Taken where a message gives no value.")] = None


Text = str | msgspec.UnsetType | None


class TemplateRequest(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """`name` is required of a new template. A field that is left out stays as it is; null empties it. Subject and
    bodies may hold placeholders such as `{{NAME}}`.
    """

    name: Annotated[str | msgspec.UnsetType, says(minLength=1, maxLength=MAX_NAME)] = msgspec.UNSET
    alias: Annotated[Text, says("Names the template in place of its id.", maxLength=100)] = msgspec.UNSET
    author: Annotated[Text, says("`Name <a@example.com>`: who sends unless a message says.")] = msgspec.UNSET
    reply_to: str | list[str] | msgspec.UnsetType | None = msgspec.UNSET
    subject: Annotated[Text, says(maxLength=MAX_SUBJECT)] = msgspec.UNSET
    html: Annotated[Text, says(f"Up to {MAX_TEMPLATE} characters, together with `text`.")] = msgspec.UNSET
    html_content: Annotated[Text, says("Means `html`.")] = msgspec.UNSET
    text: Text = msgspec.UNSET
    text_content: Annotated[Text, says("Means `text`.")] = msgspec.UNSET
    variables: Annotated[list[VariableField] | msgspec.UnsetType | None, says(maxItems=MAX_VARIABLES)] = msgspec.UNSET
    status: Annotated[Text, says("`published` publishes at once.", enum=[*map(str, TemplateStatus), None])] = (
        msgspec.UNSET
    )


class PreviewRequest(msgspec.Struct, frozen=True):
    variables: Variables = None


_template = msgspec.json.Decoder(TemplateRequest)
_preview = msgspec.json.Decoder(PreviewRequest)


def read_template(body: bytes) -> TemplateEdit:
    """Raises Rejected. `status: published` publishes at once."""
    request = decode(_template, body)
    variables = request.variables
    return TemplateEdit(
        name=request.name,
        alias=request.alias or None if request.alias is not msgspec.UNSET else msgspec.UNSET,
        author=_author(request.author),
        reply_to=_reply_to(request.reply_to),
        subject=request.subject or "" if request.subject is not msgspec.UNSET else msgspec.UNSET,
        html=request.html_content if request.html is msgspec.UNSET else request.html,
        text=request.text_content if request.text is msgspec.UNSET else request.text,
        variables=msgspec.UNSET
        if variables is msgspec.UNSET
        else tuple(Variable(field.key, field.type, field.fallback_value) for field in variables or ()),
        publish=_publish(request.status),
    )


def read_variables(body: bytes) -> dict[str, object]:
    """Of a preview. Raises Rejected."""
    return decode(_preview, body or b"{}").variables or {}


def _author(text: str | msgspec.UnsetType | None) -> Mailbox | msgspec.UnsetType | None:
    if isinstance(text, msgspec.UnsetType) or not text:
        return msgspec.UNSET if text is msgspec.UNSET else None
    try:
        return Mailbox.parse(text)
    except AddressError as error:
        raise Rejected(f"Invalid `from` field: {error}.") from None


def _reply_to(value: str | list[str] | msgspec.UnsetType | None) -> tuple[Mailbox, ...] | msgspec.UnsetType:
    if isinstance(value, msgspec.UnsetType):
        return value
    texts = [] if not value else [value] if isinstance(value, str) else value
    try:
        return tuple(map(Mailbox.parse, texts))
    except AddressError as error:
        raise Rejected(f"Invalid `reply_to` field: {error}.") from None


def _publish(status: str | msgspec.UnsetType | None) -> bool:
    if isinstance(status, msgspec.UnsetType) or status is None:
        return False
    if status not in ("draft", "published"):
        raise Rejected("The `status` field must be `draft` or `published`.", name="invalid_parameter")
    return status == "published"


class VariableShown(TypedDict):
    key: str
    type: VariableType
    fallback_value: object


FieldsShown = TypedDict(
    "FieldsShown",
    {
        "from": str | None,
        "reply_to": list[str] | None,
        "subject": str,
        "html": str | None,
        "html_content": str | None,
        "text": str | None,
        "text_content": str | None,
        "variables": list[VariableShown],
    },
)


class TemplateLine(TypedDict):
    object: Literal["template"]
    id: Id
    alias: str | None
    name: str
    status: TemplateStatus
    version: Annotated[int, says("The newest published one; 0 before the first.")]
    has_unpublished_versions: bool
    published_at: Time | None
    created_at: Time
    updated_at: Time


class TemplateShown(TemplateLine, FieldsShown):
    """A template as its draft says it."""


class VersionShown(FieldsShown):
    """What was published, and never changes."""

    object: Literal["template_version"]
    id: str
    template_id: Id
    version: int
    published_at: Time


class PreviewShown(TypedDict):
    object: Literal["template_preview"]
    subject: str
    html: str | None
    text: str | None


def show_template(template: Template, dialect: Dialect) -> TemplateShown:
    """The whole template as its draft says it."""
    return {**show_template_item(template, dialect), **_show_fields(template.draft)}


def show_template_item(template: Template, dialect: Dialect) -> TemplateLine:
    """Its line in a list."""
    published = template.published_at
    return {
        "object": "template",
        "id": template.id,
        "alias": template.alias,
        "name": template.name,
        "status": template.status,
        "version": template.version,
        "has_unpublished_versions": template.has_unpublished_changes,
        "published_at": show_time(published, dialect) if published is not None else None,
        "created_at": show_time(template.created_at, dialect),
        "updated_at": show_time(template.updated_at, dialect),
    }


def show_version(version: TemplateVersion, dialect: Dialect) -> VersionShown:
    return {
        "object": "template_version",
        "id": str(version.number),
        "template_id": version.template_id,
        "version": version.number,
        "published_at": show_time(version.published_at, dialect),
        **_show_fields(version.fields),
    }


def show_preview(content: Content) -> PreviewShown:
    return {"object": "template_preview", "subject": content.subject, "html": content.html, "text": content.text}


def _show_fields(fields: TemplateFields) -> FieldsShown:
    return {
        "from": show_mailbox(fields.author) if fields.author else None,
        "reply_to": [show_mailbox(mailbox) for mailbox in fields.reply_to] or None,
        "subject": fields.subject,
        "html": fields.html,
        "html_content": fields.html,
        "text": fields.text,
        "text_content": fields.text,
        "variables": [
            {"key": variable.key, "type": variable.type, "fallback_value": variable.fallback}
            for variable in fields.variables
        ],
    }
