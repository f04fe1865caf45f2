"""HTTP out, to URLs that customers name: attachments by `path`, webhooks. The address guard stands before every dial.

A name is resolved once, every address it has must pass the guard, and exactly these addresses are dialled, so that a
name which answers differently the second time gains nothing. No redirects, no proxies from the environment, no
cookies; time and size are bounded. Host and SNI stay the name's.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from emailgw.core.guard import Guard
from emailgw.core.text import clean_line
from emailgw.errors import EmailgwError

CHUNK = 64 * 1024
LONGEST_URL = 2_000  # characters
MAX_HEADER = 16 * 1024  # octets of one line of the answer's header
AGENT = "emailgw"

Resolve = Callable[[str, int], Awaitable[list[str]]]


class OutHttpError(EmailgwError):
    """Why there is no answer, in words for the one who named the URL."""


class Answer(msgspec.Struct, frozen=True):
    """`body` as it came, without any content encoding undone; `content_type` without what is not printable."""

    status: int
    content_type: str
    body: bytes


class OutHttp:
    """`allow_networks`: special networks that may be dialled all the same."""

    def __init__(self, allow_networks: tuple[str, ...] = (), resolve: Resolve | None = None) -> None:
        self._guard = Guard(allow_networks)
        self._resolve = resolve or _resolve

    async def request(
        self,
        method: str,
        url: str,
        *,
        timeout: int,
        max_size: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, answered whole within `timeout` milliseconds and `max_size` octets. Raises OutHttpError.

        Any status is an answer, a redirect too.
        """
        parsed = _checked_url(url)
        try:
            async with asyncio.timeout(timeout / 1000):
                addresses = await self._addresses(parsed)
                return await self._exchange(method, parsed, addresses, headers or {}, body, max_size)
        except TimeoutError:
            raise OutHttpError(f"{parsed.host} did not answer whole within {timeout / 1000:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise OutHttpError(f"{parsed.host}: {clean_line(str(error) or type(error).__name__, 200)}") from None

    async def get(self, url: str, *, timeout: int, max_size: int) -> Answer:
        """A document that is there. Raises OutHttpError, also for every status but 200."""
        answer = await self.request("GET", url, timeout=timeout, max_size=max_size)
        if 300 <= answer.status < 400:
            raise OutHttpError(f"it answers with a redirect ({answer.status}), which is not followed")
        if answer.status != 200:
            raise OutHttpError(f"it answers with status {answer.status}")
        return answer

    async def _addresses(self, url: URL) -> list[str]:
        """The addresses of the URL's host, all of which may be dialled."""
        host = url.host or ""
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            addresses = await self._resolve(host, url.port or 0)
        if not addresses:
            raise OutHttpError(f"{host} has no address")
        for address in addresses:
            refusal = self._guard.refusal(address)
            if refusal is not None:
                raise OutHttpError(f"{host} must not be reached: {refusal}")
        return addresses

    async def _exchange(
        self,
        method: str,
        url: URL,
        addresses: list[str],
        headers: Mapping[str, str],
        body: bytes | None,
        max_size: int,
    ) -> Answer:
        # A connection of its own for each request: one kept open is one whose address was checked for another name.
        connector = aiohttp.TCPConnector(resolver=_Known(addresses), use_dns_cache=False, force_close=True)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=MAX_HEADER,
                max_field_size=MAX_HEADER,
                headers={"user-agent": AGENT, "accept-encoding": "identity"},
            ) as session,
            session.request(method, url, headers=headers, data=body, allow_redirects=False) as response,
        ):
            if (response.content_length or 0) > max_size:
                raise OutHttpError(f"its {response.content_length} octets are more than {max_size}")
            received = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                received += chunk
                if len(received) > max_size:
                    raise OutHttpError(f"it has more than {max_size} octets")
            return Answer(response.status, clean_line(response.headers.get("content-type", "")), bytes(received))


class _Known(AbstractResolver):
    """The addresses that were checked, and no others."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


def _checked_url(text: str) -> URL:
    if len(text) > LONGEST_URL:
        raise OutHttpError(f"a URL must not be longer than {LONGEST_URL} characters")
    try:
        url = URL(text)
        host, _ = url.host, url.port
    except ValueError:
        raise OutHttpError("it is not a valid URL") from None
    if url.scheme not in ("http", "https") or not host:
        raise OutHttpError("only URLs that begin with https:// or http:// can be used")
    if url.user is not None or url.password is not None:
        raise OutHttpError("a URL must not hold a user name or password")
    return url


async def _resolve(host: str, port: int) -> list[str]:
    """By the system's own rules."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise OutHttpError(f"{host} cannot be resolved") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
