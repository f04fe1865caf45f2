"""One SMTP connection on asyncio: octets to and from a `Dialog`, its questions to a door, TLS, and an end to patience.

Both listeners serve with it. No task runs while a client is silent; the gate looks at every connection once a second.
Our own faults are answered 451 4.3.0 with a number that finds them in the log, never with an exception's text.
"""

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable
from typing import cast

from emailgw import metrics
from emailgw.errors import StoreUnavailable
from emailgw.smtpd.dialog import Dialog
from emailgw.smtpd.gate import GRACE, Gate
from emailgw.smtpd.proxy import ProxyError, read_header
from emailgw.smtpd.terms import Client, Offers, Question, Signal, Visitor

log = logging.getLogger("emailgw.smtpd")

LATER = "451 4.3.0 Temporary local problem, try again later"
SHUTTING_DOWN = "421 4.3.2 The service is shutting down"
MOST_WAITING = 256 * 1024  # octets that are read ahead of the dialog
MOST_IN_A_TURN = 512 * 1024  # octets that are read before other connections have their turn
READS = 32  # that libuv makes before it looks at another connection
HANDSHAKE = 30.0  # seconds


class Server:
    """What connections of one listening address have in common. `tls` gives the context for a new handshake, None
    without certificate; `implicit_tls`: the connection begins with it; `only_trusted`: for nobody else.
    """

    def __init__(
        self,
        name: str,
        offers: Offers,
        gate: Gate,
        open_visitor: Callable[[Client], Visitor],
        tls: Callable[[], ssl.SSLContext | None] | None,
        *,
        implicit_tls: bool = False,
        only_trusted: bool = False,
    ) -> None:
        self.name = name
        self.offers = offers
        self.gate = gate
        self.open_visitor = open_visitor
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.only_trusted = only_trusted

    def protocol(self) -> "Connection":
        """For `loop.create_server`."""
        return Connection(self)


class Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._gate = server.gate
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._client = Client("")
        self._dialog: Dialog | None = None
        self._visitor: Visitor | None = None
        self._task: asyncio.Task[None] | None = None
        self._header: bytes | None = None  # of the PROXY protocol, as far as it has come
        self._early = b""  # what came behind that header
        self._greeting: asyncio.TimerHandle | None = None
        self._cutting: asyncio.TimerHandle | None = None
        self._is_last = False  # nothing comes any more
        self._admitted = False
        self._can_write = True
        self._paused = False
        self._turn = 0  # octets that came since the loop last looked at others
        self._since = self._loop.time()  # of the last progress
        self._commands = 0
        self._body_since: float | None = None

    def received(self) -> int:
        """Octets of the message that is coming in."""
        return self._dialog.body.size if self._dialog is not None and self._dialog.body is not None else 0

    # From the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from asyncio's
        peer = transport.get_extra_info("peername")
        self._client.address = str(peer[0]) if isinstance(peer, tuple) else ""
        metrics.smtp_connections.labels(self._server.name).inc()
        if not self._gate.arrive(self):
            self._end("421 4.7.0 Too many connections, try again later")
        elif self._gate.is_proxy(self._client.address):
            self._header = b""
        else:
            self._admit()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        metrics.smtp_connections.labels(self._server.name).dec()
        self._gate.leave(self)
        if self._admitted:
            self._gate.dismiss(self._client.address)
        for timer in (self._greeting, self._cutting):
            if timer is not None:
                timer.cancel()
        if self._dialog is not None:
            self._dialog.abandon()

    def eof_received(self) -> bool:
        """What was asked before is still answered, but within TLS, where that cannot be."""
        self._is_last = True
        if self._client.secure or self._dialog is None:
            return False
        self._go_on()
        return True

    def pause_writing(self) -> None:
        self._can_write = False

    def resume_writing(self) -> None:
        self._can_write = True
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if not data:
            return
        if self._header is not None:
            self._read_header(self._header + data)
        elif self._dialog is None or self._transport is None:
            if self._greeting is not None:
                self._end("554 5.5.1 A client must wait for the greeting")
            elif len(self._early) <= MOST_WAITING:
                self._early += data  # within TLS, whose end nobody has told us of yet
        else:
            self._dialog.receive(data)
            if self._dialog.waiting > MOST_WAITING:
                self._pause(True)
            self._go_on()
            if len(data) > MOST_IN_A_TURN // READS:
                self._take_turns(len(data))

    def _take_turns(self, octets: int) -> None:
        """Who sends fast shall not have the loop for himself: 32 reads are 8 MB."""
        if not self._turn:
            self._loop.call_soon(self._end_turn)
        self._turn += octets
        if self._turn > MOST_IN_A_TURN and self._transport is not None and not self._paused:
            self._transport.pause_reading()

    def _end_turn(self) -> None:
        was, self._turn = self._turn, 0
        if was > MOST_IN_A_TURN and self._transport is not None and not self._paused:
            self._transport.resume_reading()

    # The beginning.

    def _read_header(self, data: bytes) -> None:
        try:
            found = read_header(data)
        except ProxyError as error:
            log.warning("connection from the proxy %s: %s", self._client, error)
            self._header = None
            self._abort()
            return
        self._header = data
        if found is None:
            return
        address, length = found
        self._header = None
        self._client.address = address or self._client.address
        if self._transport is not None:
            self._early = data[length:]
            self._admit()
            if self._early and not self._server.implicit_tls:
                early, self._early = self._early, b""
                self.data_received(early)

    def _admit(self) -> None:
        self._admitted = True
        self._client.trusted = not self._client.address or self._gate.is_trusted(self._client.address)
        if not self._gate.admit(self._client.address):
            self._end("421 4.7.0 Too many connections from your address, try again later")
        elif self._server.only_trusted and not self._client.trusted:
            self._end("554 5.7.1 This address is only for trusted networks")
        elif self._server.implicit_tls:
            self._pause(True)  # what comes now is for TLS
            self._task = self._loop.create_task(self._begin_with_tls())
        elif self._gate.care.greeting_delay and not self._client.trusted:
            self._greeting = self._loop.call_later(self._gate.care.greeting_delay / 1000, self._greet)
        else:
            self._greet()

    def _greet(self) -> None:
        self._greeting = None
        self._visitor = self._server.open_visitor(self._client)
        self._dialog = Dialog(
            self._server.offers,
            self._gate.take,
            secure=self._client.secure,
            may_start_tls=self._server.tls is not None and self._server.tls() is not None,
            trusted=self._client.trusted,
            known=self._visitor.is_known,
        )
        self._since = self._loop.time()
        self._write(f"220 {self._server.offers.host_name} ESMTP emailgw\r\n".encode())

    async def _begin_with_tls(self) -> None:
        if await self._start_tls():
            self._paused = False
            self._greet()
        self._task = None
        early, self._early = self._early, b""
        self.data_received(early)

    async def _feed_early(self, transport: asyncio.Transport) -> None:
        """What a proxy sent behind its header in the same packet belongs to the handshake."""
        early, self._early = self._early, b""
        # One turn until the handshake's own protocol is in place, one until it is connected.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        handshake = cast(asyncio.BufferedProtocol, transport.get_protocol())
        while early:
            room = memoryview(handshake.get_buffer(len(early)))
            size = min(len(room), len(early))
            room[:size] = early[:size]
            handshake.buffer_updated(size)
            early = early[size:]

    async def _start_tls(self) -> bool:
        """False when the handshake failed and the connection is over."""
        transport, tls = self._transport, self._server.tls
        context = tls() if tls is not None else None
        if transport is None or context is None:
            if transport is not None:
                transport.abort()  # TLS from the start, and no certificate yet
            return False
        # No turn of the loop may lie between this look and the handshake's first step, which takes over what comes.
        feeding = self._loop.create_task(self._feed_early(transport)) if self._early else None
        try:
            secured = await self._loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE
            )
            if feeding is not None:
                await feeding
        except (OSError, ssl.SSLError) as error:
            if feeding is not None:
                feeding.cancel()
            log.info("TLS handshake with %s failed: %s", self._client, error)
            secured = None
        if secured is None or self._transport is None:
            transport.abort()
            return False
        self._transport = secured
        self._client.secure = True
        return True

    # The dialog.

    def _go_on(self) -> None:
        """As far as it goes without waiting; what must wait becomes a task, which then goes on."""
        dialog = self._dialog
        if dialog is None or self._task is not None:
            return
        replies: list[bytes] = []
        while self._can_write and self._transport is not None and (step := dialog.next()) is not None:
            if isinstance(step, bytes):
                replies.append(step)
            elif step is Signal.RESET:
                self._known_visitor.reset()
            elif step is Signal.CLOSE:
                self._write(b"".join(replies))
                self._close()
                return
            else:
                answer = None if isinstance(step, Signal) else self._ask(step)
                if isinstance(answer, str):
                    dialog.answer(answer)
                    continue
                self._write(b"".join(replies))
                self._task = self._loop.create_task(self._wait_for(dialog, step if answer is None else answer))
                return
        self._write(b"".join(replies))
        if self._is_last and self._can_write:
            self._close()
        elif self._paused and dialog.waiting <= MOST_WAITING:
            self._pause(False)

    @property
    def _known_visitor(self) -> Visitor:
        assert self._visitor is not None
        return self._visitor

    def _ask(self, question: Question) -> str | object:
        try:
            return self._known_visitor.ask(question)
        except Exception as error:  # noqa: BLE001  (whatever went wrong is ours, and temporary)
            return self._fault(error)

    async def _wait_for(self, dialog: Dialog, what: object) -> None:
        if what is Signal.START_TLS:
            self._pause(True)  # before the client can begin its handshake
            self._write(b"220 2.0.0 Ready to start TLS\r\n")
            # Nothing in clear can come any more; what comes from now on may come before the handshake is reported done.
            dialog.tls_started()
            self._known_visitor.reset()
            if await self._start_tls():
                self._paused = False
        else:
            try:
                reply = await what  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001
                reply = self._fault(error)
            dialog.answer(reply)
        self._task = None
        self._go_on()

    def _fault(self, error: Exception) -> str:
        if isinstance(error, StoreUnavailable):
            log.warning("%s: a client was put off: %s", self._server.name, error)
            return LATER
        fault = secrets.token_hex(4)
        log.error("fault %s in an SMTP session", fault, exc_info=error)
        metrics.faults.labels(self._server.name).inc()
        return f"{LATER} ({fault})"

    # The end.

    def look(self, now: float) -> None:
        """From the gate, every second: a message must keep the pace, a client must have something to say."""
        if self._transport is None:
            return
        dialog, care = self._dialog, self._gate.care
        body = dialog.body if dialog is not None else None
        if body is not None and self._task is None:
            if self._body_since is None:
                self._body_since = now
            took = now - self._body_since
            is_slow = took > GRACE and body.size < (took - GRACE) * care.min_rate
            if is_slow or took * 1000 > care.longest:
                self._end("421 4.4.2 The message comes too slowly")
            self._since = now
            return
        self._body_since = None
        if dialog is not None and dialog.commands != self._commands:
            self._commands, self._since = dialog.commands, now
        patience = care.timeout / 1000
        if self._task is not None and self._can_write:
            self._since = now  # we are the ones who take time
        elif now - self._since > patience:
            self._end("421 4.4.2 You were silent for too long")

    def shut_down(self) -> None:
        """From the daemon's end: what is being accepted is answered first."""
        if self._task is None:
            self._end(SHUTTING_DOWN)
        else:
            self._task.add_done_callback(lambda _: self._end(SHUTTING_DOWN))

    def _end(self, reply: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(f"{reply}\r\n".encode())
            self._close()

    def _close(self) -> None:
        transport = self._transport
        if transport is None:
            return
        if self._dialog is not None:
            self._dialog.abandon()
        transport.close()
        # Who does not read what was said last is cut off.
        if self._cutting is None:
            self._cutting = self._loop.call_later(5, transport.abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _pause(self, wanted: bool) -> None:
        if self._transport is not None and wanted != self._paused:
            self._paused = wanted
            if wanted:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()
