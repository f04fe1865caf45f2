"""Domains and API keys, as the operator adds and shows them."""

from collections.abc import Callable

import msgspec

from emailgw.control import requests as ask
from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.core.directory import ApiKey, Dialect, Domain, DomainRecord, DomainStatus, KeyMode
from emailgw.errors import NotFound, Rejected
from emailgw.queue.domains import Domains
from emailgw.queue.keys import GRACE, KeyMaker
from emailgw.queue.mailboxes import FEEDBACK
from emailgw.store.directory import Directory
from emailgw.store.reports import Reports
from emailgw.wire.keys import read_expiry, read_permission
from emailgw.wire.times import show_iso


class DirectoryOperations:
    def __init__(self, directory: Directory, reports: Reports, domains: Domains, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._reports = reports
        self._domains = domains
        self._keys = KeyMaker(directory, clock)
        self._clock = clock

    async def add_domain(self, request: ask.AddDomain) -> ask.DomainAnswer:
        """With fresh DKIM keys. Raises Rejected for a bad name, Conflict when the domain exists."""
        status = DomainStatus.PENDING if request.unverified else DomainStatus.VERIFIED
        domain = await self._domains.add(self._domains.blank(_domain_name(request.name), status))
        return await self._show(domain, await self._domains.records(domain))

    async def list_domains(self) -> ask.DomainsAnswer:
        return ask.DomainsAnswer(tuple([await self._show(domain, ()) for domain in await self._directory.domains()]))

    async def show_domain(self, request: ask.ShowDomain) -> ask.DomainAnswer:
        """Raises NotFound."""
        domain = await self._named(request.name)
        return await self._show(domain, await self._domains.records(domain))

    async def verify_domain(self, request: ask.VerifyDomain) -> ask.DomainAnswer:
        """Look its records up now. Raises NotFound."""
        domain = await self._domains.verify(await self._named(request.name))
        return await self._show(domain, await self._domains.records(domain))

    async def rotate_domain(self, request: ask.RotateDomain) -> ask.DomainAnswer:
        """Raises NotFound, or Conflict while the last rotation is not finished."""
        domain = await self._named(request.name)
        await self._domains.rotate(domain)
        return await self._show(domain, await self._domains.records(domain))

    async def delete_domain(self, request: ask.DeleteDomain) -> ask.DomainAnswer:
        """Raises NotFound, or Conflict while mail of it is unfinished."""
        domain = await self._named(request.name)
        await self._domains.remove(domain)
        return await self._show(domain, ())

    async def set_domain(self, request: ask.SetDomain) -> ask.DomainAnswer:
        """Raises NotFound, or Rejected for an address that cannot be forwarded to."""
        domain = await self._named(request.name)
        address = None
        if request.forward_reports_to:
            try:
                address = Address.parse(request.forward_reports_to)
            except AddressError as error:
                raise Rejected(f"{error}") from None
            if address.domain in {other.return_path_host for other in await self._directory.domains()}:
                raise Rejected(f"{address} is this gateway's own; name a mailbox that somebody reads")
        await self._reports.set_forward_address(domain.name, address)
        return await self.show_domain(ask.ShowDomain(domain.name))

    async def receive_domain(self, request: ask.ReceiveDomain) -> ask.DomainAnswer:
        """Raises NotFound."""
        domain = await self._named(request.name)
        await self._domains.change(msgspec.structs.replace(domain, receiving=request.receiving))
        return await self.show_domain(ask.ShowDomain(domain.name))

    async def _named(self, name: str) -> Domain:
        try:
            return await self._directory.domain_named(_domain_name(name))
        except NotFound:
            raise NotFound(f"there is no domain {name!r} here") from None

    async def create_key(self, request: ask.CreateKey) -> ask.KeyAnswer:
        """Raises Rejected."""
        key, token = self._keys.blank(request.name, Dialect(request.dialect))
        key = msgspec.structs.replace(
            key,
            permission=read_permission(request.permission),
            mode=KeyMode(request.mode),
            expires_at=read_expiry(request.expires_at) if request.expires_at else None,
        )
        key = await self._keys.restricted(key, tuple(map(_domain_name, request.domains)))
        await self._keys.add(key)
        return _show_key(key, token)

    async def rotate_key(self, request: ask.RotateKey) -> ask.KeyAnswer:
        """Raises NotFound or Conflict."""
        grace = GRACE if request.grace is None else request.grace
        return _show_key(*await self._keys.rotate(await self._directory.api_key_named(request.key), grace))

    async def list_keys(self) -> ask.KeysAnswer:
        return ask.KeysAnswer(tuple(_show_key(key) for key in await self._directory.api_keys()))

    async def revoke_key(self, request: ask.RevokeKey) -> ask.KeyAnswer:
        """Raises NotFound or Conflict."""
        return _show_key(await self._directory.revoke_api_key(request.key, self._clock()))

    async def _show(self, domain: Domain, records: tuple[DomainRecord, ...]) -> ask.DomainAnswer:
        return ask.DomainAnswer(
            domain.id,
            domain.name,
            domain.status.value,
            show_iso(domain.created_at),
            # The tracking host waits for tracking to exist.
            tuple(_show_record(record) for record in records if record.purpose != "Tracking"),
            f"{FEEDBACK}@{domain.return_path_host}",
            await self._reports.forward_address(domain.name),
            domain.receiving,
        )


def _domain_name(text: str) -> str:
    try:
        return parse_domain(text)
    except AddressError as error:
        raise Rejected(str(error)) from None


def _show_record(record: DomainRecord) -> ask.Record:
    purpose = "bounces" if record.purpose == "MX" else record.purpose
    return ask.Record(
        purpose, record.name, record.type, record.value, record.priority, record.status.value, record.message
    )


def _show_key(key: ApiKey, text: str | None = None) -> ask.KeyAnswer:
    return ask.KeyAnswer(
        id=key.id,
        name=key.name,
        hint=key.hint,
        dialect=key.dialect.value,
        created_at=show_iso(key.created_at),
        revoked_at=show_iso(key.revoked_at) if key.revoked_at is not None else None,
        key=text,
        permission=key.permission.value,
        domains=key.domains,
        mode=key.mode.value,
        expires_at=show_iso(key.expires_at) if key.expires_at is not None else None,
        last_used_at=show_iso(key.last_used_at) if key.last_used_at is not None else None,
    )
