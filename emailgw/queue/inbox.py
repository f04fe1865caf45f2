"""The rules that say who wants received mail: made and removed, for the API and the operator alike."""

import secrets
from collections.abc import Callable

import msgspec

from emailgw.core.address import Address
from emailgw.core.directory import Domain
from emailgw.core.ids import uuid7
from emailgw.core.receiving import Rule
from emailgw.errors import NotFound, Rejected
from emailgw.queue.passing import is_host
from emailgw.store.directory import Directory
from emailgw.store.received import ReceivedMail


class Rules:
    def __init__(self, received: ReceivedMail, directory: Directory, clock: Callable[[], int]) -> None:
        self._received = received
        self._directory = directory
        self._clock = clock

    async def all(self, domains: tuple[str, ...] = ()) -> tuple[Rule, ...]:
        """Of these domains, or all."""
        return tuple(rule for rule in await self._received.all_rules() if not domains or rule.domain in domains)

    async def add(self, rule: Rule) -> Rule:
        """With an id. Raises Rejected for a domain that does not receive or a target that leads back here, Conflict
        when the address has a rule.
        """
        now = self._clock()
        domain = await self._directory.domain(rule.domain, now)
        if domain is None or not domain.receiving:
            raise Rejected(f"The domain {rule.domain} is not set to receive.")
        if rule.forward_to and not is_host(rule.forward_to):
            target = Address.parse(rule.forward_to).domain
            if any(_is_at(target, other) for other in await self._directory.domains()):
                raise Rejected(f"Mail to {rule.forward_to} comes back to this gateway: name a mailbox elsewhere.")
        rule = msgspec.structs.replace(rule, id=uuid7(now, secrets.token_bytes(10)), created_at=now)
        await self._received.add_rule(rule)
        return rule

    async def remove(self, id_or_pattern: str, domains: tuple[str, ...] = ()) -> Rule:
        """By id or address. Raises NotFound."""
        rule = await self.one(id_or_pattern, domains)
        await self._received.remove_rule(rule.id)
        return rule

    async def one(self, id_or_pattern: str, domains: tuple[str, ...] = ()) -> Rule:
        """Raises NotFound."""
        for rule in await self.all(domains):
            if id_or_pattern.lower() in (rule.id, rule.pattern):
                return rule
        raise NotFound("Rule not found")


def _is_at(target: str, domain: Domain) -> bool:
    return target == domain.return_path_host or (domain.receiving and target == domain.name)
