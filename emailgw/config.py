"""The configuration: one TOML file, decoded strictly into typed sections.

Every key has a default, shown in `config.example.toml`. An unknown key, a wrong type or a bad value is one line that
names file, key, what was found and what is expected (ConfigError). A component takes its own section, never the whole.
"""

import difflib
import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Self, get_type_hints

import msgspec

from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.errors import ConfigError


class _Quantity(int):
    """An integer written as text with a unit."""

    expected: ClassVar[str]
    units: ClassVar[dict[str, int]]  # ascending

    @classmethod
    def parse(cls, text: object) -> Self:
        match = re.fullmatch(r"(\d{1,12})\s*([A-Za-z]+)", text) if isinstance(text, str) else None
        if match is None or match[2] not in cls.units:
            raise ValueError(cls.expected)
        return cls(int(match[1]) * cls.units[match[2]])

    def __str__(self) -> str:
        for unit, factor in reversed(self.units.items()):
            if self and self % factor == 0:
                return f"{self // factor}{unit}"
        return f"0{next(iter(self.units))}"


class Duration(_Quantity):
    """Milliseconds; written as `"90s"`, `"5m"`, `"4h"`, `"2d"` or `"500ms"`."""

    expected = 'a duration such as "30s", "5m", "4h" or "2d"'
    units: ClassVar[dict[str, int]] = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Size(_Quantity):
    """Octets; written as `"40MB"`, `"512KB"`, `"1GB"` (powers of 1,024)."""

    expected = 'a size such as "512KB", "40MB" or "1GB"'
    units: ClassVar[dict[str, int]] = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


class Endpoint(str):
    """`host:port` to listen on or to ask; an IPv6 address in brackets. An empty host means every interface."""

    expected = 'an address such as "127.0.0.1:8080", "[::1]:8080" or "0.0.0.0:25"'

    @classmethod
    def parse(cls, text: object) -> "Endpoint":
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]\s]*):(\d{1,5})", text) if isinstance(text, str) else None
        if match is None or int(match[2]) > 65535:
            raise ValueError(cls.expected)
        return cls(text)

    @property
    def host(self) -> str:
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])


class Network(str):
    """An IP network in CIDR form."""

    expected = 'a network such as "10.0.0.0/8" or "fd00::/8"'

    @classmethod
    def parse(cls, text: object) -> "Network":
        try:
            if not isinstance(text, str):
                raise ValueError
            return cls(ipaddress.ip_network(text))
        except ValueError:
            raise ValueError(cls.expected) from None


class HostName(str):
    """A host name in A-labels."""

    expected = 'a host name such as "mail.example.com"'

    @classmethod
    def parse(cls, text: object) -> "HostName":
        try:
            return cls(parse_domain(text) if isinstance(text, str) and text else "")
        except AddressError as error:
            raise ValueError(f"{cls.expected} ({error})") from None


LONGEST_DATA_DIR = 90  # characters: the path of a Unix socket holds 107

_PARSED = (Duration, Size, Endpoint, Network, HostName)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class HttpConfig(_Section, frozen=True):
    listen: tuple[Endpoint, ...] = (Endpoint("127.0.0.1:8080"),)
    max_body: Size = Size(40 << 20)
    body_timeout: Duration = Duration(60_000)
    metrics_networks: tuple[Network, ...] = (Network("127.0.0.0/8"), Network("::1/128"))


class InboundConfig(_Section, frozen=True):
    listen: tuple[Endpoint, ...] = (Endpoint("0.0.0.0:25"),)
    max_size: Size = Size(10 << 20)
    max_connections: int = 200
    max_connections_per_address: int = 20
    timeout: Duration = Duration(5 * 60_000)
    plain_addresses: tuple[str, ...] = ()
    plain_rate: int = 60
    plain_size: Size = Size(1 << 20)
    keep_unparsed: int = 1000
    keep_unparsed_size: Size = Size(256 << 10)
    forward_reports_to: str = ""


class SuppressionConfig(_Section, frozen=True):
    hard_bounces: bool = True
    transient_bounces: bool = True
    complaints: bool = True
    unsubscribes: bool = True
    transient_count: int = 5
    transient_window: Duration = Duration(14 * 86_400_000)


class DnsConfig(_Section, frozen=True):
    nameservers: tuple[Endpoint, ...] = ()
    timeout: Duration = Duration(10_000)


class DeliveryConfig(_Section, frozen=True):
    mx_port: int = 25
    allow_networks: tuple[Network, ...] = ()
    tls: str = "opportunistic"
    connect_timeout: Duration = Duration(30_000)
    command_timeout: Duration = Duration(5 * 60_000)
    try_timeout: Duration = Duration(12 * 60_000)
    messages_per_session: int = 100
    idle_session: Duration = Duration(2_000)


class QueueConfig(_Section, frozen=True):
    retry: tuple[Duration, ...] = tuple(Duration(minutes * 60_000) for minutes in (1, 5, 15, 30, 60, 120, 240))
    jitter: float = 0.2
    lifetime: Duration = Duration(2 * 86_400_000)
    lease: Duration = Duration(15 * 60_000)
    max_sessions: int = 200
    sessions_per_site: int = 20
    claim: int = 10
    shutdown_grace: Duration = Duration(20_000)
    return_path_lifetime: Duration = Duration(14 * 86_400_000)
    min_free_space: Size = Size(100 << 20)
    keep: Duration = Duration(30 * 86_400_000)


class TestingConfig(_Section, frozen=True):
    domain: HostName = HostName("emailgw.test")


class OutboundConfig(_Section, frozen=True):
    allow_networks: tuple[Network, ...] = ()


class LimitsConfig(_Section, frozen=True):
    requests_per_second: int = 0
    recipients_per_day: int = 0
    recipients_per_month: int = 0


class DomainsConfig(_Section, frozen=True):
    check_every: Duration = Duration(6 * 3_600_000)
    retire_after: Duration = Duration(7 * 86_400_000)


class LogConfig(_Section, frozen=True):
    level: str = "info"
    mail: bool = True


class Config(_Section, frozen=True):
    """The whole file. `ehlo_name` empty: the machine's own fully qualified name."""

    data_dir: str = "/var/lib/emailgw"
    ehlo_name: HostName = HostName("")
    http: HttpConfig = HttpConfig()
    inbound: InboundConfig = InboundConfig()
    dns: DnsConfig = DnsConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    queue: QueueConfig = QueueConfig()
    suppression: SuppressionConfig = SuppressionConfig()
    testing: TestingConfig = TestingConfig()
    outbound: OutboundConfig = OutboundConfig()
    limits: LimitsConfig = LimitsConfig()
    domains: DomainsConfig = DomainsConfig()
    log: LogConfig = LogConfig()


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
    "suppression.transient_count": _Rule(2, 1000),
    "suppression.transient_window": _Rule(60_000, 365 * 86_400_000),
    "inbound.timeout": _Rule(1_000, 60 * 60_000),
    "delivery.idle_session": _Rule(0, 5 * 60_000),
    "queue.claim": _Rule(1, 1000),
    "queue.lease": _Rule(1_000, 2 * 86_400_000),
    "queue.shutdown_grace": _Rule(0, 10 * 60_000),
    "queue.return_path_lifetime": _Rule(3_600_000, 365 * 86_400_000),
    "queue.min_free_space": _Rule(0, 1 << 50),
    "queue.keep": _Rule(60_000, 3650 * 86_400_000),
    "queue.jitter": _Rule(0, 0.9),
    "queue.lifetime": _Rule(1_000, 30 * 86_400_000),
    "queue.max_sessions": _Rule(1, 10_000),
    "queue.sessions_per_site": _Rule(1, 10_000),
}
_CHOICES = {
    "delivery.tls": ("opportunistic", "off"),
    "log.level": ("debug", "info", "warning", "error"),
}


def load(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with one line that says what to change."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None
    return decode(data, str(path))


def decode(data: dict[str, Any], file: str) -> Config:
    """Strictly, from parsed TOML; `file` is named in the error. Raises ConfigError."""
    unknown = _unknown_key(data, Config, "")
    if unknown is not None:
        raise ConfigError(f"{file}: {unknown}")
    try:
        config = msgspec.convert(data, Config, dec_hook=_parse)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_explain(str(error), data)}") from None
    problem = _check(config)
    if problem is not None:
        raise ConfigError(f"{file}: {problem}")
    return config


def _parse(kind: type, value: object) -> object:
    if kind in _PARSED:
        return kind.parse(value)
    raise NotImplementedError(kind)


def _unknown_key(data: dict[str, Any], section: type, prefix: str) -> str | None:
    hints = get_type_hints(section)
    for key, value in data.items():
        if key not in hints:
            close = difflib.get_close_matches(key, hints, 1)
            hint = f"; did you mean {prefix}{close[0]}?" if close else f"; known here are {', '.join(hints)}"
            return f"{prefix}{key}: unknown key{hint}"
        kind = hints[key]
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, _Section):
            found = _unknown_key(value, kind, f"{prefix}{key}.")
            if found is not None:
                return found
    return None


def _explain(text: str, data: dict[str, Any]) -> str:
    """`Expected X, got Y - at $.a.b[0]` made into `a.b[0]: found …, expected …`."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    value: Any = data
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            value = None
    expected = re.match(r"Expected `([^`]+)`", message)
    words = {"int": "an integer", "float": "a number", "str": "a string", "bool": "true or false", "array": "a list"}
    wanted = words.get(expected[1], f"a {expected[1]}") if expected else message
    if expected and expected[1] == "object":
        wanted = f"a section [{path}]"
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    return f"{path}: found {shown}, expected {wanted}"


def _check(config: Config) -> str | None:
    """What types cannot say: ranges, choices, and what must fit together."""
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
    if not config.data_dir:
        return "data_dir: found '', expected a directory"
    if len(str(Path(config.data_dir).absolute())) > LONGEST_DATA_DIR:
        return f"data_dir: found {len(config.data_dir)} characters, expected at most {LONGEST_DATA_DIR}"
    if not config.queue.retry:
        return "queue.retry: found [], expected at least one duration"
    longest = max(config.queue.retry)
    if longest > 30 * 86_400_000:
        return f"queue.retry: found {longest}, expected durations none over 30d"
    for nameserver in config.dns.nameservers:
        try:
            ipaddress.ip_address(nameserver.host)
        except ValueError:
            return f"dns.nameservers: found {str(nameserver)!r}, expected an IP address and port such as 127.0.0.1:53"
    for key, addresses in (
        ("inbound.plain_addresses", config.inbound.plain_addresses),
        ("inbound.forward_reports_to", (config.inbound.forward_reports_to,)),
    ):
        for address in filter(None, addresses):
            try:
                Address.parse(address)
            except AddressError as error:
                return f"{key}: found {address!r}, expected an address such as bounces@example.com ({error})"
    if not config.http.listen:
        return "http.listen: found [], expected at least one address"
    if config.queue.lease < config.delivery.try_timeout + 60_000:
        # Guarantee G4: a try must be over before its lease is.
        least = Duration(config.delivery.try_timeout + 60_000)
        return f"queue.lease: found {config.queue.lease}, expected at least {least} (delivery.try_timeout and a minute)"
    return None


def _get(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
