"""What endpoints in another process get: signed as verifiers want it, nothing lost, and each at its own pace."""

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import resend
import standardwebhooks

from emailgw.core.directory import Dialect
from emailgw.core.events import EventType, event_without_message
from emailgw.core.listing import EventFilter
from emailgw.core.webhooks import EndpointStatus
from emailgw.webhooks.carrier import Carrier
from emailgw.webhooks.parcel import LARGEST
from tests.harness.endpoint import Posted, WebhookEndpoint
from tests.harness.node import NodeResend
from tests.queue.world import eventually
from tests.webhooks.world import World, clock, new_secret


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[WebhookEndpoint]:
    with WebhookEndpoint(tmp_path / "ledger") as running:
        yield running


def verify_with_standard(secret: str, posted: Posted, body: bytes) -> None:
    standardwebhooks.Webhook(secret).verify(body, posted.headers)


def verify_with_resend(secret: str, posted: Posted, body: bytes) -> None:
    headers = {name: posted.headers[f"svix-{name}"] for name in ("id", "timestamp", "signature")}
    resend.Webhooks.verify(
        {"payload": body.decode(), "headers": headers, "webhook_secret": secret}  # type: ignore[typeddict-item]
    )


def verify_with_node(secret: str, posted: Posted, body: bytes) -> None:
    """By npm's `resend`."""
    headers = {name: posted.headers[f"svix-{name}"] for name in ("id", "timestamp", "signature")}
    with NodeResend("http://127.0.0.1:9", "re_none") as node:
        assert node.verified(body.decode(), headers, secret) == json.loads(body)


def verify_hex(secret: str, posted: Posted, body: bytes) -> None:
    """As Sendkit's customers do."""
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, posted.headers["x-webhook-signature"]):
        raise ValueError("not signed")


@pytest.mark.parametrize("verify", [verify_with_standard, verify_with_resend, verify_with_node, verify_hex])
@pytest.mark.parametrize("dialect", list(Dialect))
async def test_verifiers_take_it_and_refuse_a_changed_byte(
    tmp_path: Path, endpoint: WebhookEndpoint, verify: object, dialect: Dialect
) -> None:
    assert callable(verify)
    secret = new_secret()
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url(), secret, dialect=dialect)
        await world.happen()
        await world.until(told, "delivered", 1)
    [posted] = endpoint.received()
    assert posted.json["type"] == "email.sent"
    assert posted.headers["content-type"] == "application/json"
    verify(secret, posted, posted.body)
    changed = posted.body.replace(b"email.sent", b"email.sens")
    for wrong_secret, body in ((secret, changed), (new_secret(), posted.body)):
        with pytest.raises(Exception, match=r"."):
            verify(wrong_secret, posted, body)


async def test_both_secrets_sign_while_both_are_valid(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    old, new = new_secret(), new_secret()
    async with World.open(tmp_path) as world:
        sealed = world.vault.seal(old.encode(), "webhook secret")
        told = await world.add(endpoint.url(), new, old_sealed=sealed, old_until=clock() + 60_000)
        over = await world.add(endpoint.url("/over"), new, old_sealed=sealed, old_until=clock() - 1)
        await world.happen()
        await world.until(told, "delivered", 1)
        await world.until(over, "delivered", 1)
    [posted] = [one for one in endpoint.received() if one.path == "/ok"]
    [later] = [one for one in endpoint.received() if one.path == "/over"]
    verify_with_standard(old, posted, posted.body)
    verify_with_standard(new, posted, posted.body)
    verify_with_standard(new, later, later.body)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verify_with_standard(old, later, later.body)


async def test_nothing_is_lost_while_it_is_down(tmp_path: Path) -> None:
    endpoint = WebhookEndpoint(tmp_path / "ledger")
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url())
        events = await world.happen(40)

        async def tried() -> bool:
            return bool(await world.store.deliveries.attempts(told.id, None, 1, 1 << 62))

        await eventually(tried, "it was tried")
        with endpoint:
            await world.until(told, "delivered", 40)
            ids = {posted.id for posted in endpoint.received()}
            assert ids == {f"msg_{told.id.replace('-', '')}_{event}" for event in events}
            endpoint.stop()
            more = await world.happen(10)
            endpoint.start()
            await world.until(told, "delivered", 50)
            assert len({posted.id for posted in endpoint.received()}) == len(events) + len(more)
        assert (await world.store.webhooks.one(told.id)).failures == 0


async def test_connections_are_kept(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url())
        await world.happen(300)
        await world.until(told, "delivered", 300)
    posted = endpoint.received()
    assert len(posted) == 300
    assert len({one.connection for one in posted}) <= world.tools.window


async def test_a_test_is_sent_at_once_when_nothing_else_happens(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    """No reader of the log wakes a carrier for it."""
    async with World.open(tmp_path) as world:
        quiet = await world.add(endpoint.url(), events=("email.bounced",))
        for count in range(1, 4):
            event = event_without_message(clock(), EventType.WEBHOOK_TEST, quiet.id)
            await world.store.deliveries.tell(event, quiet.id, event.type.value)
            await world.until(quiet, "delivered", count)
    assert [posted.json["type"] for posted in endpoint.received()] == ["webhook.test"] * 3


async def test_an_endpoint_that_closes_after_each_answer(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/close"))
        await world.happen(100)
        await world.until(told, "delivered", 100)
    assert len({one.id for one in endpoint.received()}) == 100


async def test_a_dead_endpoint_delays_no_other(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path, timeout=30_000) as world:
        silent = await world.add(endpoint.url("/silent"))
        refusing = await world.add("http://127.0.0.1:9/")
        fast = await world.add(endpoint.url())
        await world.happen(200)
        await world.until(fast, "delivered", 200, timeout=15)
        assert {one.delivery.state for one in await world.listed(silent)} == {"pending"}
        # One connection attempt after the other, not one for each event.
        assert len(await world.store.deliveries.attempts(refusing.id, None, 1000, 1 << 62)) < 20


async def test_gone_disables(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/status/410"))
        await world.happen()

        async def disabled() -> bool:
            return (await world.store.webhooks.one(told.id)).status == "disabled"

        await eventually(disabled, "it is disabled")
        after = await world.store.webhooks.one(told.id)
        assert "410" in after.reason
        last = (await world.store.events.page(EventFilter(), 100, 0, newest_first=False)).told[-1].event
        assert (last.type, last.detail.subject, last.detail.reason) == ("webhook.disabled", told.id, after.reason)
        assert len(endpoint.received()) == 1


async def test_exhaustion_pauses_and_enabling_sends_what_waits(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path, retry=(1, 1), pause_after=3) as world:
        told = await world.add(endpoint.url("/status/500"))
        await world.happen(3)

        async def paused() -> bool:
            return (await world.store.webhooks.one(told.id)).status == "paused"

        await eventually(paused, "it is paused")
        told_of = (await world.store.events.page(EventFilter(), 100, 0, newest_first=False)).told
        [event] = [one.event for one in told_of if one.event.type == "webhook.paused"]
        assert "3 events in a row" in event.detail.reason
        assert (await world.store.webhooks.one(told.id)).reason == event.detail.reason
        tries = Counter(posted.id for posted in endpoint.received())
        assert list(tries.values()) == [3, 3, 3]

        await world.happen(5)  # kept for it
        before = await world.store.webhooks.one(told.id)
        await world.store.webhooks.change(msgspec.structs.replace(before, url=endpoint.url("/ok"), updated_at=clock()))
        back = msgspec.structs.replace(event, type=type(event.type)("webhook.enabled"), at=clock(), id=None)
        await world.store.webhooks.set_status(told.id, before.status, type(before.status)("enabled"), back)
        # Its own pausing and enabling are told, too.
        await world.until(told, "delivered", 7)
        await world.store.deliveries.replay_range(told.id, 0, 1 << 62, True, clock())
        await world.until(told, "delivered", 10)


@pytest.mark.parametrize(
    ("path", "why"),
    [("/redirect", "redirect"), ("/slow/9", r"within 0\.3 seconds"), ("/status/500", "ok"), ("/silent", "within")],
)
async def test_what_is_no_success(tmp_path: Path, endpoint: WebhookEndpoint, path: str, why: str) -> None:
    async with World.open(tmp_path, timeout=300, retry=(1,)) as world:
        told = await world.add(endpoint.url(path))
        await world.happen()
        [failed] = await world.until(told, "failed", 1)
        attempts = await world.store.deliveries.attempts(told.id, None, 10, 1 << 62)
    assert failed.delivery.tries == len(attempts) == 2
    for attempt in attempts:
        assert why.replace("\\", "") in attempt.response
    assert {posted.path for posted in endpoint.received()} == {path}  # the redirect was not followed


async def test_retry_after_is_honoured_and_its_try_is_the_same_id(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/later/1"))
        await world.happen()
        await world.until(told, "delivered", 1)
        second, first = await world.store.deliveries.attempts(told.id, None, 10, 1 << 62)
    assert (first.status, second.status) == (429, 200)
    assert second.at - first.at >= 1_000  # though the schedule says 30 ms
    one, other = endpoint.received()
    assert (one.id, one.body) == (other.id, other.body)
    assert int(other.headers["webhook-timestamp"]) > int(one.headers["webhook-timestamp"])


async def test_an_answer_cut_short_is_none(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/cut"))
        await world.happen()
        await world.until(told, "delivered", 1)
    one, other = endpoint.received()
    assert one.id == other.id


async def test_a_long_answer_is_read_no_further_than_it_matters(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/long"))
        await world.happen()
        [listed] = await world.until(told, "delivered", 1)
        [attempt] = await world.store.deliveries.attempts(told.id, None, 10, 1 << 62)
    assert listed.delivery.tries == 1
    assert 0 < len(attempt.response) <= 300


async def test_what_the_old_url_was_not_told_the_new_one_is_told_at_once(
    tmp_path: Path, endpoint: WebhookEndpoint
) -> None:
    """And not when the leases end of the carrier that served the old one."""
    async with World.open(tmp_path) as world:
        moved = await world.add(endpoint.url("/slow/0.3"))
        ids = set(await world.happen(10))
        await eventually(lambda: len(endpoint.received()) > 0, "the old URL is told of some")
        await world.store.webhooks.change(msgspec.structs.replace(moved, url=endpoint.url("/ok")))
        await world.until(moved, "delivered", len(ids))
    paths = Counter(posted.path for posted in endpoint.received())
    assert paths["/ok"] > 0
    assert paths.total() == len(ids)


async def test_a_large_batch_is_several_that_stay_together(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    """Servers refuse bodies above a megabyte or so; and what was refused comes again under the same ids."""
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/later/0"), batch=100, status=EndpointStatus.PAUSED)
        events = await world.happen(100, headers=tuple((f"X-{number}", "x" * 900) for number in range(20)))
        await world.until(told, "pending", 100)
        event = event_without_message(clock(), EventType.WEBHOOK_ENABLED, told.id)
        await world.store.webhooks.set_status(told.id, EndpointStatus.PAUSED, EndpointStatus.ENABLED, event)
        await world.until(told, "delivered", 101)
    posts: dict[str, list[list[str]]] = {}
    for posted in endpoint.received():
        assert len(posted.body) <= LARGEST
        posts.setdefault(posted.id, []).append([one["id"] for one in posted.json])
    assert len(posts) >= 4
    assert all(first == second for first, second in posts.values())
    told_of = sorted(id for first, _ in posts.values() for id in first)
    assert set(told_of) > {f"evt_{id}" for id in events}
    assert len(told_of) == 101


async def test_a_batch_is_an_array_and_stays_together(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    secret = new_secret()
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url("/later/0"), secret, batch=100)
        events = await world.happen(250)
        await world.until(told, "delivered", 250)
    posts: dict[str, list[list[str]]] = {}
    for posted in endpoint.received():
        verify_with_standard(secret, posted, posted.body)
        posts.setdefault(posted.id, []).append([one["id"] for one in posted.json])
    for first, second in posts.values():
        assert first == second
        assert len(first) <= 100
    assert sorted(id for first, _ in posts.values() for id in first) == sorted(f"evt_{id}" for id in events)


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_that_meets_news_is_not_lost(
    tmp_path: Path, endpoint: WebhookEndpoint, turns: int
) -> None:
    """Or an endpoint that was deleted would be served for ever."""
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url(), status=EndpointStatus.PAUSED)
        carrier = Carrier(told, world.tools)
        task = asyncio.create_task(carrier.run())
        await eventually(lambda: carrier._news._waiters, "it waits")
        carrier.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled()
