"""What the domains and templates of messages are called, for whoever reads a page of messages, or one. Never writes."""

from collections.abc import Sequence

from emailgw.core.ids import DomainId
from emailgw.core.listing import Origin
from emailgw.core.model import Message
from emailgw.store.paging import one_of
from emailgw.store.verb import Database, Value


async def origins_of(database: Database, messages: Sequence[Message]) -> list[Origin]:
    """One for each message, in order; a query each for all their domains and all their templates."""
    domains = await _pairs(database, "name, id", "domains", "name", {message.author.domain for message in messages})
    ids = {message.template for message in messages if message.template is not None}
    templates = await _pairs(database, "id, name", "templates", "id", {str(id) for id in ids})
    return [
        Origin(
            domain_id=DomainId(domains[message.author.domain]) if message.author.domain in domains else None,
            template_name=templates.get(str(message.template)),
        )
        for message in messages
    ]


async def _pairs(database: Database, columns: str, table: str, column: str, wanted: set[str]) -> dict[str, str]:
    if not wanted:
        return {}
    parameters: dict[str, Value] = {}
    sql = f"SELECT {columns} FROM {table} WHERE {one_of(column, tuple(wanted), parameters)}"
    return {str(key): str(value) for key, value in await database.read(sql, parameters)}
