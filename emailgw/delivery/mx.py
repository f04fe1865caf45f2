"""Which hosts take mail for a next hop, decided from DNS answers: RFC 5321 §5.1, RFC 7505. Pure. Called by `router`.

Permanent is only what the domain itself says: that it does not exist, wants no mail, or leads nowhere. What we could
not find out is temporary (4.4.3) and no fault of the domain.
"""

import hashlib
from collections.abc import Iterable
from random import Random

import msgspec

from emailgw.core.status import DeliveryStatus, LocalCause
from emailgw.delivery.dns import Answer, Exchange, Outcome

MAX_HOSTS = 10
MAX_ADDRESSES_PER_HOST = 5  # so that one host with many dead addresses does not use up a delivery's tries
MAX_SITE = 200  # characters of a site's key


class Host(msgspec.Struct, frozen=True):
    """An MX host and the addresses that may be dialled, in order."""

    name: str
    preference: int
    addresses: tuple[str, ...]


class Route(msgspec.Struct, frozen=True):
    """Where mail for a next hop goes: at least one host with at least one address, in the order to try them.

    `site` names the set of hosts, the same for every next hop that has this set.
    """

    nexthop: str
    site: str
    hosts: tuple[Host, ...]


class Found(msgspec.Struct, frozen=True):
    """What looking up one host came to. `refused`: why addresses it has must not be dialled. `trouble`: DNS failed."""

    addresses: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    trouble: str = ""
    is_own: bool = False


def exchanges(nexthop: str, answer: Answer[Exchange]) -> tuple[Exchange, ...] | DeliveryStatus:
    """The MX records to use, the implicit one included, or why there are none."""
    match answer.outcome:
        case Outcome.TROUBLE:
            return LocalCause.DNS_TROUBLE.status(answer.reason)
        case Outcome.NO_NAME:
            return LocalCause.NO_SUCH_DOMAIN.status(f"the domain {nexthop} does not exist")
        case Outcome.NO_DATA:
            return (Exchange(0, nexthop),)
        case Outcome.FOUND:
            named = tuple(exchange for exchange in answer.records if exchange.host)
            return named or LocalCause.NULL_MX.status(f"the domain {nexthop} accepts no mail (null MX)")


def rank(records: tuple[Exchange, ...], random: Random) -> tuple[Exchange, ...]:
    """In order of preference, equal ones shuffled, each host once at its best, no more than MAX_HOSTS."""
    best: dict[str, int] = {}
    for record in records:
        best[record.host] = min(record.preference, best.get(record.host, record.preference))
    ranked = sorted(best.items(), key=lambda item: (item[1], random.random()))
    return tuple(Exchange(preference, host) for host, preference in ranked[:MAX_HOSTS])


def choose(nexthop: str, ranked: tuple[Exchange, ...], found: dict[str, Found]) -> Route | DeliveryStatus:
    """The route over `ranked`, of which `found` holds every host; or why there is none."""
    # Hosts that are no better than ourselves could only send it back to us.
    own = min((record.preference for record in ranked if found[record.host].is_own), default=None)
    better = [record for record in ranked if own is None or record.preference < own]
    hosts = tuple(
        Host(record.host, record.preference, found[record.host].addresses[:MAX_ADDRESSES_PER_HOST])
        for record in better
        if found[record.host].addresses
    )
    if hosts:
        return Route(nexthop, site_key(record.host for record in better), hosts)
    for record in better:
        if found[record.host].trouble:
            return LocalCause.DNS_TROUBLE.status(found[record.host].trouble)
    if own is not None:
        return LocalCause.LOOP.status(f"mail for {nexthop} loops back to us: we are its best MX host")
    refused = [reason for record in better for reason in found[record.host].refused]
    if refused:
        return LocalCause.NO_USABLE_HOST.status(f"no MX host of {nexthop} has a usable address: {', '.join(refused)}")
    if [record.host for record in better] == [nexthop]:
        # RFC 3463 X.1.2: the system "does not exist or is incapable of accepting mail".
        return LocalCause.NO_SUCH_DOMAIN.status(f"the domain {nexthop} has neither an MX host nor an address")
    names = ", ".join(record.host for record in better)
    return LocalCause.NO_USABLE_HOST.status(f"no MX host of {nexthop} has an address: {names}")


def site_key(names: Iterable[str]) -> str:
    """The sorted host names; a digest in place of the tail of a long list."""
    key = ",".join(sorted(names))
    if len(key) <= MAX_SITE:
        return key
    return f"{key[: MAX_SITE - 17]}~{hashlib.sha256(key.encode()).hexdigest()[:16]}"
