"""Kinds of values of the configuration: durations, sizes, addresses. Each has words for what it expects."""

import ipaddress
import re
from typing import ClassVar, Self

from emailgw.core.address import AddressError, parse_domain


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


class Nameserver(Endpoint):
    """Where a DNS server is asked: an IP address, with its port unless that is 53."""

    expected = 'the IP address of a DNS server, such as "127.0.0.1", "127.0.0.1:5353" or "[::1]:5353"'

    @classmethod
    def parse(cls, text: object) -> "Nameserver":
        try:
            address = ipaddress.ip_address(text.strip("[]")) if isinstance(text, str) else None
        except ValueError:
            address = None
        if address is not None:
            return cls(f"[{address}]:53" if address.version == 6 else f"{address}:53")
        try:
            endpoint = Endpoint.parse(text)
            ipaddress.ip_address(endpoint.host)
        except ValueError:
            raise ValueError(cls.expected) from None
        return cls(endpoint)


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


PARSED = (Duration, Size, Endpoint, Nameserver, Network, HostName)
