"""Lists of messages: every filter and way of cutting gives what looking at each message would give."""

import itertools

import msgspec
import pytest

from emailgw.core.events import EventType
from emailgw.core.listing import MessageFilter
from emailgw.core.model import Message, RecipientState
from emailgw.store import messages as listing
from emailgw.store.arriving import Arrival
from emailgw.store.open import Store
from emailgw.store.paging import Piece
from tests.harness.mail import NOW, change, make_mail

S = RecipientState
SHOWN = (EventType.QUEUED,)
COUNT = 60
FILTERS = [
    MessageFilter(),
    MessageFilter(domains=("d0.test",)),
    MessageFilter(domains=("d0.test", "d1.test")),
    MessageFilter(states=(S.BOUNCED,)),
    MessageFilter(states=(S.BOUNCED, S.DELIVERED)),
    MessageFilter(recipient="joe@example.test"),
    MessageFilter(tag=("n", None)),
    MessageFilter(tag=("n", "1"), states=(S.DELIVERED,)),
    MessageFilter(tag=("n", "1"), states=(S.BOUNCED,), domains=("d1.test", "d3.test"), recipient="joe@example.test"),
    MessageFilter(since=NOW + 10, until=NOW + 30, domains=("d1.test",)),
]


async def fill(store: Store) -> list[tuple[Message, tuple[S, S]]]:
    """Newest first, each with the states of its two recipients."""
    made = []
    for number in range(COUNT):
        other = "joe@example.test" if number % 3 else "ann@example.test"
        mail = make_mail("bob@example.test", other, now=NOW + number, author=f"a@d{number % 4}.test")
        message = msgspec.structs.replace(mail.message, tags=(("n", str(number % 2)),) if number % 5 else ())
        states = (S.BOUNCED if number % 2 else S.DELIVERED, S.BOUNCED if number % 7 == 0 else S.DELIVERED)
        recipients = [change(one, state) for one, state in zip(mail.recipients, states, strict=True)]
        contents = {message.content_id: mail.content}
        await store.queue.enqueue_all(Arrival(contents, (message,), recipients, mail.events))
        made.append((message, states))
    return made[::-1]


def fits(message: Message, states: tuple[S, S], wanted: MessageFilter) -> bool:
    name, value = wanted.tag or ("", None)
    return (
        (not wanted.domains or message.author.domain in wanted.domains)
        and (not wanted.states or bool(set(wanted.states) & set(states)))
        and (not wanted.recipient or wanted.recipient in [str(mailbox.address) for mailbox in message.to])
        and (not wanted.tag or any(tag == (name, value or tag[1]) for tag in message.tags))
        and (wanted.since or 0) <= message.accepted_at < (wanted.until or NOW * 2)
    )


async def ids_of(store: Store, wanted: MessageFilter, piece: Piece) -> tuple[list[str], bool, str | None]:
    found = await store.messages.page(wanted, piece, SHOWN, count=False)
    return [line.message.id for line in found.lines], found.has_more, found.cursor


@pytest.mark.parametrize("looked_at", [listing.LOOKED_AT, 10])
async def test_cursors_and_offsets_give_every_message_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)
    made = await fill(store)
    for wanted in FILTERS:
        expected = [message.id for message, states in made if fits(message, states, wanted)]
        assert expected
        got: list[str] = []
        after = None
        for _ in range(COUNT):
            ids, more, after = await ids_of(store, wanted, Piece(7, after=after))
            got += ids
            if not more:
                break
        assert got == expected, wanted
        back: list[str] = []
        before: str | None = ""
        for _ in range(COUNT):
            ids, more, before = await ids_of(store, wanted, Piece(7, before=before))
            back = ids + back
            if not more:
                break
        assert back == expected, wanted
        if looked_at > COUNT:
            pages = [(await ids_of(store, wanted, Piece(7, offset=offset)))[0] for offset in range(0, COUNT, 7)]
            assert list(itertools.chain.from_iterable(pages)) == expected, wanted


async def test_totals_and_last_events(store: Store) -> None:
    made = await fill(store)
    found = await store.messages.page(MessageFilter(states=(S.BOUNCED,)), Piece(5), SHOWN, count=True)
    assert (found.total, found.is_exact) == (sum(S.BOUNCED in states for _, states in made), True)
    assert {line.last for line in found.lines} == {EventType.QUEUED}


@pytest.mark.parametrize("wanted", FILTERS)
async def test_totals_are_exact_or_say_that_they_are_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, wanted: MessageFilter
) -> None:
    made = await fill(store)
    fitting = sum(fits(message, states, wanted) for message, states in made)
    found = await store.messages.page(wanted, Piece(2), SHOWN, count=True)
    assert (found.total, found.is_exact) == (fitting, True)
    monkeypatch.setattr(listing, "LOOKED_AT", 10)
    monkeypatch.setattr(listing, "COUNTED", 5)
    found = await store.messages.page(wanted, Piece(2), SHOWN, count=True)
    assert found.total is not None
    if found.is_exact:
        assert found.total == fitting
    else:
        assert 2 <= found.total <= fitting
        assert found.has_more
