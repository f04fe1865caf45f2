"""Reports that come to addresses anybody can know: they must find their message themselves, and suppress nothing
unless what they return is signed. Complaints, whose recipient is often blacked out. Wishes to get no more.
"""

import pytest

from emailgw.core.model import Recipient, RecipientState
from emailgw.queue.mailboxes import Mailboxes, Purpose
from tests.harness.mail import DAY, NOW
from tests.queue.reports import bounces_of, delivered, report, state, suppressed, unsubscribe_paths
from tests.queue.world import World

S = RecipientState
ARF = """From: <feedback@provider.test>
Subject: FW: Hello
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="x"

--x
Content-Type: text/plain

This is an email abuse report.

--x
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{more}
--x
Content-Type: message/rfc822

{returned}
From: ann@sender.test
Subject: Hello

Hello.

--x--
"""


def message_id(recipient: Recipient, domain: str = "sender.test") -> str:
    return f"Message-ID: <{recipient.message_id}@{domain}>"


def path_of(world: World, recipient: Recipient, expires_at: int = NOW + DAY) -> str:
    return f"{world.return_paths.local_part(recipient.id, expires_at)}@send.sender.test"


def complaint(returned: str, kind: str = "abuse", more: str = "") -> bytes:
    return ARF.format(kind=kind, returned=returned, more=more).replace("\n", "\r\n").encode()


def with_returned(raw: bytes, field: str) -> bytes:
    """The report, with another field in the header that it returns."""
    return raw.replace(b"Subject: Hello\r\n", field.encode() + b"\r\nSubject: Hello\r\n")


async def test_our_message_id_and_the_address_make_a_bounce_that_suppresses_nothing(world: World) -> None:
    joe = await delivered(world, "joe@example.test", "ann@example.test")
    await bounces_of(world).receive_plain(with_returned(report(), message_id(joe)))
    assert await state(world, joe) == (S.BOUNCED, ["queued", "delivered", "bounced"])
    ann = (await world.store.history.recipients(joe.message_id))[1]
    assert ann.state is S.DELIVERED
    assert await suppressed(world) is None


async def test_a_signed_path_in_the_returned_header_counts_as_signed(world: World) -> None:
    joe = await delivered(world)
    raw = with_returned(report(), f"Return-Path: <{path_of(world, joe)}>")
    await bounces_of(world).receive_plain(raw)
    assert (await state(world, joe))[0] is S.BOUNCED
    assert await suppressed(world) == "bounce"


@pytest.mark.parametrize("change", ["mac", "expired", "foreign"])
async def test_a_path_that_does_not_verify_is_nothing(world: World, change: str) -> None:
    joe = await delivered(world)
    path = path_of(world, joe, NOW - DAY if change == "expired" else NOW + DAY)
    if change == "mac":
        path = path.replace("@", "@x.", 1) if path[41] == "a" else path[:41] + "a" + path[42:]
        path = path[:10] + ("a" if path[10] != "a" else "b") + path[11:]
    elif change == "foreign":
        path = "b-" + "a" * 40 + "@send.sender.test"
    await bounces_of(world).receive_plain(with_returned(report(), f"Return-Path: <{path}>"))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])


async def test_what_does_not_match_changes_nothing(world: World) -> None:
    joe = await delivered(world, "joe@example.test", "ann@example.test")
    bounces = bounces_of(world)
    for raw in (
        report(),  # names no message
        with_returned(report(), message_id(joe, "other.test")),
        with_returned(report(to="someone@else.test"), message_id(joe)),
        with_returned(report(), "Message-ID: <0190a5c4-0000-7000-8000-000000000000@sender.test>"),
        b"From: a@b.test\r\nSubject: hello postmaster\r\n\r\nAre you there?\r\n",
        b"",
        b"\0\xff" * 1000,
    ):
        await bounces.receive_plain(raw)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])
    assert await world.store.reports.count_unparsed(0) == 0


async def test_the_same_report_by_two_ways_counts_once(world: World) -> None:
    joe = await delivered(world)
    raw = with_returned(report("delayed", "4.4.1"), message_id(joe))
    await bounces_of(world).receive(joe.id, raw)
    await bounces_of(world).receive_plain(raw)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "delayed"])


async def test_a_complaint_finds_its_recipient_by_the_signed_path(world: World) -> None:
    joe = await delivered(world, "joe@example.test", "ann@example.test")
    raw = complaint(f"Return-Path: <{path_of(world, joe)}>", more="Original-Rcpt-To: <redacted>")
    for _ in range(2):
        await bounces_of(world).receive_plain(raw)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "complained"])
    event = (await world.store.history.story(joe.message_id)).events[-1]
    assert (event.detail.source.value, event.detail.feedback_type) == ("arf", "abuse")
    assert await suppressed(world) == "complaint"
    assert await suppressed(world, domain="other.test") is None
    assert await suppressed(world, "ann@example.test") is None


async def test_a_complaint_by_message_id_alone_suppresses_nothing(world: World) -> None:
    joe = await delivered(world)
    raw = complaint(message_id(joe))
    await bounces_of(world).receive_plain(raw)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "complained"])
    assert await suppressed(world) is None
    await bounces_of(world).receive(joe.id, raw)
    assert await suppressed(world) == "complaint"

    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "complained"])


@pytest.mark.parametrize("signed_copy", ["the same bytes", "another report"])
async def test_a_signed_bounce_suppresses_after_an_unsigned_one(world: World, signed_copy: str) -> None:
    joe = await delivered(world)
    bounces = bounces_of(world)
    raw = with_returned(report(), message_id(joe))
    await bounces.receive_plain(raw)
    assert await suppressed(world) is None
    signed = raw if signed_copy == "the same bytes" else report(diagnostic="smtp; 550 5.1.1 no such user, really")
    await bounces.receive(joe.id, signed)
    assert await suppressed(world) == "bounce"
    entry = await world.store.suppressions.one("joe@example.test")
    assert entry.cause in signed.decode()
    assert await state(world, joe) == (S.BOUNCED, ["queued", "delivered", "bounced"])


async def test_a_signed_bounce_confirms_an_unsigned_one_only_once(world: World) -> None:
    """Who was taken off the list afterwards does not come back to it by the same report."""
    joe = await delivered(world)
    bounces = bounces_of(world)
    await bounces.receive_plain(with_returned(report(), message_id(joe)))
    await bounces.receive(joe.id, report())
    await world.store.suppressions.remove([await world.store.suppressions.one("joe@example.test")], NOW)
    await bounces.receive(joe.id, report())
    await bounces.receive(joe.id, report(diagnostic="smtp; 550 5.1.1 gone"))
    await bounces.receive_plain(with_returned(report(), message_id(joe)))
    assert await suppressed(world) is None
    assert await state(world, joe) == (S.BOUNCED, ["queued", "delivered", "bounced"])


async def test_an_unsigned_transient_bounce_counts_once_it_is_signed(world: World) -> None:
    full = report(status="5.2.2", diagnostic="smtp; 552 5.2.2 mailbox full")
    for number in range(1, 3):
        joe = await delivered(world)
        bounces = bounces_of(world, transient_count=2)
        await bounces.receive_plain(with_returned(full, message_id(joe)))
        assert await suppressed(world) is None
        for _ in range(2):
            await bounces.receive(joe.id, full)
        assert await suppressed(world) == ("bounce" if number == 2 else None)


async def test_whose_complaint_it_is_among_several_must_be_said(world: World) -> None:
    joe = await delivered(world, "joe@example.test", "ann@example.test")
    await bounces_of(world).receive_plain(complaint(message_id(joe), more="Original-Rcpt-To: <redacted@x>"))
    assert (await state(world, joe))[1] == ["queued", "delivered"]
    await bounces_of(world).receive_plain(complaint(message_id(joe), more="Original-Rcpt-To: <joe@example.test>"))
    assert (await state(world, joe))[1] == ["queued", "delivered", "complained"]


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
async def test_feedback_that_blames_nobody(world: World, kind: str) -> None:
    joe = await delivered(world)
    await bounces_of(world).receive(joe.id, complaint(f"Return-Path: <{path_of(world, joe)}>", kind))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])
    assert await suppressed(world) is None


WISHES = {
    "empty": b"From: joe@example.test\r\nSubject: unsubscribe\r\n\r\n",
    "words": b"From: joe@example.test\r\nSubject: Hi\r\n\r\nPlease stop.\r\n",
    "program": b"From: joe@example.test\r\nSubject: unsubscribe\r\nAuto-Submitted: auto-generated\r\n\r\n\r\n",
}


@pytest.mark.parametrize("wish", WISHES)
async def test_any_mail_to_the_signed_address_unsubscribes(world: World, wish: str) -> None:
    joe = await delivered(world)
    for _ in range(2):
        await bounces_of(world).unsubscribe(joe.id, "joe@example.test", WISHES[wish])
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "unsubscribed"])
    assert await suppressed(world) == "unsubscribe"
    assert await suppressed(world, domain="other.test") is None


@pytest.mark.parametrize("what", ["bounce", "null", "vacation"])
async def test_machines_do_not_unsubscribe(world: World, what: str) -> None:
    joe = await delivered(world)
    vacation = b"From: joe@example.test\r\nAuto-Submitted: auto-replied\r\nSubject: Away: unsubscribe\r\n\r\nGone.\r\n"
    raw = {"bounce": report(), "null": WISHES["words"], "vacation": vacation}[what]
    await bounces_of(world).unsubscribe(joe.id, "" if what == "null" else "joe@example.test", raw)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])
    assert await suppressed(world) is None


async def test_which_addresses_are_ours(world: World) -> None:
    [joe] = (await world.put("joe@example.test")).recipients
    unsubscribe = unsubscribe_paths(world)
    plain = ("Bounces@Sender.test", "bounces@elsewhere.test")
    mailboxes = Mailboxes(world.return_paths, unsubscribe, world.store.directory, plain, lambda: NOW)
    wish = unsubscribe.unsubscribe_header(joe.id, NOW + DAY, "send.sender.test")
    wanted = {
        path_of(world, joe): Purpose.BOUNCE,
        path_of(world, joe).upper(): Purpose.BOUNCE,
        wish.removeprefix("<mailto:").partition("?")[0]: Purpose.UNSUBSCRIBE,
        "postmaster": Purpose.PLAIN,
        "Postmaster@sender.test": Purpose.PLAIN,
        "postmaster@SEND.sender.test": Purpose.PLAIN,
        "feedback@send.sender.test": Purpose.PLAIN,
        "bounces@sender.test": Purpose.PLAIN,
        "feedback@sender.test": None,
        "bounces@elsewhere.test": None,
        "postmaster@elsewhere.test": None,
        "postmaster@send.elsewhere.test": None,
        "postmaster@a.b.sender.test": None,
        "joe@sender.test": None,
        "postmaster@": None,
        "@": None,
        "": None,
        path_of(world, joe).replace("b-", "u-", 1): None,
    }
    for address, purpose in wanted.items():
        found = await mailboxes.find(address)
        assert (found.purpose if found else None) == purpose, address


async def test_an_unread_report_is_kept_once_and_within_bounds(world: World) -> None:
    joe = await delivered(world)
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\n"
    bounces = bounces_of(world, kept_a_day=2, kept_size=100)
    for text in (b"one", b"one", b"two", b"three" + b"x" * 200):
        await bounces.receive(joe.id, head + text)
    assert (await state(world, joe))[1] == ["queued", "delivered", "unparsed", "unparsed"]
    kept = await world.store.history.unparsed(10)
    assert len(kept) == 2
    assert all(item.size <= 100 for item in kept)
    await bounces_of(world, NOW + 2 * DAY, kept_a_day=2).receive(joe.id, head + b"four")
    assert len(await world.store.history.unparsed(10)) == 3
