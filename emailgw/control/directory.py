"""Domains and API keys, as the operator adds and shows them."""

import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime

from emailgw.control import requests as ask
from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.core.directory import KEY_PREFIXES, ApiKey, Dialect, DkimAlgorithm, DkimKey, Domain, DomainStatus
from emailgw.core.ids import DomainId, KeyId, uuid7
from emailgw.core.keys import hash_key
from emailgw.errors import NotFound, Rejected
from emailgw.mime.dkim import generate_key, public_record
from emailgw.queue.mailboxes import FEEDBACK
from emailgw.store.directory import Directory
from emailgw.store.reports import Reports
from emailgw.vault import Vault
from emailgw.wire.times import show_iso

_KEY_CHARACTERS = string.ascii_letters + string.digits
_KEY_LENGTH = 48  # 285 random bits, as long as Sendkit's


class DirectoryOperations:
    """`host_name`: what the return paths' MX records must point to: the name of this machine."""

    def __init__(
        self, directory: Directory, reports: Reports, vault: Vault, host_name: str, clock: Callable[[], int]
    ) -> None:
        self._directory = directory
        self._reports = reports
        self._vault = vault
        self._host_name = host_name
        self._clock = clock

    async def add_domain(self, request: ask.AddDomain) -> ask.DomainAnswer:
        """With fresh DKIM keys. Raises Rejected for a bad name, Conflict when the domain exists."""
        now = self._clock()
        domain = Domain(
            DomainId(uuid7(now, secrets.token_bytes(10))), _domain_name(request.name), DomainStatus.VERIFIED, now
        )
        keys = tuple(self._make_key(domain, algorithm, now) for algorithm in DkimAlgorithm)
        await self._directory.add_domain(domain, keys)
        return await self._show(domain, keys)

    async def list_domains(self) -> ask.DomainsAnswer:
        return ask.DomainsAnswer(tuple([await self._show(domain, ()) for domain in await self._directory.domains()]))

    async def show_domain(self, request: ask.ShowDomain) -> ask.DomainAnswer:
        """Raises NotFound."""
        domain = await self._named(request.name)
        return await self._show(domain, await self._directory.dkim_keys(domain, self._clock()))

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

    async def _named(self, name: str) -> Domain:
        domain = await self._directory.domain(_domain_name(name), self._clock())
        if domain is None:
            raise NotFound(f"there is no domain {name!r} here")
        return domain

    async def create_key(self, request: ask.CreateKey) -> ask.KeyAnswer:
        dialect = Dialect(request.dialect)
        text = KEY_PREFIXES[dialect] + "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(_KEY_LENGTH))
        now = self._clock()
        key = ApiKey(
            id=KeyId(uuid7(now, secrets.token_bytes(10))),
            name=request.name,
            hash=hash_key(text),
            hint=text[:9],
            dialect=dialect,
            created_at=now,
        )
        await self._directory.add_api_key(key)
        return _show_key(key, text)

    async def list_keys(self) -> ask.KeysAnswer:
        return ask.KeysAnswer(tuple(_show_key(key) for key in await self._directory.api_keys()))

    async def revoke_key(self, request: ask.RevokeKey) -> ask.KeyAnswer:
        """Raises NotFound or Conflict."""
        return _show_key(await self._directory.revoke_api_key(request.key, self._clock()))

    def _make_key(self, domain: Domain, algorithm: DkimAlgorithm, now: int) -> DkimKey:
        private = generate_key(algorithm)
        kind = "rsa" if algorithm is DkimAlgorithm.RSA else "ed"
        # The month in the selector tells keys apart when they are rotated.
        selector = f"{kind}{datetime.fromtimestamp(now / 1000, UTC):%Y%m}"
        sealed = self._vault.seal(private, f"dkim {selector}")
        return DkimKey(domain.id, selector, algorithm, sealed, public_record(private), now)

    async def _show(self, domain: Domain, keys: tuple[DkimKey, ...]) -> ask.DomainAnswer:
        records = tuple(self._records(domain, keys)) if keys else ()
        return ask.DomainAnswer(
            domain.id,
            domain.name,
            domain.status.value,
            show_iso(domain.created_at),
            records,
            f"{FEEDBACK}@{domain.return_path_host}",
            await self._reports.forward_address(domain.name),
        )

    def _records(self, domain: Domain, keys: tuple[DkimKey, ...]) -> list[ask.Record]:
        records = [ask.Record("DKIM", f"{key.selector}._domainkey.{domain.name}", "TXT", key.record) for key in keys]
        host = domain.return_path_host
        records.append(ask.Record("SPF", host, "TXT", f"v=spf1 a:{self._host_name} -all"))
        records.append(ask.Record("bounces", host, "MX", self._host_name, 10))
        records.append(ask.Record("DMARC", f"_dmarc.{domain.name}", "TXT", "v=DMARC1; p=none"))
        return records


def _domain_name(text: str) -> str:
    try:
        return parse_domain(text)
    except AddressError as error:
        raise Rejected(str(error)) from None


def _show_key(key: ApiKey, text: str | None = None) -> ask.KeyAnswer:
    return ask.KeyAnswer(
        id=key.id,
        name=key.name,
        hint=key.hint,
        dialect=key.dialect.value,
        created_at=show_iso(key.created_at),
        revoked_at=show_iso(key.revoked_at) if key.revoked_at is not None else None,
        key=text,
    )
