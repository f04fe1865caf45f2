"""CPU milliseconds a message by stage, each in a loop of its own in this process, without network but the sink."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable

import msgspec
import uvloop

from emailgw.clock import Clock
from emailgw.config import Config
from emailgw.control.operations import OPERATOR
from emailgw.control.requests import AddDomain
from emailgw.core.address import Address, Mailbox
from emailgw.core.directory import DkimAlgorithm
from emailgw.core.events import Attempt, Event, EventType
from emailgw.core.model import Content, Envelope, RecipientState, Submission
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus, EnhancedStatus
from emailgw.delivery.agent import Agent
from emailgw.delivery.router import Router
from emailgw.mime.compose import compose
from emailgw.mime.dkim import Signer, generate_key, sign
from emailgw.queue.disposition import conclude, decide
from emailgw.service.core import Core
from emailgw.service.delivering import delivery_settings
from emailgw.store.queue import Claimed
from tests.bench.fill import TEXT
from tests.bench.world import world

COUNT = 2000
CONTENT = Content(Mailbox.parse("Bench <b@sender.test>"), subject="Grüße", text=TEXT, html=f"<p>{TEXT}</p>")
_TOOK = Attempt(DeliveryStatus(EnhancedStatus(2, 0, 0), "mx.test[127.0.0.1] took it: 250 2.0.0 Ok"), 0)


def stages() -> dict[str, float]:
    """Milliseconds of CPU of this process, all threads, a message."""
    with world() as w:
        os.environ.setdefault("PYTHONHASHSEED", "0")
        return uvloop.run(_stages(w.port, w.dns.nameserver))


async def _stages(port: int, nameserver: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        config = msgspec.structs.replace(Config(), data_dir=directory, ehlo_name="gw.test")
        core = await Core.open(config)
        await core.operations(None).run(AddDomain("sender.test"))
        try:
            figures = await _store_stages(core)
        finally:
            await core.store.close()
        figures |= _mime_stages()
        figures["send"] = await _send_stage(config, port, nameserver)
        return figures


async def _store_stages(core: Core) -> dict[str, float]:
    numbers = iter(range(COUNT))

    async def submit() -> None:
        for number in numbers:
            submission = Submission(OPERATOR.id, CONTENT, (Mailbox.parse(f"u{number}@d.test"),))
            await core.accept.submit(submission, OPERATOR, "bench")

    accept = await _timed(lambda: asyncio.gather(*(submit() for _ in range(50))))
    claimed: list[Claimed] = []
    now = core.clock()

    async def claim() -> None:
        for lease in core.serials.take(now, COUNT):
            found = await core.store.queue.claim("d.test", now + 10_000, now + 900_000, lease, 10)
            claimed.extend(item for item in found.items if isinstance(item, Claimed))
            if not found.leaves_some(now + 10_000):
                return

    claiming = await _timed(claim)
    waiting = iter(claimed)
    policy = RetryPolicy((60_000,))

    async def settle() -> None:
        for item in waiting:
            disposition = decide(item.recipient, _TOOK.status, now, policy, 0.5)
            assert disposition.state is RecipientState.DELIVERED
            after, event = conclude(item.recipient, _TOOK, disposition, now)
            assert isinstance(event, Event)
            assert event.type is EventType.DELIVERED
            await core.store.queue.settle(after, event, item.recipient.lease or 0)

    return {
        "accept": accept,
        "claim": claiming,
        "settle": await _timed(lambda: asyncio.gather(*(settle() for _ in range(20)))),
    }


def _mime_stages() -> dict[str, float]:
    from tests.bench.sample import MESSAGE

    composed = compose(CONTENT, MESSAGE)
    rsa = Signer("sender.test", "rsa", generate_key(DkimAlgorithm.RSA))
    ed = Signer("sender.test", "ed", generate_key(DkimAlgorithm.ED25519))
    return {
        "compose": _loop(lambda: compose(CONTENT, MESSAGE)),
        "sign RSA-2048": _loop(lambda: sign(composed, (rsa,), 0)),
        "sign Ed25519": _loop(lambda: sign(composed, (ed,), 0)),
        "sign both": _loop(lambda: sign(composed, (rsa, ed), 0)),
    }


async def _send_stage(config: Config, port: int, nameserver: str) -> float:
    settings = msgspec.structs.replace(
        delivery_settings(config, "gw.test"),
        mx_port=port,
        nameservers=(nameserver,),
        allow_networks=("127.0.0.0/8",),
        max_messages_per_session=COUNT,
    )
    from tests.bench.sample import MESSAGE

    router = Router(settings)
    clock = Clock()
    data = compose(CONTENT, MESSAGE)

    async def lane() -> None:
        agent = Agent(router, settings, "rcpt.test", clock)
        for number in range(COUNT // 10):
            attempt = await agent.deliver(
                Envelope("b@sender.test", Address(f"u{number}", "rcpt.test"), data), clock() + 60_000
            )
            assert attempt.status.status.is_success, attempt
        await agent.close()

    took = await _timed(lambda: asyncio.gather(*(lane() for _ in range(10))))
    await router.close()
    return took


async def _timed(work: Callable[[], "asyncio.Future[object] | object"]) -> float:
    before = time.process_time()
    await work()  # type: ignore[misc]
    return (time.process_time() - before) / COUNT * 1000


def _loop(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(COUNT):
        work()
    return (time.process_time() - before) / COUNT * 1000
