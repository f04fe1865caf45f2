"""HTTP connections: Uvicorn's protocol on httptools, with the deadlines and bounds that it lacks. Used by `http`.

A head must come whole in time and in size, an answer must be taken, and a body that nobody wants ends the connection;
what is no HTTP is told so in the API's own words. The application sees requests that are whole or still coming.
RFC 9112; of its traps, both lengths at once, bare LF and odd white space are refused by llhttp itself.
"""

import asyncio
import socket
import ssl
import time
from asyncio.events import TimerHandle
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from emailgw.api.answers import error_response
from emailgw.api.limits import COMPLETE
from emailgw.listeners import BACKLOG

Application = Callable[..., Awaitable[None]]  # ASGI

LONGEST_HEAD = 64 * 1024  # octets
JOINED = 16 * 1024  # octets of a write up to which it may wait for another, or be copied behind one
MOST_LINGERING = 6  # times `Patience.linger` for the rest of a body, while some of it comes each time


class Patience(msgspec.Struct, frozen=True):
    """Seconds: for a head, and before the first one; between two requests; that a client may let a full buffer stand;
    and between the end that we wish for and the one that we make.
    """

    head: float = 30
    idle: int = 75
    write: float = 60
    linger: float = 5


class Connections:
    """All HTTP connections of one application, from `listen` until `close`."""

    def __init__(self, app: Application, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        # Who the client is, a header does not decide: `proxy_headers` would believe it.
        self.config = uvicorn.Config(
            app, http=Connection, ws="none", lifespan="off", proxy_headers=False, access_log=False, log_config=None,
            server_header=False, interface="asgi3", timeout_keep_alive=self.patience.idle,
        )  # fmt: skip
        self.config.load()
        self.state = _State()
        self._servers: list[asyncio.Server] = []

    async def listen(self, listener: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """Serve a bound socket, which is closed with the rest; with `context` in TLS."""
        loop = asyncio.get_running_loop()
        self._servers.append(
            await loop.create_server(lambda: Connection(self), sock=listener, backlog=BACKLOG, ssl=context)
        )

    async def close(self, grace: float) -> None:
        """Take no more requests, wait `grace` seconds for those under way, and end what is left."""
        for server in self._servers:
            server.close()
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(self.state.tasks, timeout=grace)
        for task in self.state.tasks:
            task.cancel()
        for connection in list(self.state.connections):
            if connection.transport is not None:
                connection.transport.abort()


class _State(ServerState):
    """What connections share. The headers that every answer has are read for each request: the date is then its own."""

    def __init__(self) -> None:
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._headers = [(b"date", formatdate(now, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, value: list[tuple[bytes, bytes]]) -> None:
        pass  # the constructor's


class _Outgoing:
    """A transport whose `close` is the connection's to decide. The head of an answer waits for what is written next in
    the same turn of the loop, its body as a rule: two packets cost two system calls, and wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport, connection: "Connection") -> None:
        self._transport = transport
        self._connection = connection
        self._waiting = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if len(data) > JOINED:
            self.flush()
            self._transport.write(data)
        elif self._waiting:
            waiting, self._waiting = self._waiting, b""
            self._transport.write(waiting + data)
        else:
            self._waiting = data
            self._connection.loop.call_soon(self.flush)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, b""
        if waiting and not self._transport.is_closing():
            self._transport.write(waiting)

    def is_closing(self) -> bool:
        return self._connection.is_over or self._transport.is_closing()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        if not self._connection.lingers():
            self._transport.close()


class Connection(HttpToolsProtocol):
    """One client. `_head` counts the octets since its request began, None where no head is under way. `is_over`:
    everything was said, and what still comes is let pass.
    """

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections.config, connections.state, {})
        self._patience = connections.patience
        self._head: int | None = 0
        self._deadline: TimerHandle | None = None
        self._linger: TimerHandle | None = None
        self._write_deadline: TimerHandle | None = None
        self._rest_came = True  # since we last looked
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.transport = _Outgoing(self.transport, self)  # type: ignore[assignment]
        self._deadline = self.loop.call_later(self._patience.head, self.end)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over = True
        super().connection_lost(exc)
        for timer in (self._deadline, self._linger, self._write_deadline):
            if timer is not None:
                timer.cancel()

    def lingers(self) -> bool:
        """Whether the end must wait, because the client is still sending its request. Closing now would be a reset
        that takes the answer away from it: our side ends, and the rest is let pass (RFC 9112 section 9.6).
        """
        cycle = self.cycle
        if self.is_over or cycle is None or not cycle.more_body or not cycle.response_complete:
            return False
        self.is_over = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._linger_on(MOST_LINGERING)
        return True

    def _linger_on(self, times: int) -> None:
        if not (times and self._rest_came):
            self.transport.abort()
            return
        self._rest_came = False
        self._linger = self.loop.call_later(self._patience.linger, self._linger_on, times - 1)

    def data_received(self, data: bytes) -> None:
        self._rest_came = True
        if self.is_over:
            return
        # Some of it may belong to the body before, all of it at most: a bound needs no more precision.
        super().data_received(data)
        if self._head is None:
            return
        self._head += len(data)
        if self._head > LONGEST_HEAD:
            self._refuse(431, "malformed_request", f"The request's head is larger than {LONGEST_HEAD} octets.")
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self._patience.head, self.end)

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:  # what comes behind a chunked body nobody reads, so it may not pile up
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if [name for name, _ in self.headers].count(b"host") != 1 and self.parser.get_http_version() == "1.1":
            raise ValueError("RFC 9112 section 3.2")  # the parser gives up, and the client is refused
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        unread = self.cycle is not None and self.cycle.more_body
        super().on_response_complete()
        if unread and not self.transport.is_closing():
            # Told before its body was read: its rest is let pass, so that the client finds the answer.
            self._linger_on(MOST_LINGERING)

    def on_message_complete(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self.scope[COMPLETE] = True  # type: ignore[literal-required]
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.call_later(self._patience.write, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def timeout_keep_alive_handler(self) -> None:
        self.end()

    def end(self) -> None:
        """Close, and do not wait for a client that takes nothing."""
        if not self.transport.is_closing():
            self.transport.close()
        self._linger = self.loop.call_later(self._patience.linger, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed_request", "The request is not valid HTTP/1.1.")

    def _unsupported_upgrade_warning(self) -> None:
        # Answered as if it had not asked (RFC 9110 section 7.8); what follows is not for this parser.
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _refuse(self, status: int, name: str, message: str) -> None:
        if self.cycle is None or self.cycle.response_complete:
            body = bytes(error_response(name, message).body)
            head = b"content-type: application/json\r\ncontent-length: %d\r\ndate: %s\r\nconnection: close\r\n\r\n" % (
                len(body),
                self.server_state.default_headers[0][1],
            )
            self.transport.write(STATUS_LINE[status] + head + body)
        self.end()
