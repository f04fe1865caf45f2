"""One piece of a list whose ids ascend with time, newest first. Called by the store's classes that have long lists."""

import msgspec

from emailgw.store.verb import Database, Row, Value

COUNTED = 10_000  # counting stops here: a total beyond it helps nobody and costs more with every row


class Piece(msgspec.Struct, frozen=True):
    """Up to `size` rows: behind the id `after` (older), or just before `before` (newer), or past `offset` rows."""

    size: int = 20
    after: str | None = None
    before: str | None = None
    offset: int = 0


async def read_piece(
    database: Database, columns: str, table: str, condition: str, parameters: dict[str, Value], piece: Piece
) -> tuple[list[Row], bool]:
    """The rows, and whether there are more in the direction asked for. `condition` is SQL without WHERE."""
    bound = {**parameters, "limit": piece.size + 1, "offset": piece.offset}
    order = "DESC"
    if piece.after is not None:
        condition += " AND id < :after"
        bound["after"] = piece.after
    elif piece.before is not None:
        condition += " AND id > :before"
        bound["before"] = piece.before
        order = "ASC"
    sql = f"SELECT {columns} FROM {table} WHERE {condition} ORDER BY id {order} LIMIT :limit OFFSET :offset"
    rows = await database.read(sql, bound)
    has_more = len(rows) > piece.size
    rows = rows[: piece.size]
    return rows if order == "DESC" else rows[::-1], has_more


async def count_up_to(database: Database, table: str, condition: str, parameters: dict[str, Value]) -> int:
    """How many rows there are, COUNTED at most."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT {COUNTED}) AS some"
    return int((await database.read(sql, parameters))[0][0] or 0)


def one_of(column: str, values: tuple[str, ...], parameters: dict[str, Value]) -> str:
    """`column IN (…)`, with its values added to `parameters`; true of everything when there are none."""
    if not values:
        return "1 = 1"
    names = []
    for index, value in enumerate(values):
        parameters[f"{column}_{index}"] = value
        names.append(f":{column}_{index}")
    return f"{column} IN ({', '.join(names)})"
