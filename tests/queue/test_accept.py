"""The only door into the queue: what passes is stored whole, what does not leaves nothing behind."""

import os
from pathlib import Path
from typing import Any

import pytest

from emailgw.core.address import Mailbox
from emailgw.core.directory import ApiKey, Dialect, DomainStatus
from emailgw.core.ids import KeyId, MessageId
from emailgw.core.limits import MAX_SCHEDULE
from emailgw.core.model import Attachment, Content, RecipientState, Submission
from emailgw.errors import Rejected, StoreUnavailable
from emailgw.queue.accept import Accept, AcceptLimits
from emailgw.queue.checks import content_size
from tests.harness.mail import DAY, HOUR, NOW
from tests.queue.world import World

KEY = ApiKey(KeyId("k1"), "test", b"", "", Dialect.RESEND, NOW)
LIMITS = AcceptLimits(lifetime=2 * DAY, max_size=10_000, min_free_space=0)


def boxes(*texts: str) -> tuple[Mailbox, ...]:
    return tuple(map(Mailbox.parse, texts))


def submission(
    *to: str,
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
    author: str = "a@sender.test",
    tags: tuple[tuple[str, str], ...] = (),
    send_at: int | None = None,
    **content: Any,
) -> Submission:
    whole = Content(author=Mailbox.parse(author), **{"subject": "Hello", "text": "Hello.", **content})
    return Submission(KEY.id, whole, boxes(*to), boxes(*cc), boxes(*bcc), tags=tags, send_at=send_at)


def door(world: World, limits: AcceptLimits = LIMITS, data_dir: Path | None = None) -> Accept:
    return Accept(
        world.store.queue, world.store.directory, limits, data_dir or world.data_dir, lambda: NOW, world.serials
    )


async def submit(world: World, one: Submission) -> MessageId:
    return await door(world).submit(one, KEY, "test")


async def test_what_is_accepted_is_there_with_its_events(world: World) -> None:
    one = submission("Ann <a@x.test>", cc=("b@y.test",), bcc=("c@z.test",), tags=(("kind", "welcome"),))
    story = await world.store.history.story(await submit(world, one))
    message = story.message
    assert (message.to, message.cc, message.bcc) == (one.to, one.cc, one.bcc)
    assert (message.tags, message.key_id, message.subject) == (one.tags, KEY.id, "Hello")
    assert (message.accepted_at, message.date, message.expires_at) == (NOW, NOW, NOW + 2 * DAY)
    assert [str(recipient.address) for recipient in story.recipients] == ["a@x.test", "b@y.test", "c@z.test"]
    for recipient in story.recipients:
        assert (recipient.state, recipient.due_at, recipient.tries) == (RecipientState.QUEUED, NOW, 0)
        assert recipient.nexthop == recipient.address.domain
    assert [event.type.value for event in story.events] == ["queued"] * 3
    assert await world.store.history.content(message) == one.content


async def test_a_mailbox_named_twice_gets_one_copy(world: World) -> None:
    one = submission("a@x.test", "Ann <a@X.test>", "A@x.test", cc=('"a"@x.test',), bcc=("a@x.test", "b@x.test"))
    recipients = await world.store.history.recipients(await submit(world, one))
    assert [str(recipient.address) for recipient in recipients] == ["a@x.test", "A@x.test", "b@x.test"]


async def test_a_scheduled_message_lives_from_its_time_on(world: World) -> None:
    story = await world.store.history.story(await submit(world, submission("a@x.test", send_at=NOW + HOUR)))
    assert (story.message.accepted_at, story.message.date) == (NOW, NOW + HOUR)
    assert story.message.expires_at == NOW + HOUR + 2 * DAY
    assert story.recipients[0].due_at == NOW + HOUR


async def test_a_time_that_has_passed_means_now(world: World) -> None:
    story = await world.store.history.story(await submit(world, submission("a@x.test", send_at=NOW - HOUR)))
    assert (story.message.date, story.recipients[0].due_at) == (NOW, NOW)


def many(count: int) -> tuple[str, ...]:
    return tuple(f"r{i}@x.test" for i in range(count))


REFUSED: dict[str, tuple[Submission, str]] = {
    "no recipient": (submission(), "`to`"),
    "only bcc": (submission(bcc=("a@x.test",)), "`to`"),
    "too many to": (submission(*many(51)), "51 recipients"),
    "too many cc": (submission("a@x.test", cc=many(51)), "`cc`"),
    "too many bcc": (submission("a@x.test", bcc=many(51)), "`bcc`"),
    "no content": (submission("a@x.test", text=None), "`html` or `text`"),
    "empty content": (submission("a@x.test", text="", html=""), "`html` or `text`"),
    "long subject": (submission("a@x.test", subject="x" * 999), "`subject`"),
    "line break in subject": (submission("a@x.test", subject="x\r\nBcc: b@x.test"), "`subject`"),
    "half a character in subject": (submission("a@x.test", subject="x\ud800"), "`subject`"),
    "bad header name": (submission("a@x.test", headers=(("X Y", "z"),)), "`headers`"),
    "line break in header name": (submission("a@x.test", headers=(("X: y\r\nBcc", "z"),)), "`headers`"),
    "line break in header": (submission("a@x.test", headers=(("X-Y", "z\nBcc: b@x.test"),)), "`headers`"),
    "reserved header": (submission("a@x.test", headers=(("bCC", "b@x.test"),)), "`headers`"),
    "too many headers": (submission("a@x.test", headers=tuple((f"X-{i}", "") for i in range(101))), "`headers`"),
    "empty tag": (submission("a@x.test", tags=(("", "x"),)), "tag"),
    "long tag": (submission("a@x.test", tags=(("x", "y" * 257),)), "tag"),
    "too many tags": (submission("a@x.test", tags=(("x", "y"),) * 76), "`tags`"),
    "bad file name": (submission("a@x.test", attachments=(Attachment("a\nb", b""),)), "`attachments`"),
    "bad content type": (submission("a@x.test", attachments=(Attachment("a", b"", "x/y\nz"),)), "`attachments`"),
    "bad content id": (submission("a@x.test", attachments=(Attachment("a", b"", "x/y", "a b"),)), "`attachments`"),
    "too far ahead": (submission("a@x.test", send_at=NOW + MAX_SCHEDULE + 1), "30 days"),
    "unknown domain": (submission("a@x.test", author="a@other.test"), "other.test"),
    "a subdomain of ours": (submission("a@x.test", author="a@mail.sender.test"), "mail.sender.test"),
    "pending domain": (submission("a@x.test", author="a@pending.test"), "pending.test"),
    "too large": (submission("a@x.test", text="x" * 10_001), "10001 octets"),
    "too large together": (
        submission("a@x.test", html="é" * 4000, attachments=(Attachment("a", b"x" * 2000),)),
        "octets",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_leaves_nothing(world: World, name: str) -> None:
    await world.add_domain("pending.test", DomainStatus.PENDING)
    refused, words = REFUSED[name]
    with pytest.raises(Rejected) as caught:
        await submit(world, refused)
    assert words in str(caught.value)
    assert caught.value.status.is_permanent
    assert await world.store.queue.next_hops() == []
    assert (await world.store.history.count_waiting())[RecipientState.QUEUED] == 0


async def test_the_largest_of_everything_passes(world: World) -> None:
    one = submission(
        *many(50), cc=many(50), bcc=many(50), subject="x" * 998, headers=tuple((f"X-{i}", "y") for i in range(100)),
        tags=(("n" * 256, "v" * 256),) * 75, text="x" * 10_000, send_at=NOW + MAX_SCHEDULE,
    )  # fmt: skip
    assert len(await world.store.history.recipients(await submit(world, one))) == 50


def test_the_size_is_that_of_the_octets() -> None:
    content = Content(Mailbox.parse("a@b.test"), text="é\ud800", html="ab", attachments=(Attachment("x", b"12345"),))
    assert content_size(content) == 3 + 2 + 5
    assert content_size(Content(Mailbox.parse("a@b.test"), raw=b"raw message")) == 11


async def test_a_disk_that_is_almost_full_takes_no_new_mail(world: World) -> None:
    status = os.statvfs(world.data_dir)
    more_than_there_is = AcceptLimits(2 * DAY, 10_000, status.f_frsize * (status.f_blocks + 1))
    with pytest.raises(StoreUnavailable, match="full"):
        await door(world, more_than_there_is).submit(submission("a@x.test"), KEY, "test")
    assert await world.store.queue.next_hops() == []


async def test_a_message_that_would_fill_the_disk_is_refused_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted since the last look counts; one look serves a second, and a content counts once."""
    looked: list[Path] = []
    free = 1_400_000

    def look(path: Path) -> os.statvfs_result:
        looked.append(path)
        return os.statvfs_result((1, 1, free, free, free, 0, 0, 0, 0, 255))

    monkeypatch.setattr(os, "statvfs", look)
    now = [NOW]
    limits = AcceptLimits(2 * DAY, 1_000_000, 500_000)
    accept = Accept(world.store.queue, world.store.directory, limits, world.data_dir, lambda: now[0], world.serials)
    large = submission("a@x.test", text="x" * 200_000)
    await accept.submit(large, KEY, "test")
    await accept.submit(large, KEY, "test")
    with pytest.raises(StoreUnavailable, match="full"):
        await accept.submit(large, KEY, "test")
    await accept.submit(submission("a@x.test"), KEY, "test")  # a small one still has room
    assert len(looked) == 1
    now[0] += 1_000
    await accept.draft([large] * 100, KEY)  # one content of many messages
    assert len(looked) == 2
    for moved in (-DAY, DAY):  # a clock that leaps
        now[0] += moved
        await accept.submit(large, KEY, "test")
    assert len(looked) == 4
