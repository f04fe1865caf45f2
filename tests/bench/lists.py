"""Lists of a store with very many messages: the slowest page of each kind, in milliseconds, without HTTP."""

import os
import random
import tempfile
import time
from pathlib import Path

import msgspec
import uvloop

from emailgw.core.events import EventType
from emailgw.core.ids import MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.listing import MessageFilter
from emailgw.core.model import RecipientState
from emailgw.store.arriving import Arrival
from emailgw.store.open import Store, open_store
from emailgw.store.paging import Piece
from tests.harness.mail import DAY, NOW, change, event_of, make_mail

S = RecipientState
SHOWN = (EventType.QUEUED, EventType.DELIVERED)
AT_ONCE = 2000
FILTERS = {
    "all": MessageFilter(),
    "delivered": MessageFilter(states=(S.DELIVERED,)),
    "bounced": MessageFilter(states=(S.BOUNCED,)),
    "small domain": MessageFilter(domains=("small.test",)),
    "restricted key": MessageFilter(domains=("small.test", "big.test")),
    "recipient": MessageFilter(recipient="user77@example.test"),
    "tag": MessageFilter(tag=("campaign", "c3")),
    "dates": MessageFilter(since=NOW + DAY, until=NOW + 2 * DAY),
    "tag, delivered": MessageFilter(tag=("campaign", None), states=(S.DELIVERED,)),
    "tag, bounced, domain": MessageFilter(tag=("campaign", None), states=(S.BOUNCED,), domains=("big.test",)),
    "recipient, bounced": MessageFilter(recipient="user77@example.test", states=(S.BOUNCED,)),
    "tag, dates, delivered, domain": MessageFilter(
        tag=("campaign", "c3"), since=NOW + DAY, until=NOW + 8 * DAY, states=(S.DELIVERED,), domains=("big.test",)
    ),
    "delivered, later": MessageFilter(states=(S.DELIVERED,), later_than=NOW + 1000 * DAY),
    # Half of all are tagged, half are of big.test, and none is both: the worst that a filter can ask.
    "nothing fits": MessageFilter(tag=("odd", None), domains=("big.test",)),
}


def lists(count: int) -> dict[str, float]:
    return uvloop.run(_lists(count))


async def _lists(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        store = await open_store(Path(directory))
        try:
            began = time.perf_counter()
            await fill(store, count)
            figures = {"fill us a message": (time.perf_counter() - began) / count * 1e6}
            for name, wanted in FILTERS.items():
                figures[f"{name} ms"], figures[f"{name} CPU"] = await _slowest(store, wanted)
            return figures
        finally:
            await store.close()


async def _slowest(store: Store, wanted: MessageFilter) -> tuple[float, float]:
    """Of the first page, the one after it, the one before that, and one far behind by number: the most time, and the
    most CPU time of all threads, which neighbours on the machine do not change.
    """
    times = []
    cpu = []

    async def look(piece: Piece, counted: bool) -> str | None:
        began, used = time.perf_counter(), time.process_time()
        found = await store.messages.page(wanted, piece, SHOWN, counted)
        times.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
        return found.lines[-1].message.id if found.lines else found.cursor

    await look(Piece(20), True)
    times.clear()  # the first look also reads the file
    cpu.clear()
    last = await look(Piece(20), True)
    after = await look(Piece(100, after=last), False)
    await look(Piece(100, before=after), False)
    await look(Piece(100, offset=9_900), True)
    return max(times), max(cpu)


async def fill(store: Store, count: int) -> None:
    dice = random.Random(1)
    serials = SerialNumbers()
    for start in range(0, count, AT_ONCE):
        mail = make_mail(subject="Hello", now=NOW + start * 1000)
        contents = {mail.message.content_id: mail.content}
        messages, recipients, events = [], [], []
        for number in range(start, min(start + AT_ONCE, count)):
            now = NOW + number * 1000
            odd = number % 2 == 1
            domain = "small.test" if number % 10_000 == 0 else "other.test" if odd else "big.test"
            tags = (("odd", "x"), ("campaign", f"c{number % 7}")) if odd else (("campaign", f"c{number % 7}"),)
            author = msgspec.structs.replace(mail.message.author, domain=domain)
            message = msgspec.structs.replace(
                mail.message,
                id=MessageId(uuid7(now, dice.randbytes(10))),
                author=author,
                tags=tags,
                accepted_at=now,
            )
            state = dice.choices((S.DELIVERED, S.BOUNCED, S.EXPIRED), (96, 3, 1))[0]
            address = msgspec.structs.replace(mail.recipients[0].address, local=f"user{dice.randrange(100_000)}")
            recipient = change(
                msgspec.structs.replace(
                    mail.recipients[0],
                    id=RecipientId(serials.take(now)[0]),
                    message_id=message.id,
                    address=address,
                ),
                state,
            )
            messages.append(message)
            recipients.append(recipient)
            events += [event_of(recipient, EventType.QUEUED, now), event_of(recipient, EventType.DELIVERED, now)]
        await store.queue.enqueue_all(Arrival(contents, messages, recipients, events))
