"""Templates as both families send and read them (contracts 1.6 and 2.9): one superset, `html` is `html_content`.

What belongs to other resources (`sender_id`) is ignored; a template's sender is `from`.
"""

from typing import Any

import msgspec

from emailgw.core.address import AddressError, Mailbox
from emailgw.core.directory import Dialect
from emailgw.core.model import Content
from emailgw.core.template import Template, TemplateEdit, TemplateFields, TemplateVersion, Variable, VariableType
from emailgw.errors import Rejected
from emailgw.wire.bodies import decode
from emailgw.wire.reading import show_mailbox
from emailgw.wire.times import show_time


class VariableField(msgspec.Struct, frozen=True):
    key: str
    type: VariableType = VariableType.STRING
    fallback_value: object = None


class TemplateRequest(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """A field that is left out stays as it is; null empties it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    alias: str | msgspec.UnsetType | None = msgspec.UNSET
    author: str | msgspec.UnsetType | None = msgspec.UNSET
    reply_to: str | list[str] | msgspec.UnsetType | None = msgspec.UNSET
    subject: str | msgspec.UnsetType | None = msgspec.UNSET
    html: str | msgspec.UnsetType | None = msgspec.UNSET
    html_content: str | msgspec.UnsetType | None = msgspec.UNSET
    text: str | msgspec.UnsetType | None = msgspec.UNSET
    text_content: str | msgspec.UnsetType | None = msgspec.UNSET
    variables: list[VariableField] | msgspec.UnsetType | None = msgspec.UNSET
    status: str | msgspec.UnsetType | None = msgspec.UNSET


class PreviewRequest(msgspec.Struct, frozen=True):
    variables: dict[str, object] | None = None


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


def show_template(template: Template, dialect: Dialect) -> dict[str, Any]:
    """The whole template as its draft says it."""
    return {**show_template_item(template, dialect), **_show_fields(template.draft)}


def show_template_item(template: Template, dialect: Dialect) -> dict[str, Any]:
    """Its line in a list."""
    published = template.published_at
    return {
        "object": "template",
        "id": template.id,
        "alias": template.alias,
        "name": template.name,
        "status": template.status.value,
        "version": template.version,
        "has_unpublished_versions": template.has_unpublished_changes,
        "published_at": show_time(published, dialect) if published is not None else None,
        "created_at": show_time(template.created_at, dialect),
        "updated_at": show_time(template.updated_at, dialect),
    }


def show_version(version: TemplateVersion, dialect: Dialect) -> dict[str, Any]:
    return {
        "object": "template_version",
        "id": str(version.number),
        "template_id": version.template_id,
        "version": version.number,
        "published_at": show_time(version.published_at, dialect),
        **_show_fields(version.fields),
    }


def show_preview(content: Content) -> dict[str, Any]:
    return {"object": "template_preview", "subject": content.subject, "html": content.html, "text": content.text}


def _show_fields(fields: TemplateFields) -> dict[str, Any]:
    return {
        "from": show_mailbox(fields.author) if fields.author else None,
        "reply_to": [show_mailbox(mailbox) for mailbox in fields.reply_to] or None,
        "subject": fields.subject,
        "html": fields.html,
        "html_content": fields.html,
        "text": fields.text,
        "text_content": fields.text,
        "variables": [
            {"key": variable.key, "type": variable.type.value, "fallback_value": variable.fallback}
            for variable in fields.variables
        ],
    }
