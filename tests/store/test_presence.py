"""Suppressions are found the same with the addresses known beforehand as by asking the database alone."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from emailgw.core.address import Address
from emailgw.core.ids import uuid7
from emailgw.core.suppression import Suppression, SuppressionReason
from emailgw.store.open import DATABASE_FILE
from emailgw.store.presence import Presence
from emailgw.store.schema import prepare
from emailgw.store.sqlite import SQLiteDatabase, Watch
from emailgw.store.suppressions import Suppressions
from emailgw.store.verb import Statement, Verb
from tests.harness.mail import NOW

LOCALS = ("ann", "Ann", "bob", "jürgen", "JÜRGEN")
ADDRESSES = [Address(local, domain) for local in LOCALS for domain in ("x.test", "y.test")]
BOB = ADDRESSES[4]
DOMAINS = ("", "a.test", "b.test")


class Watched(SQLiteDatabase):
    """Counts what is asked."""

    asked = 0

    async def read(self, sql: str, parameters: object = ()) -> list[tuple[str | int | bytes | None, ...]]:
        self.asked += 1
        return await super().read(sql, parameters)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def opened(directory: str) -> AsyncIterator[tuple[Suppressions, Suppressions, Watched]]:
    """The list with and without knowledge of its addresses, and their database."""
    path = Path(directory) / DATABASE_FILE
    prepare(path)
    presence = Presence()
    database = await Watched.open(path, watches=[Watch("suppressions", "address", presence.add)])
    try:
        yield Suppressions(database, presence), Suppressions(database), database
    finally:
        await database.close()


def entry(number: int, address: Address, domain: str) -> Suppression:
    return Suppression(uuid7(NOW + number, bytes(10)), address, SuppressionReason.MANUAL, domain, "", NOW)


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "learn"]), st.sampled_from(ADDRESSES), st.sampled_from(DOMAINS)),
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_answers_are_those_of_the_database(steps: list[tuple[str, Address, str]]) -> None:
    async def play(directory: str) -> None:
        async with opened(directory) as (known, plain, _):
            for number, (step, address, domain) in enumerate(steps):
                match step:
                    case "add":
                        await known.add([entry(number, address, domain)])
                    case "remove":
                        await known.remove(await known.named([str(address).lower()], (domain,) if domain else ()), NOW)
                    case _:
                        await known.learn()
                for author in DOMAINS[1:]:
                    assert await known.find(author, ADDRESSES) == await plain.find(author, ADDRESSES)

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(directory))


async def test_who_is_not_on_the_list_costs_no_question(tmp_path: Path) -> None:
    async with opened(str(tmp_path)) as (known, _, database):
        await known.add([entry(0, ADDRESSES[0], "")])
        await known.find("a.test", [BOB])
        before_learning = database.asked
        await known.learn()
        learnt = database.asked
        assert await known.find("a.test", [BOB]) == {}
        assert database.asked == learnt > before_learning
        assert [*await known.find("a.test", [ADDRESSES[0]])] == [ADDRESSES[0]]
        assert database.asked == learnt + 1


async def test_what_any_verb_inserts_is_seen(tmp_path: Path) -> None:
    """Also one that knows nothing of lists: bounces and complaints write theirs beside their events."""
    async with opened(str(tmp_path)) as (known, _, database):
        await known.learn()
        sql = (
            "INSERT INTO suppressions (id, address, domain, reason, cause, created_at) "
            "VALUES ('1', 'ann@x.test', '', 'bounce', '', 0)"
        )
        await database.write(Verb((Statement(sql),)))
        assert [*await known.find("a.test", ADDRESSES[:1])] == ADDRESSES[:1]


async def test_a_list_that_is_longer_than_one_piece_is_learnt_whole(tmp_path: Path) -> None:
    async with opened(str(tmp_path)) as (_, plain, database):
        sql = (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2500) INSERT INTO suppressions "
            "(id, address, domain, reason, cause, created_at) "
            "SELECT i, 'u' || i || '@x.test', '', 'manual', '', 0 FROM n"
        )
        await database.write(Verb((Statement(sql),)))
        fresh = Suppressions(database, Presence())
        await fresh.learn()
        everybody = [Address(f"u{number}", "x.test") for number in range(1, 2501)]
        assert list(await fresh.find("a.test", everybody)) == list(await plain.find("a.test", everybody)) != []


@given(st.sets(st.text(max_size=12), max_size=60))
def test_what_was_added_is_never_missed(texts: set[str]) -> None:
    presence = Presence()
    for text in texts:
        presence.add(text)
    presence.complete()
    assert all(map(presence.may_have, texts))


def test_others_are_rarely_taken_for_it_and_memory_stays_small() -> None:
    presence = Presence()
    for number in range(100_000):
        presence.add(f"user{number}@example.test")
    presence.complete()
    mistaken = sum(presence.may_have(f"other{number}@example.test") for number in range(10_000))
    assert mistaken < 400
    assert presence.octets <= 16 * 100_000
    assert all(presence.may_have(f"user{number}@example.test") for number in range(0, 100_000, 7))
