"""One SMTP session: greeting, EHLO, STARTTLS, then one transaction after another. Called by `agent`.

Decides what a reply means for the recipient; what a broken connection means was decided by `wire`. One session
belongs to one task. RFC 5321 §3, §4; RFC 3207 (STARTTLS), RFC 7435 (opportunistic), RFC 1870 (SIZE), RFC 6152
(8BITMIME), RFC 6531 (SMTPUTF8).

A host that offers PIPELINING (RFC 2920) gets MAIL, RCPT and DATA in one write. Replies are judged one by one all the
same, and the message follows the 354 alone. After a refused RCPT the session waits with DATA. Nothing goes ahead of the
reply to the final dot: what the queue does next depends on it, and there are hosts that lose it (docs/internals.md).
"""

import functools
import ssl

import msgspec
from aiosmtplib.esmtp import parse_esmtp_extensions

from emailgw.core.dsn import Notify, to_xtext
from emailgw.core.events import TLSInfo
from emailgw.core.model import Envelope
from emailgw.core.status import DeliveryStatus, EnhancedStatus, LocalCause, Reply, Scope
from emailgw.core.text import clean_line
from emailgw.delivery.settings import DeliverySettings, TLSLevel
from emailgw.delivery.trace import Trace
from emailgw.delivery.wire import CLOSING, SessionFailed, Wire

NO_MAIL_HERE = 521  # RFC 7504


async def open_session(
    host: str, address: str, settings: DeliverySettings, level: TLSLevel, trace: Trace
) -> "Session | DeliveryStatus":
    """A session ready for MAIL, or why there is none. `address` has passed the guard."""
    status = await _open(host, address, settings, level, trace)
    if (
        level is TLSLevel.OPPORTUNISTIC
        and isinstance(status, DeliveryStatus)
        and status.status == LocalCause.TLS_FAILED.enhanced
    ):
        # RFC 7435 §3: TLS that does not work must not be worse than none.
        trace.remark("trying again without TLS")
        return await _open(host, address, settings, TLSLevel.OFF, trace)
    return status


async def _open(
    host: str, address: str, settings: DeliverySettings, level: TLSLevel, trace: Trace
) -> "Session | DeliveryStatus":
    trace.remark(f"connecting to {host}[{address}]:{settings.mx_port}")
    try:
        wire = await Wire.connect(host, address, settings.mx_port, trace.seconds(settings.timeouts.connect))
    except SessionFailed as failed:
        trace.remark(failed.status.reason)
        return failed.status
    session = Session(wire, host, address, settings)
    try:
        await session.start(level, trace)
    except SessionFailed as failed:
        wire.abort()
        return failed.status
    except BaseException:
        wire.abort()
        raise
    return session


class Session:
    """Made by `open_session`."""

    def __init__(self, wire: Wire, host: str, address: str, settings: DeliverySettings) -> None:
        self._wire = wire
        self._settings = settings
        self._timeouts = settings.timeouts
        self._extensions: dict[str, str] = {}
        self._size_limit = 0  # 0: none known
        self._transactions = 0
        self._needs_reset = False
        self._data_goes_ahead = True
        self.host = host
        self.address = address

    @property
    def tls(self) -> TLSInfo | None:
        return self._wire.tls

    @property
    def is_usable(self) -> bool:
        return self._wire.is_alive and self._transactions < self._settings.max_messages_per_session

    async def start(self, level: TLSLevel, trace: Trace) -> None:
        """From the greeting to the last EHLO. Raises SessionFailed."""
        reply = await self._wire.greeting(trace, self._timeouts.greeting)
        self._must_welcome(reply, "its greeting")
        await self._hello(trace)
        if level is TLSLevel.OFF:
            return
        if "starttls" in self._extensions and await self._start_tls(trace):
            return
        if level is TLSLevel.REQUIRED:
            reason = f"host {self._wire.peer} offers no TLS, which is required for it"
            raise SessionFailed(LocalCause.TLS_REQUIRED.status(reason, self.host))

    async def send(self, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        """One transaction. The scope of a failure says how far it reaches; the session may be unusable after it."""
        refusal = self._cannot_take(envelope)
        if refusal is not None:
            return refusal
        self._transactions += 1
        try:
            return await self._transact(envelope, trace)
        except SessionFailed as failed:
            self._wire.abort()
            return failed.status

    async def quit(self, trace: Trace) -> None:
        """RFC 5321 §4.1.1.10, within a short bound; then the connection is closed, whatever the host does."""
        try:
            await self._wire.command("QUIT", trace, self._timeouts.quit)
        except SessionFailed:
            pass
        finally:
            await self._wire.close()

    def abort(self) -> None:
        self._wire.abort()

    async def _hello(self, trace: Trace) -> None:
        name = self._settings.ehlo_name
        reply = await self._wire.command(f"EHLO {name}", trace, self._timeouts.ehlo)
        self._extensions = {}
        if reply.code // 100 == 2:
            self._extensions, _ = parse_esmtp_extensions(self._wire.text)
        elif reply.code // 100 == 5:
            reply = await self._wire.command(f"HELO {name}", trace, self._timeouts.ehlo)
        self._must_welcome(reply, "EHLO")
        size = self._extensions.get("size", "").strip()
        self._size_limit = int(size) if size.isascii() and size.isdigit() and len(size) < 20 else 0

    async def _start_tls(self, trace: Trace) -> bool:
        """False when the host takes back its offer; then the session goes on in clear."""
        reply = await self._wire.start_tls(_opportunistic_context(), trace, self._timeouts.tls)
        if reply.code == CLOSING:
            raise SessionFailed(self._refusal(reply, Scope.SITE, "STARTTLS"))
        if reply.code // 100 != 2:
            return False
        try:
            await self._hello(trace)  # RFC 3207 §4.2: what was said in clear counts for nothing
        except SessionFailed as failed:
            if failed.status.reply is not None:
                raise
            # TLS 1.3: a server may refuse our part of the handshake only after we believe that it is over.
            raise SessionFailed(LocalCause.TLS_FAILED.status(failed.status.reason, self.host)) from failed
        return True

    def _must_welcome(self, reply: Reply, what: str) -> None:
        """A refusal to talk to us at all. Raises SessionFailed unless `reply` is 2xx and not from ourselves.

        Permanent refusals become temporary ones, as with Postfix's smtp_skip_5xx_greeting: 554 and 550 in a greeting
        speak of us (a block list, our name), not of the recipient. Only 521 says that the host never takes mail.
        """
        if reply.code // 100 == 2:
            if reply.text.partition(" ")[0].lower() == self._settings.ehlo_name.lower():
                reason = f"mail loops back to us: host {self._wire.peer} greets with our own name"
                raise SessionFailed(LocalCause.LOOP.status(reason, self.host))
            return
        status = self._refusal(reply, Scope.SITE, what)
        if reply.code == NO_MAIL_HERE:
            status = msgspec.structs.replace(status, status=reply.enhanced or EnhancedStatus(5, 3, 2))
        elif status.status.is_permanent:
            softened = EnhancedStatus(4, status.status.subject, status.status.detail)
            status = msgspec.structs.replace(status, status=softened)
        raise SessionFailed(status)

    def _cannot_take(self, envelope: Envelope) -> DeliveryStatus | None:
        # What others wrote in eight bits came so, and goes on so: bouncing it to nobody would help nobody.
        needs_smtputf8 = _has_utf8_addresses(envelope) or (_has_utf8_header(envelope) and not envelope.foreign)
        if needs_smtputf8 and "smtputf8" not in self._extensions:
            reason = f"host {self._wire.peer} does not support non-ASCII addresses (SMTPUTF8)"
            return LocalCause.SMTPUTF8_MISSING.status(reason, self.host)
        size = len(envelope.data)
        if self._size_limit and size > self._size_limit:
            reason = f"host {self._wire.peer} takes messages of up to {self._size_limit} bytes; this one has {size}"
            return LocalCause.TOO_LARGE.status(reason, self.host)
        return None

    async def _transact(self, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        wire, timeouts = self._wire, self._timeouts
        mail = self._mail_command(envelope)
        rcpt = f"RCPT TO:<{envelope.recipient}>{self._wishes(envelope)}"
        if "pipelining" in self._extensions:
            ahead = [*(["RSET"] * self._needs_reset), mail, rcpt, *(["DATA"] * self._data_goes_ahead)]
            wire.send_ahead(ahead, trace)

        if self._needs_reset:
            reply = await wire.command("RSET", trace, timeouts.rset)
            if reply.code // 100 != 2:
                raise SessionFailed(self._refusal(reply, Scope.SITE, "RSET"))
            self._needs_reset = False

        reply = await wire.command(mail, trace, timeouts.mail)
        if reply.code // 100 != 2:
            return await self._refused(self._refusal(reply, Scope.MESSAGE, "MAIL FROM"), trace)
        # From here on a transaction is open; unless it ends with the dot, the next MAIL needs RSET before it.
        self._needs_reset = True

        reply = await wire.command(rcpt, trace, timeouts.rcpt)
        if reply.code // 100 != 2:
            # A DATA in vain counts as an error with hosts that hang up after a few (chasquid: three); one is enough.
            self._data_goes_ahead = False
            return await self._refused(self._refusal(reply, Scope.RECIPIENT, "RCPT TO"), trace)

        reply = await wire.command("DATA", trace, timeouts.data)
        if reply.code // 100 != 3:
            return self._refusal(reply, Scope.MESSAGE, "DATA")

        try:
            reply = await wire.message(envelope.data, trace, timeouts.block, timeouts.dot)
        except SessionFailed as failed:
            # The host may have the message: offering it to the next one would make sure that it comes twice.
            raise SessionFailed(msgspec.structs.replace(failed.status, scope=Scope.MESSAGE)) from failed
        self._needs_reset = False
        if reply.code // 100 != 2:
            return self._refusal(reply, Scope.MESSAGE, "the end of the message")
        reason = clean_line(f"{self._wire.peer} took it: {reply}")
        return DeliveryStatus(reply.status, reason, Scope.RECIPIENT, reply, self.host)

    async def _refused(self, refusal: DeliveryStatus, trace: Trace) -> DeliveryStatus:
        """`refusal`, once the replies to what was sent ahead of it are read. Whatever they say, it stands.

        A host that wants the message all the same gets a dot alone (RFC 2920 §3.1): the message is not for it.
        """
        wire, timeouts = self._wire, self._timeouts
        try:
            while line := wire.unanswered:
                reply = await wire.command(line, trace, timeouts.data if line == "DATA" else timeouts.rcpt)
                if reply.code // 100 == 2:
                    self._needs_reset = True
                elif reply.code // 100 == 3 and line == "DATA":
                    self._needs_reset = True
                    reply = await wire.message(b"", trace, timeouts.block, timeouts.dot)
                if reply.code == CLOSING or reply.code // 100 not in (2, 4, 5):
                    wire.abort()
        except SessionFailed:
            wire.abort()
        return refusal

    def _mail_command(self, envelope: Envelope) -> str:
        parameters = ""
        if "size" in self._extensions:
            parameters += f" SIZE={len(envelope.data)}"
        # A host without 8BITMIME gets eight bits all the same: recoding would break the signature, and the hosts
        # that cannot take them are gone.
        if "8bitmime" in self._extensions and not envelope.data.isascii():
            parameters += " BODY=8BITMIME"
        if "smtputf8" in self._extensions and (_has_utf8_addresses(envelope) or _has_utf8_header(envelope)):
            parameters += " SMTPUTF8"
        if "dsn" in self._extensions and envelope.dsn is not None:
            if envelope.dsn.ret is not None:
                parameters += f" RET={envelope.dsn.ret}"
            if envelope.dsn.envid:
                parameters += f" ENVID={to_xtext(envelope.dsn.envid)}"
        return f"MAIL FROM:<{envelope.reverse_path}>{parameters}"

    def _wishes(self, envelope: Envelope) -> str:
        """Parameters of RCPT (RFC 3461). We want to hear of failures ourselves, whatever the sender wants to."""
        request = envelope.request
        if "dsn" not in self._extensions or request is None:
            return ""
        parameters = ""
        if request.notify and Notify.NEVER not in request.notify:
            words = dict.fromkeys((*request.notify, Notify.FAILURE))
            parameters += f" NOTIFY={','.join(words)}"
        if request.original:
            kind, _, address = request.original.partition(";")
            parameters += f" ORCPT={kind};{to_xtext(address)}"
        return parameters

    def _refusal(self, reply: Reply, scope: Scope, what: str) -> DeliveryStatus:
        """What a reply other than the hoped-for one means. Only 4xx and 5xx are refusals, the rest is nonsense."""
        reason = clean_line(f"host {self._wire.peer} said: {reply} (in reply to {what})")
        if reply.code // 100 not in (4, 5):
            # Nobody knows what was meant, so the session is over; the message may even have been taken.
            self._wire.abort()
            scope = Scope.MESSAGE if what == "the end of the message" else Scope.SITE
            return DeliveryStatus(LocalCause.PROTOCOL_ERROR.enhanced, reason, scope, reply, self.host)
        if reply.code == CLOSING:
            self._wire.abort()
            scope = Scope.SITE
        return DeliveryStatus(reply.status, reason, scope, reply, self.host)


def _has_utf8_addresses(envelope: Envelope) -> bool:
    return envelope.recipient.needs_smtputf8 or not envelope.reverse_path.isascii()


def _has_utf8_header(envelope: Envelope) -> bool:
    """Other eight bits than UTF-8 are none that SMTPUTF8 allows (RFC 6532)."""
    data = envelope.data
    if data.isascii() or (head := data[: data.find(b"\r\n\r\n")]).isascii():
        return False
    try:
        head.decode()
    except UnicodeDecodeError:
        return False
    return True


@functools.cache
def _opportunistic_context() -> ssl.SSLContext:
    """Checks no certificate and takes whatever the two sides can agree on: old TLS is better than clear text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
