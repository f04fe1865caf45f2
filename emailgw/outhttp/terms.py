"""What a request out is asked with and answered by, and which addresses of a host may be dialled."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from emailgw.core.guard import Guard
from emailgw.core.limits import LONGEST_URL
from emailgw.errors import EmailgwError

AGENT = "emailgw"
MAX_HEADER = 16 * 1024  # octets of one line of the answer's header

Resolve = Callable[[str, int], Awaitable[list[str]]]


class OutHttpError(EmailgwError):
    """Why there is no answer, in words for the one who named the URL."""


class Answer(msgspec.Struct, frozen=True):
    """`body` as it came, without any content encoding undone; `content_type` without what is not printable."""

    status: int
    content_type: str
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """What an endpoint said: the beginning of its body, and its Retry-After field."""

    status: int
    retry_after: str
    body: bytes


class Request(msgspec.Struct, frozen=True):
    """`timeout` in milliseconds for all of it, `max_size` in octets of the answer."""

    method: str
    url: str
    timeout: int
    max_size: int
    headers: Mapping[str, str]
    body: bytes | None = None


def trouble_of(text: str) -> str | None:
    """What is wrong with a URL in itself, in words for the one who named it."""
    if len(text) > LONGEST_URL:
        return f"a URL must not be longer than {LONGEST_URL} characters"
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        return "it is not a valid URL"
    if url.scheme not in ("http", "https") or not host:
        return "only URLs that begin with https:// or http:// can be used"
    if url.username is not None or url.password is not None:
        return "a URL must not hold a user name or password"
    return None


class Gatekeeper:
    """Resolves hosts, and lets pass only those all of whose addresses may be dialled."""

    def __init__(self, allow_networks: tuple[str, ...], resolve: Resolve | None = None) -> None:
        self._guard = Guard(allow_networks)
        self._resolve = resolve or _resolve

    async def addresses(self, host: str, port: int) -> list[str]:
        """Raises OutHttpError."""
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            addresses = await self._resolve(host, port)
        if not addresses:
            raise OutHttpError(f"{host} has no address")
        for address in addresses:
            refusal = self.refusal(address)
            if refusal is not None:
                raise OutHttpError(f"{host} must not be reached: {refusal}")
        return addresses

    def refusal(self, address: str) -> str | None:
        """Why an address must not be dialled; None when it may be."""
        return self._guard.refusal(address)


async def _resolve(host: str, port: int) -> list[str]:
    """By the system's own rules."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise OutHttpError(f"{host} cannot be resolved") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
