"""How events are carried to webhook endpoints."""

import contextlib
import random
from collections.abc import Callable

from emailgw.core.webhooks import WebhookPolicy
from emailgw.outhttp import OutHttp
from emailgw.service.core import Core
from emailgw.service.supervision import Supervisor, cancel
from emailgw.webhooks.carrier import Tools
from emailgw.webhooks.carriers import Carriers
from emailgw.webhooks.courtesy import Courtesy

LONGEST_WAIT = 86_400_000  # milliseconds that an endpoint may ask for by Retry-After


async def start_webhooks(
    core: Core, supervisor: Supervisor, stack: contextlib.AsyncExitStack, mail_waits: Callable[[], bool]
) -> None:
    """Until the stack unwinds."""
    section, store = core.config.webhooks, core.store
    await store.deliveries.recover_leases(core.clock())
    policy = WebhookPolicy(
        retry=tuple(map(int, section.retry)),
        jitter=section.jitter,
        longest=LONGEST_WAIT,
        give_up_after=section.lifetime,
        pause_after=section.pause_after,
    )
    tools = Tools(
        events=store.events,
        webhooks=store.webhooks,
        deliveries=store.deliveries,
        http=OutHttp(tuple(section.allow_networks)),
        vault=core.vault,
        clock=core.clock,
        dice=random.random,
        next_lease=lambda: core.serials.take(core.clock())[0],
        policy=policy,
        timeout=section.timeout,
        window=section.concurrency,
        courtesy=Courtesy(mail_waits),
    )
    stack.push_async_callback(cancel, supervisor.start("webhooks", Carriers(tools).run()))
