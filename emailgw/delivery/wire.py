"""One connection to one address: commands out, bounded and cleaned replies in, TLS when told. Called by `session`.

Everything that ends a conversation leaves here as SessionFailed with a DeliveryStatus in it. RFC 5321 §4.5.3.2
(time-outs), §4.5.2 (dots), RFC 2920 (several commands in one write).

aiosmtplib's protocol class is the base: the transport, its flow control, the TLS upgrade. How it waits for replies is
not used: it keeps one at a time, which loses those to pipelined commands, and its time-outs are `asyncio.wait_for`,
which before Python 3.12 swallows a cancellation that arrives together with the reply. Nor is its client class: that
resolves names by itself and drops replies that a delivery log needs.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Sequence
from typing import cast

from aiosmtplib import SMTPResponse, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from emailgw.core.events import TLSInfo
from emailgw.core.status import DeliveryStatus, LocalCause, Reply
from emailgw.delivery.replies import NotSMTP, ReplyReader, Response
from emailgw.delivery.trace import Trace

CLOSING = 421  # may come at any time: the host closes the connection (RFC 5321 §3.8)
READY_FOR_TLS = 220
LARGE = 1 << 20  # bytes from which on dots are doubled in a thread
BLOCK = 65_536  # bytes of a message between two looks at progress
MOST_UNREAD = 16  # replies; no group of commands asks for so many

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class SessionFailed(Exception):
    """Ends a session from deep inside a dialog; caught where the session is opened or used, never outside delivery."""

    def __init__(self, status: DeliveryStatus) -> None:
        super().__init__(status.reason)
        self.status = status


class _Protocol(SMTPProtocol):
    """aiosmtplib's, with replies in a row: whoever sends several commands reads them one after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._reader = ReplyReader()
        self._unread: deque[Response] = deque()
        self._fault: Exception | None = None  # what ended the connection, behind the replies that came before
        self._waiter: asyncio.Future[bool] | None = None
        self.gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end(SMTPServerDisconnected("connection lost"))
        self.gone.set()

    def eof_received(self) -> bool:
        self._end(SMTPServerDisconnected("connection lost"))
        return super().eof_received()

    def data_received(self, data: bytes) -> None:
        if self._fault is not None:
            return
        try:
            self._unread.extend(self._reader.feed(data))
            if len(self._unread) > MOST_UNREAD:
                raise NotSMTP("replies that nobody asked for")
        except NotSMTP as fault:
            self._end(fault)
            self.abort()
        else:
            if self._unread:
                self._wake(True)

    @property
    def has_spoken(self) -> bool:
        """Whether something came that was not read, or the end."""
        return bool(self._unread or self._fault) or not self._reader.is_between

    @property
    def is_closing(self) -> bool:
        """Whether the next reply is there, and says that the host closes the connection."""
        return bool(self._unread) and self._unread[0].code == CLOSING

    async def next_reply(self, seconds: float) -> Response:
        """Raises TimeoutError, SMTPServerDisconnected, NotSMTP. Cancelled, it takes nothing away."""
        if not self._unread and self._fault is None:
            self._waiter = waiter = self._loop.create_future()
            timer = self._loop.call_later(seconds, self._wake, False)
            try:
                if not await waiter:
                    raise TimeoutError("timed out")
            finally:
                timer.cancel()
                self._waiter = None
        if self._unread:
            return self._unread.popleft()
        assert self._fault is not None
        raise self._fault

    async def read_response(self, timeout: float | None = None) -> SMTPResponse:
        """For aiosmtplib's `start_tls`, the only one that reads so: what came in clear text behind the go-ahead is
        thrown away (RFC 3207 §4.2, injection)."""
        response = await self.next_reply(timeout or 0)
        if response.code == READY_FOR_TLS:
            self._unread.clear()
            self._reader.forget()
        return SMTPResponse(*response)

    async def drain(self) -> None:
        await self._drain_helper()

    def abort(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def _end(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        self._wake(True)

    def _wake(self, arrived: bool) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(arrived)


def _with_dots(data: bytes) -> bytes:
    """RFC 5321 §4.5.2: a dot at the start of a line is doubled."""
    data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if data.startswith(b".") else data


class Wire:
    """Made by `connect`. `tls` is set once the connection is encrypted; `text` is the last reply with its lines."""

    def __init__(self, protocol: _Protocol, host: str, address: str) -> None:
        self._protocol = protocol
        self._host = host
        self._doing = "connecting"
        self._ahead: deque[str] = deque()  # commands sent whose replies were not read
        self.peer = f"{host}[{address}]"
        self.tls: TLSInfo | None = None
        self.text = ""

    @classmethod
    async def connect(cls, host: str, address: str, port: int, seconds: float) -> "Wire":
        """`address` is an IP address, checked by the caller, and never looked up again. Raises SessionFailed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, protocol = await loop.create_connection(lambda: _Protocol(loop), address, port)
        except TimeoutError:
            fault = f"no answer within {seconds:.3g} s"
        except OSError as error:
            fault = error.strerror or str(error)
        else:
            return cls(protocol, host, address)
        raise SessionFailed(LocalCause.NO_ANSWER.status(f"connect to {host}[{address}]:{port}: {fault}", host))

    @property
    def is_alive(self) -> bool:
        """As far as one can tell without asking."""
        return self._protocol.is_connected

    @property
    def unanswered(self) -> str:
        """The first command sent ahead whose reply was not read; empty when there is none."""
        return self._ahead[0] if self._ahead else ""

    async def greeting(self, trace: Trace, timeout: int) -> Reply:
        self._doing = "waiting for its greeting"
        return await self._read(trace, timeout)

    def send_ahead(self, lines: Sequence[str], trace: Trace) -> None:
        """Send commands in one write (RFC 2920). `command` is then called for each, in the same order, and only reads.

        Few enough to fit any window, or both sides could wait for each other. Raises as `command` does.
        """
        self._send(lines, trace)
        self._ahead.extend(lines)

    async def command(self, line: str, trace: Trace, timeout: int) -> Reply:
        """Send `line`, unless it was sent ahead, and read the reply, for which it waits `timeout` milliseconds.

        The transcript has each command where its reply is. Raises SessionFailed, ValueError.
        """
        trace.sent(line)
        if self._ahead:
            if self._ahead.popleft() != line:
                raise ValueError(f"not the command whose reply comes next: {line}")
            self._doing = _in_reply_to(line)
        else:
            self._send((line,), trace)
        return await self._read(trace, timeout)

    async def message(self, data: bytes, trace: Trace, block_timeout: int, dot_timeout: int) -> Reply:
        """Send the message (lines end with CRLF) after DATA was answered, and read the reply to the final dot.

        A bulk `replace` costs a tenth of aiosmtplib's execute_data_command, which runs two regular expressions over
        the whole text. Raises SessionFailed.
        """
        self._doing = "in reply to the end of the message"
        trace.remark(f"{len(data)} bytes of message, then a dot")
        if self._protocol.has_spoken and self._protocol.is_connected:
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it replied to the message before it was sent", trace)
        if len(data) > LARGE:  # other lanes shall not wait for 25 MB
            data = await asyncio.to_thread(_with_dots, data)
        else:
            data = _with_dots(data)
        try:
            if len(data) > BLOCK:
                return await self._send_blocks(data, trace, block_timeout, dot_timeout)
            self._protocol.write(data + b".\r\n")
        except OSError as error:
            raise self._fault(error, trace) from error
        return await self._read(trace, dot_timeout)

    async def start_tls(self, context: ssl.SSLContext, trace: Trace, timeout: int) -> Reply:
        """STARTTLS. Any reply but 220 leaves the connection as it was; a failed handshake raises SessionFailed."""
        self._doing = "in the TLS handshake"
        trace.sent("STARTTLS")
        self._must_be_quiet(trace)
        seconds = trace.seconds(timeout)
        try:
            async with asyncio.timeout(seconds):
                code, text = await self._protocol.start_tls(context, server_hostname=self._host, timeout=seconds)
        except SMTPResponseException as refusal:
            return self._received(refusal.code, refusal.message, trace)
        except (NotSMTP, OSError) as error:  # of TLS, too
            fault = str(getattr(error, "reason", None) or error) or "timed out"
            raise self.broken(LocalCause.TLS_FAILED, fault, trace) from error
        reply = self._received(code, text, trace)
        self.tls = _tls_info(cast(asyncio.Transport, self._protocol.transport))
        if self.tls is not None:
            trace.remark(f"{self.tls.version} with {self.tls.cipher}")
        return reply

    def broken(self, cause: LocalCause, fault: str, trace: Trace) -> SessionFailed:
        """Abort the connection; the exception to raise for it."""
        self.abort()
        status = cause.status(f"host {self.peer}: {fault} {self._doing}", self._host)
        trace.remark(status.reason)
        return SessionFailed(status)

    def abort(self) -> None:
        self._ahead.clear()
        self._protocol.abort()

    async def close(self) -> None:
        """Hang up and see it done, or uvloop cannot close its loop. No TLS farewell: hosts let one wait for theirs."""
        self._protocol.abort()
        await self._protocol.gone.wait()

    def _send(self, lines: Sequence[str], trace: Trace) -> None:
        self._doing = _in_reply_to(lines[0])
        self._must_be_quiet(trace)
        if any(map(_CONTROL.search, lines)):
            raise ValueError("a command has a control character")
        try:
            self._protocol.write("\r\n".join((*lines, "")).encode())
        except OSError as error:
            if not self._protocol.is_closing:  # else its farewell is the answer
                raise self._fault(error, trace) from error

    def _must_be_quiet(self, trace: Trace) -> None:
        protocol = self._protocol
        if protocol.has_spoken and protocol.is_connected and not protocol.is_closing:
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it sent a reply that was not asked for", trace)

    async def _send_blocks(self, data: bytes, trace: Trace, block_timeout: int, dot_timeout: int) -> Reply:
        """A large message, watching progress. A host that replies before the dot is not sent the rest."""
        try:
            with memoryview(data) as view:
                for start in range(0, len(data), BLOCK):
                    async with asyncio.timeout(trace.seconds(block_timeout)):
                        self._protocol.write(bytes(view[start : start + BLOCK]))
                        await self._protocol.drain()
                    if self._protocol.has_spoken:
                        return await self._early(trace, dot_timeout)
            self._protocol.write(b".\r\n")
        except OSError as error:
            raise self._fault(error, trace) from error
        return await self._read(trace, dot_timeout)

    async def _early(self, trace: Trace, timeout: int) -> Reply:
        reply = await self._read(trace, timeout)
        if reply.code // 100 not in (4, 5):
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it replied to the message before it was sent", trace)
        self.abort()
        return reply

    async def _read(self, trace: Trace, timeout: int) -> Reply:
        try:
            code, text = await self._protocol.next_reply(trace.seconds(timeout))
        except (NotSMTP, OSError) as error:
            raise self._fault(error, trace) from error
        return self._received(code, text, trace)

    def _received(self, code: int, text: str, trace: Trace) -> Reply:
        self.text = text
        reply = Reply.make(code, text)
        trace.received(str(reply))
        return reply

    def _fault(self, error: Exception, trace: Trace) -> SessionFailed:
        if isinstance(error, NotSMTP):
            return self.broken(LocalCause.PROTOCOL_ERROR, f"it does not speak SMTP: {error}", trace)
        if isinstance(error, TimeoutError):
            return self.broken(LocalCause.CONNECTION_LOST, "timed out", trace)
        return self.broken(LocalCause.CONNECTION_LOST, "connection lost", trace)


def _in_reply_to(line: str) -> str:
    return f"in reply to {line.partition(':')[0]}"


def _tls_info(transport: asyncio.Transport) -> TLSInfo | None:
    tls = transport.get_extra_info("ssl_object")
    cipher = tls.cipher() if tls is not None else None
    return TLSInfo(tls.version() or "", cipher[0]) if cipher else None
