"""Many POSTs to one URL over connections that are kept open. Used by the webhooks' carriers.

Each new connection resolves the host anew and asks the guard; what it dials are the very addresses that passed. An
answer's status counts once its body has ended, or was longer than anybody wants to read.
"""

import asyncio
import errno
import io
import socket
from collections.abc import Mapping
from contextvars import ContextVar

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from emailgw.core.text import clean_line
from emailgw.outhttp.client import checked_url, in_words, late, open_session, resolved
from emailgw.outhttp.terms import Gatekeeper, OutHttpError, Reply

IDLE = 4  # seconds that a connection waits for its next POST; many servers close theirs after five
OLD = 60  # seconds after which other connections are made: the host's name may lead elsewhere by then
LARGE = 1 << 20  # octets of a body
KEEP = 1000  # octets of an answer that are worth keeping


class _Way:
    """Whether a POST dialled, or went over a connection that had served one before. Tracing tells the same, and costs
    as much as signing does.
    """

    dialled = False


_way: ContextVar[_Way] = ContextVar("way")  # of the POST whose task this is, also in those that dial for it


class _Lines:
    """Connections that were made within one age. `posts`: how many are under way over them."""

    def __init__(self, session: aiohttp.ClientSession, since: float) -> None:
        self.session = session
        self.since = since
        self.posts = 0


class Channel:
    def __init__(self, gatekeeper: Gatekeeper, url: str) -> None:
        """Raises OutHttpError for a URL that is none."""
        self._gatekeeper = gatekeeper
        self._url = checked_url(url)
        self._host = self._url.host or ""
        self._lines = self._open()

    async def post(self, body: bytes, headers: Mapping[str, str], timeout: int) -> Reply:
        """Answered within `timeout` milliseconds. Raises OutHttpError."""
        lines = await self._young_lines()
        lines.posts += 1
        try:
            async with asyncio.timeout(timeout / 1000):
                way = _Way()
                _way.set(way)
                try:
                    return await self._post(lines.session, body, headers)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if way.dialled or not _closed_unanswered(error):
                        raise
                    # The server closed a waiting connection just when we wrote to it, which says nothing of this POST
                    # (RFC 9112 section 9.3.1). Once only, and never after the first octet of an answer.
                    return await self._post(lines.session, body, headers)
        except TimeoutError:
            raise late(self._host, timeout) from None
        except aiohttp.ClientConnectorDNSError as error:
            raise OutHttpError(clean_line(str(error.os_error))) from None
        except aiohttp.ClientConnectorError as error:
            raise OutHttpError(f"{self._host}: {in_words(error.os_error)}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise OutHttpError(f"{self._host}: {in_words(error)}") from None
        finally:
            lines.posts -= 1
            await self._close_unused(lines)

    def _open(self) -> _Lines:
        connector = aiohttp.TCPConnector(
            resolver=_Asking(self._gatekeeper),
            socket_factory=self._socket,
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=IDLE,
        )
        return _Lines(open_session(connector), asyncio.get_running_loop().time())

    async def _young_lines(self) -> _Lines:
        old = self._lines
        if asyncio.get_running_loop().time() - old.since >= OLD:
            self._lines = self._open()
            await self._close_unused(old)
        return self._lines

    async def _close_unused(self, lines: _Lines) -> None:
        if lines is not self._lines and not lines.posts:
            await lines.session.close()

    async def _post(self, session: aiohttp.ClientSession, body: bytes, headers: Mapping[str, str]) -> Reply:
        # A large one in pieces: in one, the client warns of it.
        data = body if len(body) <= LARGE else io.BytesIO(body)
        async with session.post(self._url, headers=headers, data=data, allow_redirects=False) as response:
            received = bytearray()
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) > KEEP:
                    response.close()
                    break
            retry_after = clean_line(response.headers.get("retry-after", ""), 100)
            return Reply(response.status, retry_after, bytes(received[:KEEP]))

    def _socket(self, address: AddrInfoType) -> socket.socket:
        """For the address that is dialled next. The connector asks no resolver about a host that is an address, nor
        about one that only looks like one (2130706433, 127.1), so the guard stands here as well.
        """
        _way.get().dialled = True
        family, kind, protocol, _, (host, *_) = address
        refusal = self._gatekeeper.refusal(str(host))
        if refusal is not None:
            raise OSError(f"must not be reached: {refusal}")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        await self._lines.session.close()


def _closed_unanswered(error: aiohttp.ClientError) -> bool:
    """The connection ended before any octet of an answer was read."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it is the answer that had begun
    return isinstance(error, aiohttp.ClientOSError) and error.errno in (errno.ECONNRESET, errno.EPIPE, None)


class _Asking(AbstractResolver):
    """The gatekeeper as a resolver: its refusal is an OSError here, which the connector hands on."""

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            return resolved(host, port, await self._gatekeeper.addresses(host, port))
        except OutHttpError as error:
            raise OSError(str(error)) from error

    async def close(self) -> None:
        pass
