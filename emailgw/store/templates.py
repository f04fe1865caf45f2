"""Templates: a draft each, and the versions that were published of it, which never change.

Each method is one verb. Templates are few and read by id or alias; lists are newest first.
"""

from typing import Any

import msgspec

from emailgw.core.ids import TemplateId
from emailgw.core.template import Template, TemplateFields, TemplateVersion
from emailgw.errors import NotFound
from emailgw.store.verb import Database, Row, Statement, Value, Verb, insert

_COLUMNS = "t.id, t.name, t.draft, t.created_at, t.updated_at, t.edited_at, t.alias, t.version, t.published_at"
_NAMED = "t.id = :name OR t.alias = :name"  # an alias never looks like an id
_CHANGED = "its alias is taken, or someone else has changed it meanwhile: read it again"

_fields = msgspec.json.Decoder(TemplateFields)
_encode = msgspec.json.Encoder().encode


class Templates:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, template: Template) -> None:
        """Store one that was never published. Raises Conflict when its alias is taken."""
        sql = insert("templates", "id alias name draft version published_at created_at updated_at edited_at")
        statement = Statement(
            sql + " ON CONFLICT DO NOTHING",
            _parameters(template),
            touches=1,
            otherwise=f"another template has the alias {template.alias!r}",
        )
        await self._database.write(Verb((statement,)))

    async def change(self, template: Template, seen: int) -> None:
        """Write its name, alias and draft. Raises Conflict when the alias is taken, or when the stored one's
        `edited_at` is not `seen` any more.
        """
        statement = Statement(
            "UPDATE templates SET alias = :alias, name = :name, draft = :draft, updated_at = :updated_at, "
            "edited_at = :edited_at WHERE id = :id AND edited_at = :seen AND NOT EXISTS "
            "(SELECT 1 FROM templates other WHERE other.alias = :alias AND other.id <> :id)",
            {**_parameters(template), "seen": seen},
            touches=1,
            otherwise=_CHANGED,
        )
        await self._database.write(Verb((statement,)))

    async def publish(self, template: Template, now: int) -> None:
        """Make the draft its next version. Raises Conflict when the draft is not the given one any more."""
        parameters: dict[str, Value] = {"id": template.id, "seen": template.edited_at, "now": now}
        where = "WHERE id = :id AND edited_at = :seen"
        await self._database.write(
            Verb(
                (
                    Statement(
                        "UPDATE templates SET version = version + 1, published_at = :now, updated_at = :now " + where,
                        parameters,
                        touches=1,
                        otherwise=_CHANGED,
                    ),
                    Statement(
                        "INSERT INTO template_versions (template_id, number, fields, published_at) "
                        "SELECT id, version, draft, published_at FROM templates " + where,
                        parameters,
                        touches=1,
                    ),
                )
            )
        )

    async def remove(self, id: TemplateId) -> None:
        """With its versions; mail that was accepted has its own copy. Raises Conflict when it is gone."""
        await self._database.write(
            Verb(
                (
                    Statement("DELETE FROM template_versions WHERE template_id = :id", {"id": id}),
                    Statement("DELETE FROM templates WHERE id = :id", {"id": id}, touches=1, otherwise="it is gone"),
                )
            )
        )

    async def template(self, name: str) -> Template:
        """By id or alias. Raises NotFound."""
        found = await self._database.read(f"SELECT {_COLUMNS} FROM templates t WHERE {_NAMED}", {"name": name})
        if not found:
            raise NotFound("Template not found")
        return _template_from(found[0])

    async def published(self, name: str) -> TemplateVersion | None:
        """What mail is sent from: the newest version by id or alias, None when there is none yet. Raises NotFound."""
        found = await self._database.read(
            "SELECT t.id, v.number, v.fields, v.published_at FROM templates t LEFT JOIN template_versions v ON "
            f"v.template_id = t.id AND v.number = t.version WHERE {_NAMED}",
            {"name": name},
        )
        if not found:
            raise NotFound("Template not found")
        return None if found[0][2] is None else _version_from(found[0])

    async def versions(self, id: TemplateId) -> list[TemplateVersion]:
        """Newest first."""
        found = await self._database.read(
            "SELECT template_id, number, fields, published_at FROM template_versions WHERE template_id = :id "
            "ORDER BY number DESC",
            {"id": id},
        )
        return [_version_from(row) for row in found]

    async def all(self) -> list[Template]:
        """Newest first."""
        found = await self._database.read(f"SELECT {_COLUMNS} FROM templates t ORDER BY t.id DESC")
        return [_template_from(row) for row in found]


def _parameters(template: Template) -> dict[str, Value]:
    return {
        "id": template.id,
        "alias": template.alias,
        "name": template.name,
        "draft": _encode(template.draft).decode(),
        "version": template.version,
        "published_at": template.published_at,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
        "edited_at": template.edited_at,
    }


def _template_from(row: Row) -> Template:
    """From _COLUMNS."""
    values: tuple[Any, ...] = row
    return Template(
        id=TemplateId(values[0]),
        name=values[1],
        draft=_fields.decode(values[2]),
        created_at=values[3],
        updated_at=values[4],
        edited_at=values[5],
        alias=values[6],
        version=values[7],
        published_at=values[8],
    )


def _version_from(row: Row) -> TemplateVersion:
    """From template_id, number, fields, published_at."""
    values: tuple[Any, ...] = row
    return TemplateVersion(TemplateId(values[0]), values[1], _fields.decode(values[2]), values[3])
