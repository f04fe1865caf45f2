"""How mail goes out: the queue manager with its lanes, and the delivery agents it is given."""

import random

import msgspec

from emailgw.config import Config
from emailgw.core.rehearsal import REHEARSAL
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus
from emailgw.delivery.agent import Agent
from emailgw.delivery.mx import Route
from emailgw.delivery.parking import Parking
from emailgw.delivery.router import Router
from emailgw.delivery.settings import DeliverySettings, Timeouts, TLSLevel
from emailgw.listeners import own_addresses
from emailgw.mime.returnpath import ReturnPaths
from emailgw.queue.lane import LaneSettings, Tools
from emailgw.queue.manager import Manager, ManagerSettings
from emailgw.queue.prepare import Preparer
from emailgw.queue.rehearsal import Rehearsal, RehearsalRoute
from emailgw.queue.sites import FIRST_PAUSE, LONGEST_PAUSE, SiteLimits
from emailgw.queue.withholding import Withholding
from emailgw.service.core import Core


def build_manager(core: Core, preparer: Preparer) -> tuple[Router, Parking, Manager]:
    config = core.config
    settings = delivery_settings(config, core.host_name)
    router = Router(settings)
    parking = Parking(config.delivery.idle_session, settings.timeouts.quit)
    return_paths = ReturnPaths(core.vault.key_for("return path"))
    rehearsal = Rehearsal(str(config.testing.domain), core.store.queue, core.store.history, return_paths, core.clock)

    def open_agent(nexthop: str) -> Rehearsal | Agent:
        if nexthop == REHEARSAL:
            return rehearsal
        return Agent(router, _for_hop(settings, nexthop), nexthop, core.clock, parking=parking)

    async def route(nexthop: str) -> RehearsalRoute | Route | DeliveryStatus:
        return RehearsalRoute() if nexthop == REHEARSAL else await router.route(nexthop)

    queue = config.queue
    policy = RetryPolicy(tuple(map(int, queue.retry)), queue.jitter)
    tools = Tools(
        queue=core.store.queue,
        preparer=preparer,
        open_agent=open_agent,
        clock=core.clock,
        dice=random.random,
        next_lease=lambda: core.serials.take(core.clock())[0],
        mark=core.suppressing.mark,
        notices=core.notices,
        withholding=Withholding(core.store.suppressions),
        settings=LaneSettings(
            claim=queue.claim,
            lease=queue.lease,
            try_timeout=config.delivery.try_timeout,
            idle=config.delivery.idle_session,
            policy=policy,
        ),
    )
    # A site's pause never outlasts the operator's own retry schedule.
    limits = SiteLimits(
        queue.sessions_per_site, min(FIRST_PAUSE, policy.schedule[0]), min(LONGEST_PAUSE, max(policy.schedule))
    )
    return router, parking, Manager(tools, route, ManagerSettings(queue.max_sessions, limits))


def _for_hop(settings: DeliverySettings, nexthop: str) -> DeliverySettings:
    """A rule may send mail on to a host and a port of its own: `[host]:port`."""
    port = nexthop.rpartition("]:")[2] if nexthop.startswith("[") and "]:" in nexthop else ""
    return msgspec.structs.replace(settings, mx_port=int(port)) if port else settings


def delivery_settings(config: Config, host_name: str) -> DeliverySettings:
    """The delivery section and its neighbours, as `delivery` wants them."""
    section = config.delivery
    command = section.command_timeout
    return DeliverySettings(
        ehlo_name=host_name,
        nameservers=tuple(config.dns.nameservers),
        mx_port=section.mx_port,
        allow_networks=tuple(section.allow_networks),
        own_addresses=own_addresses(config.inbound.listen),
        tls=TLSLevel(section.tls),
        try_limit=section.try_timeout,
        max_messages_per_session=section.messages_per_session,
        timeouts=Timeouts(
            dns=config.dns.timeout,
            connect=section.connect_timeout,
            greeting=command,
            ehlo=command,
            mail=command,
            rcpt=command,
            data=min(command, Timeouts().data),
            block=min(command, Timeouts().block),
            dot=2 * command,
        ),
    )
