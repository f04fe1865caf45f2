"""SQLite with group commit: one writer thread drains every waiting verb into one transaction, readers stand beside it.

The writer is a thread of ours on the standard library's module, because aiosqlite makes one thread hop a statement
and a transaction of fifty verbs would make two hundred. Readers go through aiosqlite, one hop a query; they are
read-only and never checkpoint: SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint at
once, so only the writer's connection ever does either.
"""

import asyncio
import functools
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self, cast

import aiosqlite

from emailgw.errors import Conflict, Contradiction, EmailgwError, StoreUnavailable
from emailgw.store.verb import NO_PARAMETERS, Parameters, Row, Rows, Statement, Verb, row_marks

GROUP_LIMIT = 256  # verbs in one transaction: bounds how long the first of them waits
JOINED = 24  # rows in one statement
GATHER = 0.008  # seconds that a patient verb waits for others
INBOX_LIMIT = 20_000  # verbs waiting; beyond it the store sheds load instead of growing
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32000",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)

# What sinks one verb and none of its neighbours. Every other sqlite3.Error is the storage's and sinks the group.
_VERBS_OWN_FAULT = (
    EmailgwError,
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    ValueError,  # a lone surrogate in a text, for one
    TypeError,
    OverflowError,
)


class Watch(NamedTuple):
    """`listener` is told of every value that is inserted into the column, by whatever verb, in the writer's thread and
    before that is committed (or undone). It must return at once and raise nothing.
    """

    table: str
    column: str
    listener: Callable[[str], None]


_Job = tuple[Verb, "asyncio.Future[list[Rows]]"]
_Outcome = tuple["asyncio.Future[list[Rows]]", list[Rows] | BaseException]


class SQLiteDatabase:
    """One database file, opened by one process. Use `open`; `close` waits for what was handed in."""

    def __init__(
        self,
        path: Path,
        on_failure: Callable[[str], None] | None,
        inbox_limit: int,
        watches: Sequence[Watch],
        gather: float,
    ) -> None:
        self._path = path
        self._inbox_limit = inbox_limit
        self._on_failure = on_failure
        self._watches = watches
        self._gather = gather
        self._inbox: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gathered: list[_Job] = []
        self._loop = asyncio.get_running_loop()
        self._readers: list[aiosqlite.Connection] = []
        self._turn = itertools.count()
        self._listeners: list[Callable[[], None]] = []
        self._failure: str | None = None
        self._closed = False
        self._writer: threading.Thread | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        readers: int = 2,
        on_failure: Callable[[str], None] | None = None,
        inbox_limit: int = INBOX_LIMIT,
        watches: Sequence[Watch] = (),
        gather: float = GATHER,
    ) -> Self:
        """Open or create the file. `on_failure` is told once, on the loop, when the storage can't be trusted any more.

        Raises StoreUnavailable.
        """
        database = cls(path, on_failure, inbox_limit, watches, gather)
        ready: asyncio.Future[None] = database._loop.create_future()
        database._writer = threading.Thread(target=database._run, args=(ready,), name="store-writer", daemon=True)
        database._writer.start()
        await ready
        for _ in range(readers):
            connection = aiosqlite.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            database._readers.append(await connection)
            await database._readers[-1].execute("PRAGMA query_only=ON")
        return database

    async def write(self, verb: Verb) -> list[Rows]:
        """See Database.write. A cancelled caller does not cancel the verb: it runs whole or not at all."""
        if self._closed or self._failure:
            raise StoreUnavailable(self._failure or "the store is closed")
        if self._inbox.qsize() + len(self._gathered) >= self._inbox_limit:
            raise StoreUnavailable("too many writes are waiting")
        future: asyncio.Future[list[Rows]] = self._loop.create_future()
        self._gathered.append((verb, future))
        if not verb.patient:
            self._hand_over()
        elif len(self._gathered) == 1:
            self._loop.call_later(self._gather, self._hand_over)
        return await future

    def _hand_over(self) -> None:
        """To the writer, what waits and what came now, in their order."""
        gathered, self._gathered = self._gathered, []
        for job in gathered:
            self._inbox.put(job)

    async def read(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> Rows:
        """See Database.read."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        connection = self._readers[next(self._turn) % len(self._readers)]
        try:
            return [tuple(row) for row in await connection.execute_fetchall(sql, parameters)]
        except sqlite3.Error as error:
            raise StoreUnavailable(f"reading failed: {error}") from error

    def on_commit(self, listener: Callable[[], None]) -> None:
        """See Database.on_commit."""
        self._listeners.append(listener)

    def _answer(self, outcomes: Sequence[_Outcome], durable: bool) -> None:
        _answer(outcomes)
        for listener in self._listeners if durable else ():
            listener()

    async def close(self) -> None:
        """Run what was handed in, checkpoint, and give the file back."""
        if self._closed:
            return
        self._closed = True
        for reader in self._readers:
            await reader.close()
        if self._writer is not None:
            self._hand_over()
            self._inbox.put(None)
            await asyncio.to_thread(self._writer.join)

    # The writer thread.

    def _run(self, ready: "asyncio.Future[None]") -> None:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None, cached_statements=256)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            for watch in self._watches:
                _watch(connection, watch)
        except sqlite3.Error as error:
            failure = StoreUnavailable(f"{self._path}: {error}")
            self._loop.call_soon_threadsafe(ready.set_exception, failure)
            return
        self._loop.call_soon_threadsafe(ready.set_result, None)
        synchronous: bool | None = None
        while group := self._next_group():
            durable = any(verb.durable for verb, _ in group)
            try:
                if durable is not synchronous:
                    connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                    synchronous = durable
                outcomes = _commit(connection, group)
            except Exception as error:  # noqa: BLE001  (a writer that died would leave everybody waiting for ever)
                outcomes = [(future, StoreUnavailable(f"writing failed: {error}")) for _, future in group]
                self._judge(error)
            self._loop.call_soon_threadsafe(self._answer, outcomes, durable)
        connection.close()

    def _next_group(self) -> list[_Job]:
        """Wait for a verb and take all that came with it; an empty list when closing."""
        first = self._inbox.get()
        group: list[_Job] = []
        while first is not None:
            group.append(first)
            if len(group) == GROUP_LIMIT:
                break
            try:
                first = self._inbox.get_nowait()
            except queue.Empty:
                break
        if first is None and group:
            self._inbox.put(None)  # the end was behind these; meet it again after them
        return group

    def _judge(self, error: Exception) -> None:
        """A full disk passes. After an I/O error nobody knows what is on it: trust this file only after a restart."""
        name = getattr(error, "sqlite_errorname", "")
        if (
            name.startswith(("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY"))
            and not self._failure
        ):
            self._failure = f"the storage failed ({name}: {error})"
            if self._on_failure is not None:
                self._loop.call_soon_threadsafe(self._on_failure, self._failure)


def _watch(connection: sqlite3.Connection, watch: Watch) -> None:
    """By a trigger of this connection alone, the only one that writes: no verb can pass it by."""
    name = f"watch_{watch.table}_{watch.column}"
    connection.create_function(name, 1, watch.listener)
    connection.execute(
        f"CREATE TEMP TRIGGER {name} AFTER INSERT ON main.{watch.table} BEGIN SELECT {name}(NEW.{watch.column}); END"
    )


def _commit(connection: sqlite3.Connection, group: Sequence[_Job]) -> list[_Outcome]:
    """One transaction for the group. Raises sqlite3.Error when nothing was committed."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        try:
            outcomes = _run_together(connection, group)
        except (*_VERBS_OWN_FAULT, sqlite3.OperationalError) as error:
            _must_be_verbs_own(error)
            # Verbs fail seldom, and savepoints cost the others: whose fault it is is found out by doing it again.
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_run_apart(connection, job) for job in group]
        connection.execute("COMMIT")
    except sqlite3.Error:
        # SQLite has rolled back by itself after some errors (disk full, I/O), not after others.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _run_together(connection: sqlite3.Connection, group: Sequence[_Job]) -> list[_Outcome]:
    """All of a group in order, rows of one table that follow each other in one statement.

    Each statement lets go of the GIL twice and waits for it: in a busy program that takes longer than the statement.
    """
    runs: list[list[Statement]] = []
    for statement in itertools.chain.from_iterable(verb.statements for verb, _ in group):
        if statement.joins and runs and runs[-1][-1].joins and runs[-1][-1].sql == statement.sql:
            runs[-1].append(statement)
        else:
            runs.append([statement])
    returned = [rows for run in runs for rows in _execute_run(connection, run)]
    rows = iter(returned)
    return [(future, list(itertools.islice(rows, len(verb.statements)))) for verb, future in group]


def _execute_run(connection: sqlite3.Connection, run: Sequence[Statement]) -> list[Rows]:
    """Each number of rows is a text of its own, which SQLite keeps prepared."""
    if len(run) == 1:
        return [_execute(connection, run[0])]
    rest = [cast(Row, statement.parameters) for statement in run]
    while rest:
        count = min(JOINED, len(rest))
        values = tuple(itertools.chain.from_iterable(rest[:count]))
        connection.execute(_joined(run[0].sql, len(rest[0]), count), values)
        del rest[:count]
    return [[] for _ in run]


@functools.lru_cache
def _joined(sql: str, width: int, count: int) -> str:
    return ", ".join((sql, *[row_marks(width)] * (count - 1)))


def _run(connection: sqlite3.Connection, job: _Job) -> _Outcome:
    verb, future = job
    return future, [_execute(connection, statement) for statement in verb.statements]


def _run_apart(connection: sqlite3.Connection, job: _Job) -> _Outcome:
    """In a savepoint, so that a verb that fails does not sink its neighbours."""
    connection.execute("SAVEPOINT verb")
    outcome: _Outcome
    try:
        outcome = _run(connection, job)
    except (*_VERBS_OWN_FAULT, sqlite3.OperationalError) as error:
        _must_be_verbs_own(error)
        connection.execute("ROLLBACK TO verb")
        outcome = job[1], _verbs_fault(error)
    connection.execute("RELEASE verb")
    return outcome


def _must_be_verbs_own(error: Exception) -> None:
    """Raises an error that is the storage's; a text that is no UTF-8 is a row's."""
    if isinstance(error, sqlite3.OperationalError) and "decode" not in str(error):
        raise error


def _verbs_fault(error: Exception) -> Exception:
    """As the verb's caller sees it."""
    if not isinstance(error, sqlite3.IntegrityError):
        return error
    # A view's trigger (schema/*.sql) says in its own words that a row was not as it must be.
    raised = error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_TRIGGER
    return Conflict(str(error)) if raised else Contradiction(str(error))


def _execute(connection: sqlite3.Connection, statement: Statement) -> Rows:
    if statement.many:
        connection.executemany(statement.sql, cast(Sequence[Parameters], statement.parameters))
        return []
    cursor = connection.execute(statement.sql, statement.parameters)
    rows = cursor.fetchall()
    if statement.touches is not None and statement.touches != (len(rows) or max(cursor.rowcount, 0)):
        raise Conflict(statement.otherwise)
    return rows


def _answer(outcomes: Sequence[_Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():  # its caller was cancelled; the verb was committed or not all the same
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
