"""A verb: the statements of one transaction, decided before it runs.

Because nothing in a verb depends on what an earlier statement of it returned, a database may run verbs in groups
(SQLite, one fsync for many) or in a pipeline (PostgreSQL), and a caller that is cancelled cannot leave half of one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar, overload

T = TypeVar("T")

Value = str | int | bytes | None
Parameters = Mapping[str, Value]
Row = tuple[Value, ...]
Rows = list[Row]

NO_PARAMETERS: Parameters = {}  # nobody changes it


class Statement(NamedTuple):
    """SQL with `:named` parameters, or `?` and their values in a row. `many` runs it once per mapping in `parameters`.

    `touches`: how many rows it must change or return; another number undoes the verb and raises Conflict with
    `otherwise` as its text. `joins`: the text ends with a row of `VALUES`, and neighbours with the same text, of
    whatever verbs, may go as one with several.
    """

    sql: str
    parameters: Parameters | Row | Sequence[Parameters] = NO_PARAMETERS
    many: bool = False
    touches: int | None = None
    otherwise: str = "it was changed by someone else"
    joins: bool = False


class Verb(NamedTuple):
    """`durable=False` only for what may be forgotten in a power cut without breaking a promise (leases). `patient`: it
    may wait some milliseconds for others to be written with, as the results of a hundred lanes do, and their claims
    while there is a backlog.
    """

    statements: tuple[Statement, ...]
    durable: bool = True
    patient: bool = False


def insert(table: str, columns: str) -> str:
    """The SQL that inserts a row whose parameters are called as its columns, given with blanks between."""
    names = columns.split()
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"


def insert_row(view: str, width: int) -> str:
    """The SQL for a Statement that `joins`: a whole row, in the order of the columns."""
    return f"INSERT INTO {view} VALUES {row_marks(width)}"


def row_marks(width: int) -> str:
    """Where the values of a row go."""
    return f"({', '.join('?' * width)})"


def insert_many(table: str, columns: str, rows: Sequence[Parameters]) -> Statement:
    """All in one statement: executemany lets go of the GIL, and waits for it, once for each row."""
    names = columns.split()
    marks = ", ".join(f"({', '.join(f':{name}{number}' for name in names)})" for number in range(len(rows)))
    values = {f"{name}{number}": row[name] for number, row in enumerate(rows) for name in names}
    return Statement(f"INSERT INTO {table} ({', '.join(names)}) VALUES {marks}", values)


def batched(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """In order, `most` at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))


def among(column: str, values: Sequence[int]) -> tuple[str, dict[str, Value]]:
    """The condition that a column has one of these values, with its parameters."""
    named: dict[str, Value] = {f"{column}{number}": value for number, value in enumerate(values)}
    return f"{column} IN ({', '.join(f':{name}' for name in named)})", named


def naming(prefix: str, values: Sequence[Value], parameters: dict[str, Value]) -> list[str]:
    """Add values to a statement's parameters; how they are called in its text."""
    names = [f"{prefix}{number}" for number in range(len(values))]
    parameters.update(zip(names, values, strict=True))
    return [f":{name}" for name in names]


def each(sql: str, parameters: Sequence[Parameters]) -> Statement:
    """One plain statement for the common case of one row: executemany costs more."""
    return Statement(sql, parameters[0]) if len(parameters) == 1 else Statement(sql, parameters, many=True)


def each_of(sql: str, make: Callable[[T], Parameters], items: Sequence[T]) -> Statement:
    """As `each`; what is many is made row by row while it is written, so that a large batch is never there twice."""
    return Statement(sql, make(items[0])) if len(items) == 1 else Statement(sql, _Made(make, items), many=True)


class _Made(Sequence[Parameters], Generic[T]):
    def __init__(self, make: Callable[[T], Parameters], items: Sequence[T]) -> None:
        self._make = make
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Parameters: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Parameters]: ...
    def __getitem__(self, index: int | slice) -> Parameters | Sequence[Parameters]:
        if isinstance(index, slice):
            return _Made(self._make, self._items[index])
        return self._make(self._items[index])


class Database(Protocol):
    """What a store needs of a database. Both calls raise StoreUnavailable when the storage fails."""

    async def write(self, verb: Verb) -> list[Rows]:
        """Run a verb; what each statement returned, in order. Raises Conflict, and then nothing has changed."""

    async def read(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> Rows:
        """Rows of the last committed state."""

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the loop after something durable was committed. It must return at once."""
