"""How mail comes in by SMTP."""

import contextlib
import random
import re
import socket

from emailgw.authentication.check import Authenticator
from emailgw.core.address import Address
from emailgw.delivery.lookup import RecordLookup
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.queue.bounces import BounceLimits, Bounces
from emailgw.queue.bounces import Tools as BounceTools
from emailgw.queue.forwarding import Forwarding
from emailgw.queue.mailboxes import Mailboxes
from emailgw.queue.passing import Passing
from emailgw.queue.reception import Reception, ReceptionPolicy
from emailgw.service.core import Core
from emailgw.service.submitting import listen
from emailgw.service.supervision import Supervisor, cancel
from emailgw.smtpd.gate import Care, Gate
from emailgw.smtpd.inbound import MAX_RECIPIENTS, Inbound, InboundSettings
from emailgw.smtpd.protocol import Server
from emailgw.smtpd.terms import Offers
from emailgw.tls import Certificates

LOOKUPS = 10_000  # answers of DNS about received mail that are remembered
ROOM = 10  # messages of the largest size that come in at one time


async def serve_inbound(
    core: Core,
    return_paths: ReturnPaths,
    listeners: list[socket.socket],
    certificates: Certificates | None,
    supervisor: Supervisor,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Serve until the stack unwinds."""
    section = core.config.inbound
    store = core.store
    owner = Address.parse(section.forward_reports_to) if section.forward_reports_to else None
    bounces = Bounces(
        BounceTools(
            queue=store.queue,
            history=store.history,
            reports=store.reports,
            paths=return_paths,
            suppressing=core.suppressing,
            forwarding=Forwarding(store.reports, owner, core.config.queue.lifetime, core.clock, core.serials),
            clock=core.clock,
            serials=core.serials,
            notices=core.notices,
            limits=BounceLimits(section.keep_unparsed, section.keep_unparsed_size),
        )
    )
    unsubscribe_paths = ReturnPaths(core.vault.key_for("return path"), UNSUBSCRIBE)
    mailboxes = Mailboxes(return_paths, unsubscribe_paths, store.directory, tuple(section.plain_addresses), core.clock)
    rates = core.config.receiving
    settings = InboundSettings(section.plain_rate, section.plain_size, rates.client_rate, rates.recipient_rate)
    inbound = Inbound(mailboxes, bounces, _reception(core, stack), settings, core.clock)
    gate = Gate(
        Care(
            timeout=section.timeout,
            max_connections=section.max_connections,
            max_connections_per_address=section.max_connections_per_address,
            greeting_delay=section.greeting_delay,
            min_rate=section.min_rate,
            room=ROOM * section.max_size,
            proxy_networks=tuple(section.proxy_networks),
        )
    )
    offers = Offers(
        host_name=core.host_name,
        max_size=int(section.max_size),
        max_recipients=MAX_RECIPIENTS,
        junk=section.junk_limit,
    )
    tls = certificates.offered if certificates is not None else None
    stack.push_async_callback(cancel, supervisor.start("inbound SMTP", gate.run()))
    await listen({"listen": Server("inbound", offers, gate, inbound.open, tls)}, {"listen": listeners}, stack)
    stack.callback(gate.shut_down)


def _reception(core: Core, stack: contextlib.AsyncExitStack) -> Reception:
    section = core.config.receiving
    policy = ReceptionPolicy(
        host_name=core.host_name,
        spam=re.compile(section.spam_header, re.IGNORECASE) if section.spam_header else None,
        reject_spam=section.spam_action == "reject",
        reject_dmarc=section.dmarc == "reject",
    )
    authenticate = None if section.dmarc == "off" else _authenticator(core, stack).check
    passing = Passing(core.serials, core.config.queue.lifetime)
    store = core.store
    return Reception(
        store.received, store.directory, passing, policy, core.accept.check_space, core.clock, authenticate
    )


def _authenticator(core: Core, stack: contextlib.AsyncExitStack) -> Authenticator:
    """With a resolver of its own: whoever sends here makes it ask, and must not make delivery wait or forget."""
    dns = core.config.dns
    lookup = RecordLookup(tuple(dns.nameservers), dns.timeout, LOOKUPS)
    stack.push_async_callback(lookup.close)
    return Authenticator(lookup, core.config.receiving.authentication_timeout, core.clock, random.random)
