"""What the daemon and a CLI without one have in common: the open store and what may be asked of it."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Self

from emailgw.clock import Clock
from emailgw.config import Config
from emailgw.control.directory import DirectoryOperations
from emailgw.control.operations import Operations
from emailgw.control.queue import QueueOperations, Sites
from emailgw.control.receiving import ReceivingOperations
from emailgw.control.suppressions import SuppressionOperations
from emailgw.control.tls import TlsOperations
from emailgw.control.webhooks import WebhookOperations
from emailgw.core.directory import Domain
from emailgw.core.ids import SerialNumbers
from emailgw.delivery.lookup import RecordLookup
from emailgw.errors import ConfigError, EmailgwError
from emailgw.mime.tokens import Tokens
from emailgw.mime.tracking import Links
from emailgw.queue.accept import Accept, AcceptLimits
from emailgw.queue.domains import Domains, DomainSettings
from emailgw.queue.inbox import Rules
from emailgw.queue.keyring import KeyRing
from emailgw.queue.notices import Notices
from emailgw.queue.once import Once
from emailgw.queue.quotas import Quotas
from emailgw.queue.rates import RateLimits
from emailgw.queue.suppression import Suppressing, SuppressionPolicy
from emailgw.queue.templates import TemplateEditor
from emailgw.queue.unsubscribing import Unsubscribing
from emailgw.queue.visits import VisitLog
from emailgw.service.timekeeping import clock_warnings
from emailgw.store.open import DATABASE_FILE, Store, open_store
from emailgw.vault import KEY_FILE, Vault
from emailgw.webhooks.endpoints import Endpoints


class Core:
    """The open store with its operations; close the store when done."""

    def __init__(self, config: Config, store: Store, vault: Vault, clock: Clock, host_name: str) -> None:
        self.config = config
        self.store = store
        self.vault = vault
        self.clock = clock
        self.host_name = host_name
        self.serials = SerialNumbers()
        self.tokens = Tokens({1: vault.key_for("tracking 1")}, 1)
        self.suppressing = Suppressing(store.reports, _suppression_policy(config))
        limits = AcceptLimits(
            config.queue.lifetime,
            config.http.max_body,
            config.queue.min_free_space,
            str(config.testing.domain),
            config.tracking.bulk,
        )
        quotas = Quotas(store.directory, config.limits.recipients_per_day, config.limits.recipients_per_month)
        self.accept = Accept(
            store.queue, store.directory, limits, Path(config.data_dir), clock, self.serials, store.suppressions, quotas
        )
        # What all doors share: one allowance, one memory of what was asked.
        self.keys = KeyRing(store.directory, clock)
        self.rates = RateLimits(config.limits.requests_per_second)
        self.once = Once(store.idempotency, clock)
        self.templates = TemplateEditor(store.templates, clock)

        queue = store.queue
        lifetime = config.queue.lifetime
        self.notices = Notices(queue, store.history, store.directory, clock, self.serials, host_name, lifetime)

        self.visits = VisitLog(store.visits, store.history, clock, config.tracking.hold)
        self.unsubscribing = Unsubscribing(store.visits, store.history, store.suppressions, self.suppressing, clock)

        settings = DomainSettings(host_name, config.domains.check_every, config.domains.retire_after)
        self.domains = Domains(store.directory, vault, settings, clock, self.open_lookup)

        self.tls = TlsOperations(None)
        self.warners: list[Callable[[], list[str]]] = [self.tls.warnings, lambda: clock_warnings(clock)]
        self.rules = Rules(store.received, store.directory, clock)
        networks = tuple(config.webhooks.allow_networks)
        self.endpoints = Endpoints(store.webhooks, store.deliveries, store.events, vault, networks, clock)

    def links_of(self, domain: Domain) -> Links:
        """The tracking and unsubscribe links of its mail."""
        section = self.config.tracking
        return Links(self.tokens, section.base_url.rstrip("/") or f"{section.scheme}://{domain.tracking_host}")

    def warnings(self) -> list[str]:
        """What needs a look before it hurts, for `/healthz`."""
        return [warning for warner in self.warners for warning in warner()]

    def open_lookup(self) -> RecordLookup:
        return RecordLookup(tuple(self.config.dns.nameservers), self.config.dns.timeout)

    @classmethod
    async def open(cls, config: Config, on_failure: Callable[[str], None] | None = None) -> Self:
        """Raises ConfigError, Locked or StoreUnavailable."""
        data_dir = Path(config.data_dir)
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            store = await open_store(data_dir, on_failure)
        except OSError as error:
            raise _unusable(data_dir, error) from None
        try:
            vault = await _open_vault(data_dir, store)
            core = cls(config, store, vault, Clock(), str(config.ehlo_name) or socket.getfqdn())
            core.serials.start_after(await store.history.highest_serial())
            return core
        except BaseException:
            await store.close()
            raise

    def operations(self, sites: Sites | None) -> Operations:
        directory = DirectoryOperations(self.store.directory, self.store.reports, self.domains, self.clock)
        suppressions = SuppressionOperations(self.store.suppressions, self.clock)
        queue = QueueOperations(self.store.queue, self.store.history, self.clock, sites)
        receiving = ReceivingOperations(self.rules)
        webhooks = WebhookOperations(self.endpoints, self.store.deliveries, self.clock)
        return Operations(directory, queue, suppressions, receiving, self.tls, webhooks, self.accept)


async def _open_vault(data_dir: Path, store: Store) -> Vault:
    """A master key that is lost or another's is told of at once, not when mail waits to be signed. Never is a lost one
    replaced: a backup without it would get a key under which every secret stays sealed for good."""
    path = data_dir / KEY_FILE
    sample = await store.directory.any_dkim_key()
    try:
        if sample is not None and not path.exists():
            raise ConfigError(
                f"{path}: missing, and {DATABASE_FILE} holds secrets sealed with it; restore it from a backup"
            )
        vault = Vault.open(data_dir)
    except OSError as error:
        raise _unusable(data_dir, error) from None
    if sample is not None:
        try:
            vault.open_sealed(sample.sealed, f"dkim {sample.selector}")
        except EmailgwError:
            raise ConfigError(
                f"{path}: found another key than the one that sealed the secrets in {DATABASE_FILE}; restore that one"
            ) from None
    return vault


def _unusable(data_dir: Path, error: OSError) -> ConfigError:
    return ConfigError(f"data_dir: {error.filename or data_dir}: {error.strerror}")


def _suppression_policy(config: Config) -> SuppressionPolicy:
    section = config.suppression
    return SuppressionPolicy(
        hard_bounces=section.hard_bounces,
        transient_bounces=section.transient_bounces,
        complaints=section.complaints,
        unsubscribes=section.unsubscribes,
        transient_count=section.transient_count,
        transient_window=section.transient_window,
    )
