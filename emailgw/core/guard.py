"""Which addresses may be dialled: an allow-rule of our own. Pure.

MX records are written by strangers: one that points to 127.0.0.1 or 169.254.169.254 must not make us talk to ourselves
or to a cloud's metadata service. `ipaddress.is_global` will not do: it is true for multicast and for NAT64 forms of
loopback. Hosts are checked here as addresses, and only the checked address is dialled. IANA special-purpose address
registries, RFC 6890.
"""

import functools
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_Address = IPv4Address | IPv6Address
_REMEMBERED = 4_096  # addresses: thousands of domains lead to the same few

_SPECIAL_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier's NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; what an IPv6-only host sees of the IPv4 Internet
_6TO4 = IPv6Network("2002::/16")


class Guard:
    """The rule with its exceptions: `allow_networks` in CIDR notation."""

    def __init__(self, allow_networks: tuple[str, ...] = ()) -> None:
        self._allowed = tuple(ip_network(network) for network in allow_networks)
        self._judge = functools.lru_cache(_REMEMBERED)(self._refusal)

    def refusal(self, address: str) -> str | None:
        """Why `address` must not be dialled, in words for people, or None when it may be."""
        return self._judge(address)

    def _refusal(self, address: str) -> str | None:
        try:
            parsed = ip_address(address)
        except ValueError:
            return f"{address!r} is not an IP address"
        inner = _embedded(parsed)
        kind = _special(inner)
        if kind is None or any(form in network for network in self._allowed for form in (parsed, inner)):
            return None
        return f"{address} is {kind}"


@functools.lru_cache(_REMEMBERED)
def same_address(address: str) -> str:
    """One spelling for all forms of an address, to compare by; IPv4 for those that only wrap one."""
    return str(_embedded(ip_address(address)))


def _embedded(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 form of it leads to, else the address itself."""
    if isinstance(address, IPv6Address):
        if address in _MAPPED or address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
        if address in _6TO4:
            return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    return address


def _special(address: _Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _SPECIAL_V4 if address in network), None)
    kind = next((kind for network, kind in _SPECIAL_V6 if address in network), None)
    return kind if kind or address in _UNICAST_V6 else "not global unicast"
