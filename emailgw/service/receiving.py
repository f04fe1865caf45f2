"""How mail comes in by SMTP."""

from emailgw.core.address import Address
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.queue.bounces import BounceLimits, Bounces
from emailgw.queue.bounces import Tools as BounceTools
from emailgw.queue.forwarding import Forwarding
from emailgw.queue.mailboxes import Mailboxes
from emailgw.service.core import Core
from emailgw.smtpd.inbound import Inbound, InboundSettings


def build_inbound(core: Core, return_paths: ReturnPaths) -> Inbound:
    section = core.config.inbound
    settings = InboundSettings(
        section.max_size,
        section.timeout,
        section.max_connections,
        section.max_connections_per_address,
        section.plain_rate,
        section.plain_size,
    )
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
            limits=BounceLimits(section.keep_unparsed, section.keep_unparsed_size),
        )
    )
    unsubscribe_paths = ReturnPaths(core.vault.key_for("return path"), UNSUBSCRIBE)
    mailboxes = Mailboxes(return_paths, unsubscribe_paths, store.directory, tuple(section.plain_addresses), core.clock)
    return Inbound(mailboxes, bounces, settings, core.host_name, core.clock)
