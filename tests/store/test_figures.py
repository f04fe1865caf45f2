"""Figures: what the database counts of the log is what anybody would count who read the whole of it."""

import itertools
import random
from collections import Counter
from pathlib import Path

import pytest

from emailgw.core.address import Address, Mailbox
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.figures import HALF_HOUR, FiguresFilter, percentiles, total_of
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId, uuid7
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.store import figures as module
from emailgw.store.arriving import Arrival
from emailgw.store.open import Store, open_store

START = 1_700_000_000_000 - 1_700_000_000_000 % HALF_HOUR
DOMAINS = ("a.test", "b.test", "c.test")
TAGS = ((), (("kind", "news"),), (("kind", "bill"), ("shop", "")))
KINDS = (
    (EventType.DELIVERED, Detail(source=Source.SMTP)),
    (EventType.DELIVERED, Detail(source=Source.DSN)),
    (EventType.BOUNCED, Detail(source=Source.DSN)),
    (EventType.OPENED, Detail(source=Source.MAIL)),
    (EventType.OPENED, Detail(source=Source.MAIL, machine=True)),
    (EventType.OPENED, Detail(source=Source.MAIL, user_agent='"machine":true')),
    (EventType.CLICKED, Detail(source=Source.MAIL)),
    (EventType.CLICKED, Detail(source=Source.MAIL, machine=True)),
    (EventType.COMPLAINED, Detail(source=Source.ARF)),
)
Line = tuple[Message, Event]


async def fill(store: Store, dice: random.Random, count: int, first: int = 0) -> list[Line]:
    """`count` messages with events over five hours, in the order of the log."""
    lines: list[Line] = []
    for number in range(first, first + count):
        at = START + dice.randrange(10 * HALF_HOUR)
        author = Address("me", dice.choice(DOMAINS))
        to = Address(f"r{number}", "rcpt.test")
        message = Message(
            id=MessageId(uuid7(at, number.to_bytes(10, "big"))), content_id=ContentId(number + 1), key_id=KeyId("k"),
            author=author, to=(Mailbox("", to),), subject="s", tags=dice.choice(TAGS), accepted_at=at, date=at,
            expires_at=at + 10**9,
        )  # fmt: skip
        recipient = Recipient(RecipientId(number + 1), message.id, to, "rcpt.test", RecipientState.DELIVERED)
        kinds = [(EventType.QUEUED, Detail(source=Source.API)), *dice.choices(KINDS, k=dice.randrange(5))]
        events = [
            Event(at + step * dice.randrange(3 * HALF_HOUR), kind, message.id, recipient.id, to, detail)
            for step, (kind, detail) in enumerate(kinds)
        ]
        content = Content(author=Mailbox("", author), subject="s", text="t")
        await store.queue.enqueue_all(Arrival({message.content_id: content}, [message], [recipient], events))
        lines += [(message, event) for event in events]
    return lines


def counted(lines: list[Line], wanted: FiguresFilter) -> Counter[str]:
    """The same, by looking at every event."""
    lines = [line for line in lines if wanted.message in (None, line[0].id)]
    found: Counter[str] = Counter()
    seen: set[tuple[str, EventType]] = set()
    [(low, high)] = wanted.periods
    for message, event in lines:
        name = str(event.type)
        by_hand = event.type in (EventType.OPENED, EventType.CLICKED)
        first = by_hand and not event.detail.machine and (message.id, event.type) not in seen
        if by_hand and not event.detail.machine:
            seen.add((message.id, event.type))
        values = dict(message.tags)
        if (
            not low <= event.at < high
            or (wanted.domains and message.author.domain not in wanted.domains)
            or (wanted.tag and (wanted.tag[0] not in values or wanted.tag[1] not in (None, values[wanted.tag[0]])))
            or (event.type is EventType.DELIVERED and event.detail.source is Source.DSN)
        ):
            continue
        found[f"machine_{name}" if by_hand and event.detail.machine else name] += 1
        found[f"first_{name}"] += first
    return +found


async def test_they_are_what_the_log_says(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP", 37)  # so that much happens at the edges of steps
    dice = random.Random(5)
    lines: list[Line] = []
    for part in range(3):
        lines += await fill(store, dice, 80, part * 80)
        assert await store.figures.catch_up()
        assert await store.figures.catch_up()
    whole = ((0, START * 2),)
    for domains, tag, periods in itertools.product(
        ((), ("a.test",), ("a.test", "c.test"), ("nowhere.test",)),
        (None, ("kind", None), ("kind", "news"), ("shop", None), ("shop", ""), ("nothing", None)),
        (whole, ((START, START + HALF_HOUR),), ((START + 3 * HALF_HOUR, START + 9 * HALF_HOUR),)),
    ):
        wanted = FiguresFilter(periods, domains, tag)
        counts, delays = total_of(await store.figures.lines(wanted))
        expected = counted(lines, wanted)
        assert counts == expected, wanted
        assert sum(delays.values()) == expected["delivered"]


async def test_of_one_message(store: Store) -> None:
    lines = await fill(store, random.Random(8), 60)
    await store.figures.catch_up()
    for message, tag, domains in itertools.product(
        dict.fromkeys(message.id for message, _ in lines), (None, ("kind", "news")), ((), ("a.test",))
    ):
        wanted = FiguresFilter(((0, START * 2),), domains, tag, message=message)
        counts, delays = total_of(await store.figures.lines(wanted))
        expected = counted(lines, wanted)
        assert counts == expected, wanted
        assert sum(delays.values()) == expected["delivered"]
    [news, *_] = [message for message, _ in lines if ("kind", "news") in message.tags]
    wanted = FiguresFilter(((0, START * 2),), by_domain=True, by_tag=True, message=news.id)
    assert [(one.domain, one.tag) for one in await store.figures.lines(wanted)] == [(news.author.domain, "kind:news")]


async def test_lines_by_domain_tag_and_period_add_up(store: Store) -> None:
    lines = await fill(store, random.Random(6), 150)
    assert await store.figures.catch_up()
    periods = tuple((START + n * HALF_HOUR, START + (n + 1) * HALF_HOUR) for n in range(20))
    whole, _ = total_of(await store.figures.lines(FiguresFilter(((0, START * 2),))))
    by_all = await store.figures.lines(FiguresFilter(periods, by_domain=True))
    assert total_of(by_all)[0] == whole
    assert {line.domain for line in by_all} == set(DOMAINS)
    assert [line.period for line in by_all] == sorted(line.period for line in by_all)
    by_tag = {line.tag: line for line in await store.figures.lines(FiguresFilter(((0, START * 2),), by_tag=True))}
    assert set(by_tag) == {"kind:news", "kind:bill", "shop"}
    expected = counted(lines, FiguresFilter(((0, START * 2),), tag=("kind", "news")))
    assert by_tag["kind:news"].counts == expected


async def test_a_restart_counts_nothing_twice(tmp_path: Path) -> None:
    first = await open_store(tmp_path)
    lines = await fill(first, random.Random(7), 60)
    assert not await first.figures.catch_up(steps=0)
    await first.figures.catch_up()
    await first.close()
    again = await open_store(tmp_path)
    assert await again.figures.catch_up()
    wanted = FiguresFilter(((0, START * 2),))
    assert total_of(await again.figures.lines(wanted))[0] == counted(lines, wanted)
    await again.figures.forget(START * 2)
    assert await again.figures.lines(wanted) == []
    await again.close()


async def test_no_more_tags_are_counted_than_there_is_room_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(8)
    for number in range(30):
        monkeypatch.setattr(f"{__name__}.TAGS", ((("id", str(number)),),))
        await fill(store, dice, 1, number)
    sqls = tuple(sql.replace(f"< {module.MOST_TAGS}", "< 10") for sql in module._COUNTS)
    monkeypatch.setattr(module, "_COUNTS", sqls)
    monkeypatch.setattr(module, "STEP", 5)
    assert await store.figures.catch_up()
    found = await store.figures.lines(FiguresFilter(((0, START * 2),), by_tag=True))
    assert 5 <= len(found) < 20


@pytest.mark.parametrize("factor", [1, 37, 60_000])
async def test_percentiles_are_near(store: Store, factor: int) -> None:
    rows = await store._database.read("SELECT bound FROM figure_bounds ORDER BY bound")
    bounds = [int(row[0] or 0) for row in rows]
    dice = random.Random(factor)
    delays = sorted(int(dice.expovariate(0.01) * factor) for _ in range(5_000))
    classes = Counter(max(bound for bound in bounds if bound <= delay) for delay in delays)
    found = percentiles(classes)
    assert found is not None
    for percent, value in found.items():
        true = delays[-(-len(delays) * percent // 100) - 1]
        assert abs(value - true) <= max(1, true * 0.07)


def test_nothing_has_no_percentiles() -> None:
    assert percentiles({}) is None
