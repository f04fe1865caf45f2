"""What only the SQLite store promises: group commit, whole verbs, one owner, and bad storage is never trusted."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from emailgw.core.model import RecipientState
from emailgw.errors import Conflict, Contradiction, Locked, NotFound, StoreUnavailable
from emailgw.store.open import DATABASE_FILE, Store, open_store
from emailgw.store.queue import Claimed, Unreadable
from emailgw.store.schema import VERSION
from emailgw.store.sqlite import SQLiteDatabase
from emailgw.store.verb import Statement, Verb
from tests.harness.mail import NOW, change, make_mail

# Keeps the writer busy for some tens of milliseconds, so that what is handed in meanwhile becomes one group.
SLOW = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT max(i) FROM n"


def write_row(number: int, patient: bool = False) -> Verb:
    return Verb((Statement("INSERT INTO rows (id) VALUES (:id)", {"id": number}),), patient=patient)


async def open_database(path: Path) -> SQLiteDatabase:
    database = await SQLiteDatabase.open(path)
    await database.write(Verb((Statement("CREATE TABLE rows (id INTEGER PRIMARY KEY)"),)))
    return database


@contextlib.asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[Store]:
    store = await open_store(data_dir)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def database(runner: asyncio.Runner, tmp_path: Path) -> Iterator[SQLiteDatabase]:
    """Closed however the test ends: the writer's thread would keep the process alive."""
    opened = runner.run(open_database(tmp_path / "db"))
    yield opened
    runner.run(opened.close())


async def numbers(database: SQLiteDatabase) -> list[object]:
    return [row[0] for row in await database.read("SELECT id FROM rows ORDER BY id")]


# Verbs and their groups.


async def test_a_failing_verb_does_not_sink_its_neighbours(database: SQLiteDatabase) -> None:
    verbs = [
        write_row(1),
        Verb((*write_row(2).statements, *write_row(1).statements)),  # a key that is taken, after a good statement
        Verb((*write_row(4).statements, Statement("DELETE FROM rows WHERE id = 99", touches=1, otherwise="gone"))),
        Verb((Statement("INSERT INTO rows (id) VALUES (:id)", {"id": "\ud800"}),)),
        Verb((Statement("INSERT INTO rows (id) VALUES (:id)", {"id": 1 << 70}),)),
        write_row(5),
    ]
    outcomes = await asyncio.gather(*map(database.write, verbs), return_exceptions=True)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [list, Contradiction, Conflict, UnicodeEncodeError, OverflowError, list]
    assert str(outcomes[2]) == "gone"
    assert await numbers(database) == [1, 5]


async def test_a_cancelled_caller_leaves_no_half_of_a_verb(database: SQLiteDatabase) -> None:
    """The trap that the writer thread exists for: cancelled or not, a verb is committed whole."""
    pairs = [Verb((*write_row(2 * i).statements, *write_row(2 * i + 1).statements)) for i in range(50)]
    tasks = [asyncio.create_task(database.write(pair)) for pair in pairs]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.write(write_row(1000))  # behind them all
    assert await numbers(database) == [*range(100), 1000]


@pytest.mark.parametrize("patient", [False, True])
async def test_closing_waits_for_what_was_handed_in(database: SQLiteDatabase, tmp_path: Path, patient: bool) -> None:
    tasks = [asyncio.create_task(database.write(write_row(i, patient))) for i in range(700)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*tasks)
    with pytest.raises(StoreUnavailable):
        await database.write(write_row(1000))
    with pytest.raises(StoreUnavailable):
        await database.read("SELECT 1")
    await database.close()  # twice does no harm
    with sqlite3.connect(tmp_path / "db") as connection:
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (700,)
    connection.close()


async def test_many_writes_share_a_transaction(database: SQLiteDatabase, tmp_path: Path) -> None:
    """Counted in the write-ahead log: a commit of one row alone writes the page again, a group writes it once."""
    wal = tmp_path / "db-wal"

    async def frames(together: bool, first: int) -> int:
        before = wal.stat().st_size
        writes = [database.write(write_row(first + i)) for i in range(100)]
        if together:
            await asyncio.gather(*writes)
        else:
            for write in writes:
                await write
        return (wal.stat().st_size - before) // 4096

    assert await frames(together=False, first=0) >= 100
    assert await frames(together=True, first=1000) <= 10


@pytest.mark.parametrize("patient", [False, True])
async def test_patient_writes_wait_for_each_other(database: SQLiteDatabase, tmp_path: Path, patient: bool) -> None:
    wal = tmp_path / "db-wal"
    patiently = await SQLiteDatabase.open(tmp_path / "db", gather=0.5)
    try:
        before = wal.stat().st_size
        tasks = []
        for number in range(10):
            tasks.append(asyncio.create_task(patiently.write(write_row(number, patient))))
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        frames = (wal.stat().st_size - before) // 4096
    finally:
        await patiently.close()
    assert frames <= 5 if patient else frames >= 10
    assert await numbers(database) == list(range(10))


async def test_what_is_in_a_hurry_takes_the_patient_along_in_their_order(database: SQLiteDatabase) -> None:
    patient = asyncio.create_task(database.write(write_row(1, patient=True)))
    await asyncio.sleep(0)
    later = Verb((Statement("UPDATE rows SET id = 2 WHERE id = 1", touches=1),))
    await asyncio.wait_for(database.write(later), 5)
    await patient
    assert await numbers(database) == [2]


async def test_readers_cannot_write(database: SQLiteDatabase) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        await database.read("INSERT INTO rows (id) VALUES (1) RETURNING id")


async def test_a_promise_is_on_stable_storage(database: SQLiteDatabase) -> None:
    """G1: WAL with synchronous=FULL (2) for every group that holds a promise; NORMAL (1) only where none does."""
    question = (Statement("PRAGMA synchronous"), Statement("PRAGMA journal_mode"))
    promise, forgettable = Verb(question), Verb(question, durable=False)
    assert await database.write(promise) == [[(2,)], [("wal",)]]
    assert await database.write(forgettable) == [[(1,)], [("wal",)]]
    blocker = asyncio.create_task(database.write(Verb((Statement(SLOW),), durable=False)))
    group = [asyncio.create_task(database.write(verb)) for verb in (forgettable, promise, forgettable)]
    await blocker
    assert [await task for task in group] == [[[(2,)], [("wal",)]]] * 3


# Rows that cannot be read.


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE recipients SET address = 'no address' WHERE id = ?",
        "UPDATE messages SET fields = '{\"to\": 5}' WHERE id = (SELECT message_id FROM recipients WHERE id = ?)",
        "UPDATE messages SET fields = 'no json' WHERE id = (SELECT message_id FROM recipients WHERE id = ?)",
        "UPDATE messages SET author = '' WHERE id = (SELECT message_id FROM recipients WHERE id = ?)",
        "UPDATE messages SET size = 'many' WHERE id = (SELECT message_id FROM recipients WHERE id = ?)",
    ],
)
async def test_an_unreadable_row_hurts_no_neighbour(tmp_path: Path, damage: str) -> None:
    async with opened(tmp_path) as store:
        mails = [make_mail() for _ in range(3)]
        for mail in mails:
            await store.queue.enqueue(*mail)
    poisoned = mails[1].recipients[0].id
    _run_sql(tmp_path, damage, poisoned)
    async with opened(tmp_path) as store:
        (first, second, third), _ = await store.queue.claim("example.test", NOW, NOW + 1, 7, 10)
        assert isinstance(first, Claimed)
        assert isinstance(third, Claimed)
        assert isinstance(second, Unreadable)
        assert (second.recipient_id, second.lease) == (poisoned, 7)
        assert second.fault
        await store.queue.hold(second.recipient_id, second.lease, second.fault, None, NOW)
        assert (await store.history.count_waiting())[RecipientState.HELD] == 1


async def test_a_content_that_is_shared_lives_as_long_as_its_last_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        one, other = make_mail("a@one.test"), make_mail("b@other.test")
        for mail in (one, other):
            await store.queue.enqueue(*mail)
            await store.queue.claim(mail.recipients[0].nexthop, NOW, NOW + 9, 1, 1)
        await store.queue.settle(change(one.recipients[0], RecipientState.DELIVERED), None, 1)
    _run_sql(tmp_path, "UPDATE messages SET content_id = ?", one.message.content_id)
    async with opened(tmp_path) as store:
        later = "ffffffff-ffff-7fff-bfff-ffffffffffff"
        assert await store.queue.discard(later, NOW, 10) == 1
        with pytest.raises(NotFound):
            await store.history.message(one.message.id)
        assert await store.queue.content(one.message.content_id)  # the other message has it still
        await store.queue.settle(change(other.recipients[0], RecipientState.DELIVERED), None, 1)
        assert await store.queue.discard(later, NOW, 10) == 1
        with pytest.raises(NotFound):
            await store.queue.content(one.message.content_id)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE recipients SET state = 'sent' WHERE id = ?",
        "UPDATE recipients SET state = 'delivered' WHERE id = ?",
        "UPDATE recipients SET due_at = NULL WHERE id = ?",
        "UPDATE recipients SET state = 'held', due_at = NULL, lease = 5 WHERE id = ?",
        "UPDATE recipients SET tries = NULL WHERE id = ?",
    ],
)
async def test_the_schema_itself_refuses_impossible_rows(tmp_path: Path, sql: str) -> None:
    async with opened(tmp_path) as store:
        mail = make_mail()
        await store.queue.enqueue(*mail)
    with pytest.raises(sqlite3.IntegrityError):
        _run_sql(tmp_path, sql, mail.recipients[0].id)


# One owner, one schema.


async def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    async with opened(tmp_path):
        program = "import asyncio, pathlib, sys; from emailgw.store.open import open_store; "
        program += "asyncio.run(open_store(pathlib.Path(sys.argv[1])))"
        second = subprocess.run(
            [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, timeout=60, check=False
        )
        assert f"in use by another emailgw, pid {os.getpid()}" in second.stderr
        with pytest.raises(Locked, match=f"pid {os.getpid()}$"):
            await open_store(tmp_path)
    await (await open_store(tmp_path)).close()


async def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from pathlib import Path
        from emailgw.store.open import open_store

        async def main():
            await open_store(Path(sys.argv[1]))
            print("open", flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
    """
    first = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), tmp_path], stdout=subprocess.PIPE)
    assert first.stdout is not None
    with first.stdout:
        assert await asyncio.to_thread(first.stdout.readline) == b"open\n"
        with pytest.raises(Locked, match=f"pid {first.pid}$"):
            await open_store(tmp_path)
        first.send_signal(signal.SIGKILL)
        await asyncio.to_thread(first.wait)
    await (await open_store(tmp_path)).close()


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    await (await open_store(tmp_path)).close()
    _run_sql(tmp_path, f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreUnavailable, match=f"schema {VERSION + 1}; this program knows {VERSION}"):
        await open_store(tmp_path)
    _run_sql(tmp_path, f"PRAGMA user_version={VERSION}")
    await (await open_store(tmp_path)).close()


@pytest.mark.parametrize("content", [b"this is no database, but long enough to look at" * 200, os.urandom(8192)])
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(content)
    with pytest.raises(StoreUnavailable, match=DATABASE_FILE):
        await open_store(tmp_path)
    assert (tmp_path / DATABASE_FILE).read_bytes() == content


# Storage that fails. In a process of their own, whose files may not grow: write(2) then fails with EFBIG, which SQLite
# reports as an I/O error, or with a limited number of pages, which it reports as a full disk.


def _run_sql(data_dir: Path, sql: str, *parameters: object) -> None:
    """Behind the closed store's back."""
    connection = sqlite3.connect(data_dir / DATABASE_FILE)
    try:
        connection.execute(sql, parameters)
        connection.commit()
    finally:
        connection.close()


async def test_a_full_disk_passes(database: SQLiteDatabase) -> None:
    [[[pages]]] = await database.write(Verb((Statement("PRAGMA page_count"),)))
    await database.write(Verb((Statement("CREATE TABLE large (body BLOB)"),)))
    await database.write(Verb((Statement(f"PRAGMA max_page_count={int(str(pages)) + 3}"),)))
    large = Verb((Statement("INSERT INTO large (body) VALUES (:body)", {"body": bytes(50_000)}),))
    both = await asyncio.gather(database.write(large), database.write(large), return_exceptions=True)
    assert [type(outcome) for outcome in both] == [StoreUnavailable, StoreUnavailable]
    await database.write(write_row(1))  # what needs no space goes on: results can still be recorded
    await database.write(Verb((Statement("PRAGMA max_page_count=1000000"),)))
    await database.write(large)
    assert await database.read("SELECT count(*) FROM large") == [(1,)]
    assert await numbers(database) == [1]


IO_ERROR = """
    import asyncio, resource, signal, sys
    from pathlib import Path
    from emailgw.errors import StoreUnavailable
    from emailgw.store.open import open_store
    from tests.harness.mail import make_mail

    async def main():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        failed = []
        store = await open_store(Path(sys.argv[1]), failed.append)
        good = []
        for i in range(5):
            mail = make_mail(text="x" * 20_000)
            await store.queue.enqueue(*mail)
            good.append(mail.message.id)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        refused = []
        for i in range(20):
            mail = make_mail(text="x" * 20_000)
            try:
                await store.queue.enqueue(*mail)
                good.append(mail.message.id)
            except StoreUnavailable:
                refused.append(mail.message.id)
        assert refused, "the limit was never reached"
        assert len(failed) == 1, failed
        print("\\n".join(good))

    asyncio.run(asyncio.wait_for(main(), 30))
    import os
    sys.stdout.flush()
    os._exit(0)
"""


async def test_after_an_io_error_nothing_is_promised_any_more(tmp_path: Path) -> None:
    """Who is told of the failure is told once; every promise made before it is kept by the next process."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(IO_ERROR), tmp_path],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    promised = result.stdout.split()
    assert len(promised) >= 5
    async with opened(tmp_path) as store:
        found = {recipient.message_id for recipient in await store.history.waiting((RecipientState.QUEUED,))}
        assert found == set(promised)


async def test_too_many_waiting_writes_are_refused_rather_than_kept(database: SQLiteDatabase, tmp_path: Path) -> None:
    narrow = await SQLiteDatabase.open(tmp_path / "db", inbox_limit=50)
    try:
        outcomes = await asyncio.gather(*(narrow.write(write_row(i)) for i in range(5000)), return_exceptions=True)
    finally:
        await narrow.close()
    refused = [outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]
    assert refused
    assert len(await numbers(database)) == 5000 - len(refused)


async def test_a_store_opened_again_knows_everything(tmp_path: Path) -> None:
    mail = make_mail("a@example.test", "b@other.test")
    async with opened(tmp_path) as store:
        await store.queue.enqueue(*mail)
        before = await store.history.story(mail.message.id)
    async with opened(tmp_path) as store:
        assert await store.history.story(mail.message.id) == before
