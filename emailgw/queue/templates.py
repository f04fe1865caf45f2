"""Templates at work: which one a request means, what it says with the variables given, and what is wrong with either.

`accept` fills every templated content once before it stores it, so that no message is promised that cannot be made;
the API edits, previews and publishes here. What is wrong is a Rejected that names the variable or the placeholder.
"""

import os
import re
from collections.abc import Callable, Mapping

import msgspec

from emailgw.core.address import Address, Mailbox
from emailgw.core.ids import TemplateId, is_uuid, uuid7
from emailgw.core.limits import MAX_NAME, MAX_SUBJECT, MAX_TEMPLATE, MAX_VARIABLES
from emailgw.core.model import Content
from emailgw.core.template import Template, TemplateEdit, TemplateFields, TemplateVersion, Variable
from emailgw.core.tracking import PLACEHOLDER_NAMES
from emailgw.errors import NotFound, Rejected
from emailgw.mime.custom import HeaderError, check_header_text
from emailgw.mime.template import TemplateError, is_variable_name, needed_names, render
from emailgw.store.templates import Templates

_NOBODY = Mailbox("", Address("nobody", "invalid"))
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
# What placeholders of these names mean is not a variable, so a template that declares one is a mistake.
RESERVED_NAMES = frozenset({"this", "contact", *PLACEHOLDER_NAMES})


class TemplateEditor:
    """What the API does to templates. All raise NotFound for a template that does not exist."""

    def __init__(self, templates: Templates, clock: Callable[[], int]) -> None:
        self._templates = templates
        self._clock = clock

    async def published(self, name: str) -> TemplateVersion:
        """What a message is sent from. Raises Rejected when there is no such template or it was never published."""
        try:
            version = await self._templates.published(name)
        except NotFound:
            raise Rejected(f"There is no template {name[:100]!r}.", name="template_not_found") from None
        if version is None:
            raise Rejected(f"The template {name[:100]!r} is a draft: publish it before you send from it.")
        return version

    async def create(self, edit: TemplateEdit) -> Template:
        """Raises Rejected, also when the alias is taken."""
        now = self._clock()
        if not edit.name:
            raise Rejected("Missing `name` field.", name="missing_required_field")
        id = TemplateId(uuid7(now, os.urandom(10)))
        template = _edited(Template(id, edit.name, TemplateFields(), now, now, now), edit, now)
        await self._check_alias(template)
        await self._templates.add(template)
        return await self.publish(template) if edit.publish else template

    async def edit(self, name: str, edit: TemplateEdit) -> Template:
        """Change its draft. Raises Rejected, or Conflict when someone else edits it at the same time."""
        before = await self._templates.template(name)
        template = _edited(before, edit, self._clock())
        await self._check_alias(template)
        await self._templates.change(template, seen=before.edited_at)
        return await self.publish(template) if edit.publish else template

    async def publish(self, template: Template) -> Template:
        """Send from its draft from now on. Raises Rejected when nothing could be sent from it."""
        draft = template.draft
        if not (draft.html or draft.text):
            raise Rejected("A template needs `html` or `text` before it can be published.")
        await self._templates.publish(template, self._clock())
        return await self._templates.template(template.id)

    async def duplicate(self, name: str) -> Template:
        """A draft of its own with what the draft of the other one says."""
        now = self._clock()
        template = await self._templates.template(name)
        id = TemplateId(uuid7(now, os.urandom(10)))
        copy = Template(id, f"{template.name} (Copy)"[:MAX_NAME], template.draft, now, now, now)
        await self._templates.add(copy)
        return copy

    async def preview(self, name: str, variables: Mapping[str, object]) -> Content:
        """What the draft says with these variables. Raises Rejected as sending would."""
        draft = (await self._templates.template(name)).draft
        author = draft.author or _NOBODY
        content = Content(author, (), draft.subject, draft.text, draft.html, placeholders=draft.variables)
        return fill(content, variables)

    async def _check_alias(self, template: Template) -> None:
        if template.alias is None:
            return
        try:
            other = await self._templates.template(template.alias)
        except NotFound:
            return
        if other.id != template.id:
            raise Rejected(f"The alias {template.alias!r} belongs to another template.")


def _edited(template: Template, edit: TemplateEdit, now: int) -> Template:
    """Raises Rejected for what no template may say."""
    changes = {name: value for name, value in msgspec.structs.asdict(edit).items() if value is not msgspec.UNSET}
    del changes["publish"]
    own = {name: changes.pop(name) for name in ("name", "alias") if name in changes}
    draft = msgspec.structs.replace(template.draft, **changes)
    edited_at = max(now, template.edited_at + 1)  # each edit is told from the one before, also within a millisecond
    edited = msgspec.structs.replace(template, draft=draft, edited_at=edited_at, updated_at=edited_at, **own)
    if not 0 < len(edited.name) <= MAX_NAME:
        raise Rejected(f"The `name` field must have 1 to {MAX_NAME} characters.")
    if edited.alias is not None and (not _ALIAS.fullmatch(edited.alias) or is_uuid(edited.alias)):
        raise Rejected(
            "The `alias` field must have 1 to 100 letters, digits, dots, hyphens or underscores, begin with a letter "
            "or digit, and not look like an id."
        )
    _check_draft(draft)
    return edited


def _check_draft(draft: TemplateFields) -> None:
    if len(draft.subject) > MAX_SUBJECT:
        raise Rejected(f"The `subject` field is longer than {MAX_SUBJECT} characters.")
    if len(draft.html or "") + len(draft.text or "") > MAX_TEMPLATE:
        raise Rejected(f"The `html` and `text` fields have more than {MAX_TEMPLATE} characters together.")
    if len(draft.variables) > MAX_VARIABLES:
        raise Rejected(f"The `variables` field has more than {MAX_VARIABLES} entries.")
    for field, text in (("subject", draft.subject), ("html", draft.html), ("text", draft.text)):
        try:
            needed_names(text or "")
        except TemplateError as error:
            raise Rejected(f"Invalid `{field}` field: {error}.") from None
    try:
        check_header_text(draft.subject)
    except HeaderError as error:
        raise Rejected(f"Invalid `subject` field: {error}.") from None
    seen: set[str] = set()
    for variable in draft.variables:
        if not is_variable_name(variable.key):
            raise Rejected(
                f"Invalid variable {variable.key[:100]!r}: a key has 1 to 100 letters, digits, _ and -, and begins "
                "with a letter or _."
            )
        if variable.key in RESERVED_NAMES:
            raise Rejected(f"Invalid variable `{variable.key}`: the name is reserved, choose another one.")
        if variable.key in seen:
            raise Rejected(f"The variable `{variable.key}` is declared twice.")
        seen.add(variable.key)
        if variable.fallback is not None and not variable.type.admits(variable.fallback):
            raise Rejected(f"Invalid variable `{variable.key}`: its fallback value is no {variable.type}.")


def fill(content: Content, variables: Mapping[str, object]) -> Content:
    """What a message says; the content itself when it is no template. Raises Rejected."""
    if content.placeholders is None:
        return content
    try:
        _check_variables(content, content.placeholders, variables)
        filled = render(content, variables)
    except TemplateError as error:
        raise Rejected(f"Invalid template: {error}.") from None
    try:
        check_header_text(filled.subject)
    except HeaderError as error:
        raise Rejected(f"Invalid `subject` field of the template: {error}.") from None
    return filled


def _check_variables(content: Content, declared: tuple[Variable, ...], variables: Mapping[str, object]) -> None:
    fallbacks: dict[str, object] = {}
    for variable in declared:
        value = variables.get(variable.key)
        if value is not None and not variable.type.admits(value):
            raise Rejected(
                f"Invalid template variable `{variable.key}`: it is declared as {variable.type}, send a value of that "
                "type."
            )
        fallbacks[variable.key] = variable.fallback
    in_subject = needed_names(content.subject)
    needed = in_subject | needed_names(content.text or "") | needed_names(content.html or "")
    for name in sorted((needed - (set(PLACEHOLDER_NAMES) - in_subject)) | fallbacks.keys()):
        if variables.get(name) is None and fallbacks.get(name) is None:
            raise Rejected(
                f"Missing template variable `{name}`: send it in `template.variables` or give it a fallback value."
            )
    for name in sorted(in_subject):
        value = variables.get(name)
        if isinstance(value, str):
            try:
                check_header_text(value)
            except HeaderError as error:
                raise Rejected(f"Invalid template variable `{name}`, which the subject shows: {error}.") from None
