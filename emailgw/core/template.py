"""Templates: fields with placeholders that each message fills in for itself, and the variables they declare.

A template has one draft, which is edited, and numbered versions, which never change: publishing makes the draft a
version, and mail is sent from the newest one.
"""

import enum

import msgspec

from emailgw.core.address import Mailbox
from emailgw.core.ids import TemplateId

JsonValue = object  # str, int, float, bool, None, or lists and dicts of them: what JSON can say, and nothing else


class VariableType(enum.StrEnum):
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    LIST = "list"

    def admits(self, value: JsonValue) -> bool:
        if isinstance(value, bool):  # which Python takes for a number
            return self is VariableType.BOOLEAN
        return isinstance(value, _PYTHON_TYPES[self])


_PYTHON_TYPES: dict[VariableType, tuple[type, ...]] = {
    VariableType.STRING: (str,),
    VariableType.NUMBER: (int, float),
    VariableType.BOOLEAN: (bool,),
    VariableType.OBJECT: (dict,),
    VariableType.LIST: (list,),
}


class Variable(msgspec.Struct, frozen=True):
    """One declared variable. `fallback` stands in where a message names none; None: each message must name one."""

    key: str
    type: VariableType = VariableType.STRING
    fallback: JsonValue = None


class TemplateFields(msgspec.Struct, frozen=True):
    """What a draft or a version says. `author`: who sends where the message does not say."""

    author: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    html: str | None = None
    text: str | None = None
    variables: tuple[Variable, ...] = ()


class TemplateStatus(enum.StrEnum):
    DRAFT = "draft"  # was never published: nothing is sent from it
    PUBLISHED = "published"


class Template(msgspec.Struct, frozen=True):
    """`draft`: its fields as last edited. `version`: the newest published one, 0 for none. `edited_at` moves with
    the draft, `updated_at` with everything.
    """

    id: TemplateId
    name: str
    draft: TemplateFields
    created_at: int
    updated_at: int
    edited_at: int
    alias: str | None = None
    version: int = 0
    published_at: int | None = None

    @property
    def status(self) -> TemplateStatus:
        return TemplateStatus.PUBLISHED if self.version else TemplateStatus.DRAFT

    @property
    def has_unpublished_changes(self) -> bool:
        return self.published_at is None or self.edited_at > self.published_at


class TemplateVersion(msgspec.Struct, frozen=True):
    """A published state of a template; `number` counts from 1."""

    template_id: TemplateId
    number: int
    fields: TemplateFields
    published_at: int


class TemplateEdit(msgspec.Struct, frozen=True):
    """What a client wants changed; UNSET is left as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    alias: str | msgspec.UnsetType | None = msgspec.UNSET
    author: Mailbox | msgspec.UnsetType | None = msgspec.UNSET
    reply_to: tuple[Mailbox, ...] | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType = msgspec.UNSET
    html: str | msgspec.UnsetType | None = msgspec.UNSET
    text: str | msgspec.UnsetType | None = msgspec.UNSET
    variables: tuple[Variable, ...] | msgspec.UnsetType = msgspec.UNSET
    publish: bool = False
