"""Domains from their first day to their last: added with keys, verified in DNS, rotated, checked again, removed.

The API and the operator's commands call the same methods; `run` checks every domain from time to time. A domain that
was verified keeps sending when its records break: that is told, and undone by the next good check.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from emailgw import metrics
from emailgw.core.directory import (
    DkimAlgorithm,
    DkimKey,
    DkimKeyState,
    Domain,
    DomainRecord,
    DomainStatus,
    RecordStatus,
)
from emailgw.core.dns import Lookup
from emailgw.core.events import Event, EventType, event_without_message
from emailgw.core.ids import DomainId, uuid7
from emailgw.errors import Conflict, NotFound, StoreUnavailable
from emailgw.mime.dkim import generate_key, public_record
from emailgw.queue.domain_check import check_records, expected_records
from emailgw.store.directory import Directory
from emailgw.vault import Vault

log = logging.getLogger("emailgw.queue")

CHECKS_AT_ONCE = 4


class DomainSettings(msgspec.Struct, frozen=True):
    """`host_name`: what return-path MX records must point to, the name of this machine. Times in milliseconds."""

    host_name: str
    check_every: int
    retire_after: int


class Domains:
    def __init__(
        self,
        directory: Directory,
        vault: Vault,
        settings: DomainSettings,
        clock: Callable[[], int],
        open_lookup: Callable[[], Lookup],
    ) -> None:
        self._directory = directory
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._open_lookup = open_lookup

    def blank(self, name: str, status: DomainStatus) -> Domain:
        """A domain (A-labels) that is stored nowhere yet."""
        now = self._clock()
        return Domain(DomainId(uuid7(now, secrets.token_bytes(10))), name, status, now)

    async def add(self, domain: Domain) -> Domain:
        """With fresh DKIM keys, which sign at once only when the domain is verified by somebody's word.

        Raises Conflict when the name is taken.
        """
        state = DkimKeyState.ACTIVE if domain.status is DomainStatus.VERIFIED else DkimKeyState.NEXT
        keys = await self._make_keys(domain, state, frozenset())
        await self._directory.add_domain(domain, keys, _event(EventType.DOMAIN_CREATED, domain, domain.created_at))
        return domain

    async def change(self, domain: Domain) -> None:
        """Write its options. Raises Conflict when it is gone."""
        await self._directory.change_domain(domain, _event(EventType.DOMAIN_UPDATED, domain, self._clock()))

    async def records(self, domain: Domain) -> tuple[DomainRecord, ...]:
        """What its owner is to publish, as it was last seen in DNS."""
        keys = await self._directory.all_dkim_keys(domain)
        return _told(expected_records(domain, keys, self._settings.host_name), keys)

    async def verify(self, domain: Domain) -> Domain:
        """Look all records up now and write what was found. A new domain is verified once DNS shows a DKIM key and the
        return path's MX record: without the one mail is not trusted, without the other no bounce comes home.
        """
        keys = await self._directory.all_dkim_keys(domain)
        lookup = self._open_lookup()
        try:
            found = await check_records(expected_records(domain, keys, self._settings.host_name), lookup)
        finally:
            await lookup.close()
        now = self._clock()
        right = {record.name for record in found if record.status is RecordStatus.VERIFIED}
        shown = tuple(
            key
            for key in keys
            if key.state is DkimKeyState.NEXT and f"{key.selector}._domainkey.{domain.name}" in right
        )
        checked = _concluded(domain, found, now)
        await self._directory.record_check(checked, shown, now, domain, _news(domain, checked, now))
        for key in shown:
            log.info("domain %s: mail is signed with the DKIM key %s from now on", domain.name, key.selector)
        _tell(domain, checked)
        return checked

    async def rotate(self, domain: Domain) -> tuple[DkimKey, ...]:
        """New DKIM keys, which sign once DNS shows their records. Raises Conflict while others wait for that."""
        keys = await self._directory.all_dkim_keys(domain)
        waiting = [key.selector for key in keys if key.state is DkimKeyState.NEXT]
        if waiting:
            raise Conflict(f"the DKIM keys {', '.join(waiting)} are not published yet: publish and verify them first")
        made = await self._make_keys(domain, DkimKeyState.NEXT, frozenset(key.selector for key in keys))
        await self._directory.add_dkim_keys(made)
        return made

    async def remove(self, domain: Domain) -> None:
        """Raises Conflict while mail of it is unfinished: nobody could sign that any more."""
        await self._directory.remove_domain(domain, _event(EventType.DOMAIN_DELETED, domain, self._clock()))

    async def run(self) -> None:
        """Check every domain from time to time, until cancelled."""
        while True:
            # A quarter of jitter, so that many gateways do not ask in step.
            await asyncio.sleep(self._settings.check_every * (0.75 + secrets.randbelow(500) / 1000) / 1000)
            try:
                await self.check_all()
            except StoreUnavailable as error:
                log.error("checking domains: %s", error)

    async def check_all(self) -> None:
        """One round over all domains, a few at a time."""
        slots = asyncio.Semaphore(CHECKS_AT_ONCE)

        async def check(domain: Domain) -> None:
            async with slots:
                try:
                    await self.verify(await self._directory.domain_named(domain.id))
                except NotFound:
                    pass  # removed meanwhile

        await asyncio.gather(*map(check, await self._directory.domains()))
        await self._directory.forget_dkim_keys(self._clock() - self._settings.retire_after)

    async def _make_keys(self, domain: Domain, state: DkimKeyState, taken: frozenset[str]) -> tuple[DkimKey, ...]:
        now = self._clock()
        return tuple(
            [await asyncio.to_thread(self._make_key, domain, kind, state, taken, now) for kind in DkimAlgorithm]
        )

    def _make_key(
        self, domain: Domain, algorithm: DkimAlgorithm, state: DkimKeyState, taken: frozenset[str], now: int
    ) -> DkimKey:
        private = generate_key(algorithm)
        kind = "rsa" if algorithm is DkimAlgorithm.RSA else "ed"
        # The month in the selector tells keys apart when they are rotated.
        month = selector = f"{kind}{datetime.fromtimestamp(now / 1000, UTC):%Y%m}"
        number = 2
        while selector in taken:
            selector = f"{month}-{number}"
            number += 1
        sealed = self._vault.seal(private, f"dkim {selector}")
        return DkimKey(domain.id, selector, algorithm, sealed, public_record(private), now, state)


def _concluded(domain: Domain, found: tuple[DomainRecord, ...], now: int) -> Domain:
    """The domain after a check. Trouble with DNS proves nothing and changes neither its status nor the count."""
    needed = {
        purpose: [record.status for record in found if record.purpose == purpose and record.required]
        for purpose in ("DKIM", "MX")
    }
    good = all(RecordStatus.VERIFIED in statuses for statuses in needed.values())
    unknown = any(RecordStatus.TEMPORARY_FAILURE in statuses for statuses in needed.values())
    status, failures = domain.status, domain.failures
    if good:
        status, failures = DomainStatus.VERIFIED, 0
    elif not unknown and status is DomainStatus.VERIFIED:
        failures += 1
    return msgspec.structs.replace(domain, status=status, failures=failures, checked=found, checked_at=now)


def _event(type: EventType, domain: Domain, at: int, reason: str = "") -> Event:
    """`category` is the domain's status."""
    status = "partially_failed" if domain.is_broken else domain.status.value
    return event_without_message(
        at, type, domain.id, domain.name, reason=reason, category=status, created_at=domain.created_at
    )


def _news(before: Domain, after: Domain, now: int) -> Event | None:
    """What a check changed that somebody wants to know."""
    if after.is_broken and not before.is_broken:
        return _event(EventType.DOMAIN_FAILED, after, now, _wrong(after))
    repaired = before.is_broken and not after.is_broken
    if after.status is DomainStatus.VERIFIED and (repaired or before.status is not DomainStatus.VERIFIED):
        return _event(EventType.DOMAIN_VERIFIED, after, now)
    return None


def _wrong(domain: Domain) -> str:
    return " ".join(record.message for record in domain.checked if record.required and record.message)


def _tell(before: Domain, after: Domain) -> None:
    metrics.domain_checks.labels("broken" if after.failures else after.status.value).inc()
    if after.is_broken and not before.is_broken:
        log.warning("domain %s: its DNS records are broken; it keeps sending. %s", after.name, _wrong(after))
    elif before.is_broken and not after.is_broken:
        log.info("domain %s: its DNS records are right again", after.name)
    elif before.status is not after.status:
        log.info("domain %s: %s", after.name, after.status.value)


def _told(records: tuple[DomainRecord, ...], keys: tuple[DkimKey, ...]) -> tuple[DomainRecord, ...]:
    """What a retired key's record is still there for."""
    retired = {key.selector for key in keys if key.state is DkimKeyState.RETIRED}
    return tuple(
        msgspec.structs.replace(record, message="Signs no more: remove it when it is no longer listed here.")
        if record.purpose == "DKIM" and record.name.partition("._domainkey.")[0] in retired
        else record
        for record in records
    )
