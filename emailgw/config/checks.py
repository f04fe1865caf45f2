"""What types cannot say of a configuration: ranges, choices, and what must fit together."""

import re
from pathlib import Path
from typing import Any

import msgspec

from emailgw.config.quantities import Duration
from emailgw.config.sections import Config
from emailgw.core.address import Address, AddressError

_BASE_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}(?:/[A-Za-z0-9._~-]+)*/?")
LONGEST_DATA_DIR = 90  # characters: the path of a Unix socket holds 107


class _Rule(msgspec.Struct, frozen=True):
    low: float
    high: float


_RANGES = {
    "delivery.mx_port": _Rule(1, 65535),
    "delivery.messages_per_session": _Rule(1, 100_000),
    "delivery.connect_timeout": _Rule(100, 10 * 60_000),
    "delivery.command_timeout": _Rule(100, 60 * 60_000),
    "delivery.try_timeout": _Rule(1_000, 24 * 3_600_000),
    "dns.timeout": _Rule(100, 5 * 60_000),
    "domains.check_every": _Rule(100, 30 * 86_400_000),
    "domains.retire_after": _Rule(100, 365 * 86_400_000),
    "tracking.hold": _Rule(0, 60_000),
    "tracking.bulk": _Rule(0, 10_000),
    "limits.requests_per_second": _Rule(0, 1_000_000),
    "limits.recipients_per_day": _Rule(0, 10**12),
    "limits.recipients_per_month": _Rule(0, 10**12),
    "http.body_timeout": _Rule(100, 60 * 60_000),
    "http.max_body": _Rule(1 << 10, 1 << 30),
    "inbound.max_connections": _Rule(1, 100_000),
    "inbound.max_connections_per_address": _Rule(1, 100_000),
    "inbound.max_size": _Rule(64 << 10, 1 << 30),
    "inbound.plain_rate": _Rule(1, 60_000),
    "inbound.plain_size": _Rule(64 << 10, 1 << 30),
    "inbound.keep_unparsed": _Rule(0, 1_000_000),
    "inbound.keep_unparsed_size": _Rule(1 << 10, 1 << 30),
    "inbound.greeting_delay": _Rule(0, 60_000),
    "inbound.junk_limit": _Rule(1, 10_000),
    "inbound.min_rate": _Rule(0, 1 << 20),
    "receiving.keep": _Rule(60_000, 3650 * 86_400_000),
    "receiving.client_rate": _Rule(1, 60_000),
    "receiving.recipient_rate": _Rule(1, 60_000),
    "receiving.authentication_timeout": _Rule(100, 60_000),
    "submission.max_size": _Rule(64 << 10, 1 << 30),
    "submission.max_recipients": _Rule(1, 100_000),
    "submission.max_connections": _Rule(1, 100_000),
    "submission.max_connections_per_address": _Rule(1, 100_000),
    "submission.timeout": _Rule(1_000, 60 * 60_000),
    "submission.greeting_delay": _Rule(0, 60_000),
    "submission.junk_limit": _Rule(1, 10_000),
    "submission.min_rate": _Rule(0, 1 << 20),
    "submission.login_delay": _Rule(0, 60_000),
    "suppression.transient_count": _Rule(2, 1000),
    "suppression.transient_window": _Rule(60_000, 365 * 86_400_000),
    "inbound.timeout": _Rule(1_000, 60 * 60_000),
    "delivery.idle_session": _Rule(0, 5 * 60_000),
    "queue.claim": _Rule(1, 1000),
    "queue.signing_processes": _Rule(-1, 64),
    "queue.lease": _Rule(1_000, 2 * 86_400_000),
    "queue.shutdown_grace": _Rule(0, 10 * 60_000),
    "queue.return_path_lifetime": _Rule(3_600_000, 365 * 86_400_000),
    "queue.min_free_space": _Rule(0, 1 << 50),
    "queue.keep": _Rule(60_000, 3650 * 86_400_000),
    "queue.jitter": _Rule(0, 0.9),
    "queue.lifetime": _Rule(1_000, 30 * 86_400_000),
    "webhooks.jitter": _Rule(0, 0.9),
    "webhooks.lifetime": _Rule(1_000, 30 * 86_400_000),
    "webhooks.timeout": _Rule(100, 60_000),
    "webhooks.concurrency": _Rule(1, 1000),
    "webhooks.pause_after": _Rule(1, 1_000_000),
    "webhooks.keep": _Rule(60_000, 3650 * 86_400_000),
    "queue.max_sessions": _Rule(1, 10_000),
    "queue.sessions_per_site": _Rule(1, 10_000),
}
_CHOICES = {
    "delivery.tls": ("opportunistic", "off"),
    "receiving.spam_action": ("mark", "reject"),
    "receiving.dmarc": ("off", "report", "reject"),
    "tracking.scheme": ("https", "http"),
    "log.level": ("debug", "info", "warning", "error"),
}


def check(config: Config) -> str | None:
    """What is wrong, in words that name the key, what was found and what is expected; None when nothing is."""
    for key, rule in _RANGES.items():
        value = _get(config, key)
        if not rule.low <= value <= rule.high:
            kind = type(value)
            low, high = (kind(rule.low), kind(rule.high)) if kind is not int else (int(rule.low), int(rule.high))
            return f"{key}: found {value}, expected {low} to {high}"
    for key, choices in _CHOICES.items():
        value = _get(config, key)
        if value not in choices:
            return f"{key}: found {value!r}, expected {' or '.join(map(repr, choices))}"
    for section_check in (
        _check_data_dir,
        _check_listeners,
        _check_submission,
        _check_acme,
        _check_receiving,
        _check_addresses,
        _check_tracking,
        _check_times,
    ):
        problem = section_check(config)
        if problem is not None:
            return problem
    return None


def _check_data_dir(config: Config) -> str | None:
    if not config.data_dir:
        return "data_dir: found '', expected a directory"
    if len(str(Path(config.data_dir).absolute())) > LONGEST_DATA_DIR:
        return f"data_dir: found {len(config.data_dir)} characters, expected at most {LONGEST_DATA_DIR}"
    return None


def _check_listeners(config: Config) -> str | None:
    if not config.http.listen and not config.http.listen_tls:
        return "http.listen: found [], expected at least one address"
    if bool(config.tls.certificate) != bool(config.tls.key):
        return "tls.key: expected together with tls.certificate, found only one of them"
    for key, endpoints in (("http", config.http.listen_tls), ("submission", config.submission.listen_tls)):
        if endpoints and not (config.tls.certificate or config.acme.directory):
            return f"{key}.listen_tls: found {str(endpoints[0])!r}, expected tls.certificate or acme.directory with it"
    return None


def _check_submission(config: Config) -> str | None:
    section = config.submission
    if len(section.socket) > LONGEST_DATA_DIR:
        return f"submission.socket: found {len(section.socket)} characters, expected at most {LONGEST_DATA_DIR}"
    return None


def _check_acme(config: Config) -> str | None:
    section = config.acme
    if not section.directory:
        return None
    if not section.directory.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        return f"acme.directory: found {section.directory!r}, expected a URL that begins with https://"
    if config.tls.certificate:
        return "acme.directory: expected without tls.certificate, found both"
    if not section.agree_to_terms:
        return "acme.agree_to_terms: found false, expected true: the server's terms of service must be agreed to"
    if not section.retry:
        return "acme.retry: found [], expected at least one duration"
    return None


def _check_receiving(config: Config) -> str | None:
    try:
        re.compile(config.receiving.spam_header)
    except re.error as error:
        return f"receiving.spam_header: found {config.receiving.spam_header!r}, expected a regular expression ({error})"
    return None


def _check_addresses(config: Config) -> str | None:
    for key, addresses in (
        ("inbound.plain_addresses", config.inbound.plain_addresses),
        ("inbound.forward_reports_to", (config.inbound.forward_reports_to,)),
    ):
        for address in filter(None, addresses):
            try:
                Address.parse(address)
            except AddressError as error:
                return f"{key}: found {address!r}, expected an address such as bounces@example.com ({error})"
    return None


def _check_tracking(config: Config) -> str | None:
    base = config.tracking.base_url
    if base and not _BASE_URL.fullmatch(base):
        return f"tracking.base_url: found {base!r}, expected a URL such as https://links.example.com"
    return None


def _check_times(config: Config) -> str | None:
    for key, waits in (("queue.retry", config.queue.retry), ("webhooks.retry", config.webhooks.retry)):
        if not waits:
            return f"{key}: found [], expected at least one duration"
        if max(waits) > 30 * 86_400_000:
            return f"{key}: found {max(waits)}, expected durations none over 30d"
    if config.queue.lease < config.delivery.try_timeout + 60_000:
        # Guarantee G4: a try must be over before its lease is.
        least = Duration(config.delivery.try_timeout + 60_000)
        return f"queue.lease: found {config.queue.lease}, expected at least {least} (delivery.try_timeout and a minute)"
    return None


def _get(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
