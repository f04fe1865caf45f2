"""One connection to one address: commands out, bounded and cleaned replies in, TLS when told. Called by `session`.

A thin layer over aiosmtplib's protocol class. Its client class is not used: it resolves names by itself, knows one
time-out for everything, and drops replies that a delivery log needs. Everything that ends a conversation leaves here
as SessionFailed with a DeliveryStatus in it. RFC 5321 §4.5.3.2 (time-outs), §4.5.2 (dots).

Nor are aiosmtplib's time-outs used: they are `asyncio.wait_for`, which before Python 3.12 swallows a cancellation that
arrives together with the reply, and a lane told to stop would go on.
"""

import asyncio
import ssl
from typing import cast

from aiosmtplib import SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from emailgw.core.events import TLSInfo
from emailgw.core.status import DeliveryStatus, LocalCause, Reply
from emailgw.delivery.trace import Trace

MAX_REPLY_LINES = 500  # aiosmtplib parses a growing reply from its start at every piece, which is quadratic
LARGE = 1 << 20  # bytes from which on dots are doubled in a thread
BLOCK = 65_536  # bytes of a message between two looks at progress


class SessionFailed(Exception):
    """Ends a session from deep inside a dialog; caught where the session is opened or used, never outside delivery."""

    def __init__(self, status: DeliveryStatus) -> None:
        super().__init__(status.reason)
        self.status = status


class _Protocol(SMTPProtocol):
    """aiosmtplib's, with a bound on lines where it has one on bytes, and a view of its state where it has none."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._lines = 0
        self.gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gone.set()

    def data_received(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        if self._lines > MAX_REPLY_LINES:
            self.abort()
        else:
            super().data_received(data)

    def expect(self) -> bool:
        """Get ready for a reply to what is sent next; False when something came that nobody asked for."""
        self._lines = 0
        return not self._buffer

    async def drain(self) -> None:
        await self._drain_helper()

    def abort(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()


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

    async def greeting(self, trace: Trace, timeout: int) -> Reply:
        self._doing = "waiting for its greeting"
        return await self._read(trace, timeout)

    async def command(self, line: str, trace: Trace, timeout: int) -> Reply:
        """Send `line` and read the reply, within `timeout` milliseconds. Raises SessionFailed, ValueError."""
        self._doing = f"in reply to {line.partition(':')[0]}"
        trace.sent(line)
        if not self._protocol.expect():
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it sent a reply that was not asked for", trace)
        try:
            async with asyncio.timeout(trace.seconds(timeout)):
                code, text = await self._protocol.execute_command(line.encode())
        except (SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            raise self._fault(error, trace) from error
        return self._received(code, text, trace)

    async def message(self, data: bytes, trace: Trace, block_timeout: int, dot_timeout: int) -> Reply:
        """Send the message (lines end with CRLF) after DATA was answered, and read the reply to the final dot.

        A bulk `replace` costs a tenth of aiosmtplib's execute_data_command, which runs two regular expressions over
        the whole text. Raises SessionFailed.
        """
        self._doing = "in reply to the end of the message"
        trace.remark(f"{len(data)} bytes of message, then a dot")
        if not self._protocol.expect():
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it replied to the message before it was sent", trace)
        if len(data) > LARGE:  # other lanes shall not wait for 25 MB
            data = await asyncio.to_thread(_with_dots, data)
        else:
            data = _with_dots(data)
        try:
            if len(data) > BLOCK:
                return await self._send_blocks(data, trace, block_timeout, dot_timeout)
            self._protocol.write(data + b".\r\n")
        except (SMTPServerDisconnected, OSError) as error:
            raise self._fault(error, trace) from error
        return await self._read(trace, dot_timeout)

    async def start_tls(self, context: ssl.SSLContext, trace: Trace, timeout: int) -> Reply:
        """STARTTLS. Any reply but 220 leaves the connection as it was; a failed handshake raises SessionFailed."""
        self._doing = "in the TLS handshake"
        trace.sent("STARTTLS")
        self._protocol.expect()
        try:
            # aiosmtplib throws away what came in clear text behind the 220: RFC 3207 §4.2, command injection.
            async with asyncio.timeout(trace.seconds(timeout)):
                code, text = await self._protocol.start_tls(context, server_hostname=self._host)
        except SMTPResponseException as refusal:
            return self._received(refusal.code, refusal.message, trace)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError, ssl.SSLError) as error:
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
        self._protocol.abort()

    async def close(self) -> None:
        """Hang up and see it done, or uvloop cannot close its loop. No TLS farewell: hosts let one wait for theirs."""
        self._protocol.abort()
        await self._protocol.gone.wait()

    async def _send_blocks(self, data: bytes, trace: Trace, block_timeout: int, dot_timeout: int) -> Reply:
        """A large message, watching progress. A host that replies before the dot is not sent the rest."""
        reading = asyncio.create_task(self._protocol.read_response())
        try:
            with memoryview(data) as view:
                for start in range(0, len(data), BLOCK):
                    async with asyncio.timeout(trace.seconds(block_timeout)):
                        self._protocol.write(bytes(view[start : start + BLOCK]))
                        await self._protocol.drain()
                    if reading.done():
                        return self._early(await reading, trace)
            self._protocol.write(b".\r\n")
            async with asyncio.timeout(trace.seconds(dot_timeout)):
                code, text = await reading
        except (TimeoutError, SMTPResponseException, SMTPServerDisconnected, OSError) as error:
            raise self._fault(error, trace) from error
        finally:
            reading.cancel()
        return self._received(code, text, trace)

    def _early(self, response: tuple[int, str], trace: Trace) -> Reply:
        reply = self._received(*response, trace)
        if reply.code // 100 not in (4, 5):
            raise self.broken(LocalCause.PROTOCOL_ERROR, "it replied to the message before it was sent", trace)
        self.abort()
        return reply

    async def _read(self, trace: Trace, timeout: int) -> Reply:
        try:
            async with asyncio.timeout(trace.seconds(timeout)):
                code, text = await self._protocol.read_response()
        except (SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            raise self._fault(error, trace) from error
        return self._received(code, text, trace)

    def _received(self, code: int, text: str, trace: Trace) -> Reply:
        self.text = text
        reply = Reply.make(code, text)
        trace.received(str(reply))
        return reply

    def _fault(self, error: Exception, trace: Trace) -> SessionFailed:
        if isinstance(error, SMTPResponseException):
            return self.broken(LocalCause.PROTOCOL_ERROR, f"it does not speak SMTP: {error.message}", trace)
        if isinstance(error, TimeoutError):
            return self.broken(LocalCause.CONNECTION_LOST, "timed out", trace)
        return self.broken(LocalCause.CONNECTION_LOST, "connection lost", trace)


def _tls_info(transport: asyncio.Transport) -> TLSInfo | None:
    tls = transport.get_extra_info("ssl_object")
    cipher = tls.cipher() if tls is not None else None
    return TLSInfo(tls.version() or "", cipher[0]) if cipher else None
