"""What an operator may decide about delivery; made by `service` from its config section. Times in milliseconds."""

import enum
from ipaddress import ip_network

import msgspec


class TLSLevel(enum.StrEnum):
    """How much TLS a session must have. `REQUIRED` is for next hops whose policy says so (MTA-STS, DANE)."""

    OFF = "off"
    OPPORTUNISTIC = "opportunistic"  # RFC 7435: encrypt when offered, check no certificate, fall back to clear text
    REQUIRED = "required"


class Timeouts(msgspec.Struct, frozen=True):
    """How long to wait for one step; the defaults are the minima of RFC 5321 §4.5.3.2 where it names one."""

    dns: int = 10_000  # one lookup, all servers and tries together
    connect: int = 30_000
    greeting: int = 300_000
    ehlo: int = 300_000
    tls: int = 60_000  # the handshake
    mail: int = 300_000
    rcpt: int = 300_000
    data: int = 120_000  # for the reply to DATA
    block: int = 180_000  # without progress while the message is sent
    dot: int = 600_000  # for the reply to the final dot: giving up early sends the message twice
    rset: int = 20_000
    quit: int = 2_000  # politeness; nobody waits for us


class DeliverySettings(msgspec.Struct, frozen=True):
    """`ehlo_name`: our name on the wire, a host name that resolves to us.

    `nameservers`: `host` or `host:port`, an IPv6 host with a port in brackets; empty means /etc/resolv.conf.
    `ip_versions`: in order of preference; leaving out 6 also saves its lookups. IPv4 comes first because that is the
    address whose reverse name and reputation an operator usually has in order.
    `allow_networks`: private or loopback networks that MX hosts may be in (intranets, tests).
    `own_addresses`: where we ourselves receive mail; an MX host that has one is us (RFC 5321 §5.1).
    `try_limit`: the longest that one try may take; shorter than the lease of the queue (G4).
    """

    ehlo_name: str
    nameservers: tuple[str, ...] = ()
    mx_port: int = 25
    ip_versions: tuple[int, ...] = (4, 6)
    allow_networks: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    tls: TLSLevel = TLSLevel.OPPORTUNISTIC
    try_limit: int = 720_000
    max_messages_per_session: int = 100
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        if not self.ehlo_name.isascii() or not self.ehlo_name.isprintable() or not self.ehlo_name.strip():
            raise ValueError(f"not a host name to greet with: {self.ehlo_name!r}")
        if not self.ip_versions or not set(self.ip_versions) <= {4, 6}:
            raise ValueError(f"ip_versions holds 4, 6 or both, not {self.ip_versions!r}")
        for network in self.allow_networks:
            ip_network(network)
