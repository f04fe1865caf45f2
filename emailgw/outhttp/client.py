"""One request over a connection of its own, on aiohttp: the one client that lets us name the very address to dial."""

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from emailgw.core.text import clean_line
from emailgw.outhttp.terms import AGENT, MAX_HEADER, Answer, Gatekeeper, OutHttpError, Request, trouble_of

CHUNK = 64 * 1024


async def exchange(gatekeeper: Gatekeeper, request: Request) -> Answer:
    """Raises OutHttpError."""
    url = checked_url(request.url)
    host = url.host or ""
    try:
        async with asyncio.timeout(request.timeout / 1000):
            addresses = await gatekeeper.addresses(host, url.port or 0)
            # A connection kept open would be one whose address was checked for another name.
            connector = aiohttp.TCPConnector(resolver=_Known(addresses), use_dns_cache=False, force_close=True)
            async with open_session(connector) as session:
                return await _answer(session, url, request)
    except TimeoutError:
        raise late(host, request.timeout) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise OutHttpError(f"{host}: {in_words(error)}") from None


async def _answer(session: aiohttp.ClientSession, url: URL, request: Request) -> Answer:
    sent = session.request(request.method, url, headers=request.headers, data=request.body, allow_redirects=False)
    async with sent as response:
        if (response.content_length or 0) > request.max_size:
            raise OutHttpError(f"its {response.content_length} octets are more than {request.max_size}")
        received = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            received += chunk
            if len(received) > request.max_size:
                raise OutHttpError(f"it has more than {request.max_size} octets")
        return Answer(response.status, clean_line(response.headers.get("content-type", "")), bytes(received))


def open_session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    """Without anything that the environment, a cookie or a content encoding could change."""
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        headers={"user-agent": AGENT, "accept-encoding": "identity"},
        timeout=aiohttp.ClientTimeout(),
    )


def resolved(host: str, port: int, addresses: list[str]) -> list[ResolveResult]:
    """Checked addresses, as the connector wants them."""
    return [
        ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )
        for address in addresses
    ]


class _Known(AbstractResolver):
    """The addresses that were checked, and no others."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return resolved(host, port, self._addresses)

    async def close(self) -> None:
        pass


def checked_url(text: str) -> URL:
    """Raises OutHttpError."""
    trouble = trouble_of(text)
    if trouble is not None:
        raise OutHttpError(trouble)
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    # What will be dialled is what this parser reads, should the two ever differ.
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
        raise OutHttpError("it is not a valid URL")
    return url


def late(host: str, timeout: int) -> OutHttpError:
    return OutHttpError(f"{host} did not answer whole within {timeout / 1000:g} seconds")


def in_words(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):  # whose own text begins with a status that nobody sent
        return clean_line(f"its answer is not valid HTTP: {error.message}", 200)
    return clean_line(str(error) or type(error).__name__, 200)
