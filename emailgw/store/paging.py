"""One piece of a list whose ids ascend with time, newest first. Called by the store's classes that have lists."""

from emailgw.core.paging import Page
from emailgw.store.verb import Database, Row, Value


async def read_page(
    database: Database, columns: str, table: str, condition: str, parameters: dict[str, Value], page: Page
) -> tuple[list[Row], bool, int | None]:
    """Rows, whether there are more in the direction asked for, and the total where the page style wants it.

    `condition` is SQL without WHERE; `table` has a text column `id`.
    """
    total = None
    if page.number is not None:
        counted = await database.read(f"SELECT count(*) FROM {table} WHERE {condition}", parameters)
        total = int(counted[0][0] or 0)
    bound = {**parameters, "limit": page.limit + 1, "offset": page.offset}
    order = "DESC"
    if page.after is not None:
        condition += " AND id < :after"
        bound["after"] = page.after
    elif page.before is not None:
        condition += " AND id > :before"
        bound["before"] = page.before
        order = "ASC"
    sql = f"SELECT {columns} FROM {table} WHERE {condition} ORDER BY id {order} LIMIT :limit OFFSET :offset"
    rows = await database.read(sql, bound)
    has_more = len(rows) > page.limit
    rows = rows[: page.limit]
    return rows if order == "DESC" else rows[::-1], has_more, total


def one_of(column: str, values: tuple[str, ...], parameters: dict[str, Value]) -> str:
    """`column IN (…)`, with its values added to `parameters`; true of everything when there are none."""
    if not values:
        return "1 = 1"
    names = []
    for index, value in enumerate(values):
        parameters[f"{column}_{index}"] = value
        names.append(f":{column}_{index}")
    return f"{column} IN ({', '.join(names)})"
