"""From a next hop to its route: asks DNS, lets `guard` and `mx` decide. Called by the queue manager and by `agent`.

Keeps no cache of its own: the resolver's is the only one, so a route is never older than its records.
"""

import asyncio
import ipaddress
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any, TypeVar

import msgspec

from emailgw.core.guard import Guard, same_address
from emailgw.core.status import DeliveryStatus
from emailgw.core.text import clean_line
from emailgw.delivery import mx
from emailgw.delivery.dns import Exchange, Outcome, Resolver
from emailgw.delivery.mx import Found, Route
from emailgw.delivery.settings import DeliverySettings

T = TypeVar("T")


class Router:
    """One per process, made inside its event loop."""

    def __init__(
        self, settings: DeliverySettings, resolver: Resolver | None = None, random: Random | None = None
    ) -> None:
        self._resolver = resolver or Resolver(settings.nameservers, settings.timeouts.dns)
        self._random = random or Random()
        self._guard = Guard(settings.allow_networks)
        self._own_name = settings.ehlo_name.lower()
        self._own_addresses = frozenset(map(same_address, settings.own_addresses))
        self._ip_versions = settings.ip_versions

    async def route(self, nexthop: str) -> Route | DeliveryStatus:
        """The way to `nexthop` (a domain in A-labels); hosts of equal preference are shuffled at every call."""
        if nexthop.startswith("["):
            return await self._direct(nexthop)
        records = mx.exchanges(nexthop, await self._resolver.mx(nexthop))
        if isinstance(records, DeliveryStatus):
            return records
        ranked = mx.rank(records, self._random)
        found = await _at_once([self._find(record) for record in ranked], len(ranked) == 1)
        return mx.choose(nexthop, ranked, dict(zip((record.host for record in ranked), found, strict=True)))

    async def _direct(self, nexthop: str) -> Route | DeliveryStatus:
        """`[host]` or `[host]:port`: the host itself, whatever its MX records say; a site of its own."""
        host = nexthop[1:].partition("]")[0]
        ranked = (Exchange(0, host),)
        route = mx.choose(host, ranked, {host: self._literal(host) or await self._find(ranked[0])})
        return route if isinstance(route, DeliveryStatus) else msgspec.structs.replace(route, site=nexthop)

    def _literal(self, host: str) -> Found | None:
        """What an IP address leads to; None for a name."""
        try:
            address = str(ipaddress.ip_address(host))
        except ValueError:
            return None
        refusal = self._guard.refusal(address)
        return Found((), (refusal,)) if refusal is not None else Found((address,))

    async def close(self) -> None:
        await self._resolver.close()

    async def _find(self, record: Exchange) -> Found:
        if record.host == self._own_name:
            return Found(is_own=True)
        asked = [self._resolver.addresses(record.host, version) for version in self._ip_versions]
        known = all(self._resolver.knows(record.host, version) for version in self._ip_versions)
        answers = await _at_once(asked, known)
        addresses = [address for answer in answers for address in answer.records]
        if any(same_address(address) in self._own_addresses for address in addresses):
            return Found(is_own=True)
        refusals = {address: self._guard.refusal(address) for address in addresses}
        return Found(
            addresses=tuple(address for address, refusal in refusals.items() if refusal is None),
            refused=tuple(clean_line(f"{record.host} at {refusal}") for refusal in refusals.values() if refusal),
            trouble=next((answer.reason for answer in answers if answer.outcome is Outcome.TROUBLE), ""),
        )


async def _at_once(work: Sequence[Coroutine[Any, Any, T]], is_quick: bool) -> list[T]:
    """Each in a task of its own, which costs as much as looking up what is remembered: in turn where it `is_quick`."""
    return [await one for one in work] if is_quick else await asyncio.gather(*work)
