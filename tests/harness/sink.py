"""An instrumented SMTP server for tests: takes mail and records it, or misbehaves as its script says.

    with Sink() as sink:
        sink.on("RCPT", Say("451 4.7.1 greylisted"))          # the first RCPT only; then as usual
        sink.on("RCPT", Say("550 5.1.1 unknown"), about="nobody@", always=True)
        ... program that delivers to 127.0.0.1:sink.port ...
        sink.wait_for(lambda: len(sink.messages) == 1)
        assert sink.messages[0].recipients == ["a@example.test"]

Steps are CONNECT (the greeting), EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, BODY (before the first line of a message is
read), DOT (the reply to the message), RSET, QUIT, NOOP; EMPTY is DATA without recipients. Runs in a thread of its own;
bind it to 127.0.0.x or ::1 only.
"""

import asyncio
import datetime
import enum
import functools
import ipaddress
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
LINE_LIMIT = 64 << 20


@dataclass(frozen=True)
class Say:
    """Reply with `text` (str: CRLF is added, `\\n` parts lines; bytes: exactly those), after `delay` seconds, one byte
    each `drip` seconds if set; then hang up if `close`."""

    text: str | bytes
    delay: float = 0
    drip: float = 0
    close: bool = False


@dataclass(frozen=True)
class Drop:
    """Hang up without a word; `reset` sends RST instead of FIN."""

    reset: bool = False


@dataclass(frozen=True)
class Silence:
    """Never reply, keep the connection; without `reads` not even take what is sent."""

    reads: bool = True


@dataclass(frozen=True)
class Endless:
    """Send `line` again and again, for ever."""

    line: bytes = b"250-and another thing\r\n"


Step = Say | Drop | Silence | Endless


class Manner(enum.Enum):
    """How replies go out: each by itself, octet by octet, late, or those to pipelined commands in one packet."""

    PROMPT = enum.auto()
    DRIP = enum.auto()
    LATE = enum.auto()
    TOGETHER = enum.auto()


@dataclass
class Received:
    """A message as it was taken: `data` as sent, dots undone; `parameters` are those of MAIL."""

    reverse_path: str
    parameters: str
    recipients: list[str]
    data: bytes
    tls: str | None
    session: int


@dataclass
class SinkSession:
    number: int
    commands: list[str] = field(default_factory=list)
    tls: str | None = None
    closed: bool = False


@dataclass
class _Rule:
    step: Step
    about: str
    always: bool


class Sink:
    """`tls`: offer STARTTLS with this context (`server_context()`), or "broken" for a handshake that fails."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        name: str = "sink.test",
        extensions: tuple[str, ...] = EXTENSIONS,
        tls: ssl.SSLContext | str | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.name = name
        self.extensions = extensions
        self.tls = tls
        self.manner = Manner.PROMPT
        self.sessions: list[SinkSession] = []
        self.messages: list[Received] = []
        self._rules: dict[str, list[_Rule]] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def on(self, step: str, *replies: Step, about: str = "", always: bool = False) -> None:
        """Script the next replies to `step`, in order; `about`: only when the command's line contains it."""
        with self._changed:
            self._rules.setdefault(step, []).extend(_Rule(reply, about, always) for reply in replies)

    def forget_script(self) -> None:
        with self._changed:
            self._rules.clear()

    @property
    def commands(self) -> list[str]:
        """Every command of every session, in order of the sessions."""
        with self._changed:
            return [command for session in self.sessions for command in session.commands]

    def wait_for(self, condition: Callable[[], bool], timeout: float = 10) -> None:
        """Until `condition` holds; it is looked at whenever something happens here. Fails after `timeout` seconds."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout), "the sink never saw what the test waits for"

    def changed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def next_step(self, step: str, line: str) -> Step | None:
        with self._changed:
            rules = self._rules.get(step, [])
            for rule in rules:
                if rule.about in line:
                    if not rule.always:
                        rules.remove(rule)
                    return rule.step
        return None

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, limit=LINE_LIMIT, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._changed:
            session = SinkSession(len(self.sessions))
            self.sessions.append(session)
            self._changed.notify_all()
        try:
            await _Dialog(self, session, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, _HangUp):
            pass
        finally:
            session.closed = True
            writer.close()
            self.changed()


class _HangUp(Exception):
    pass


class _Dialog:
    def __init__(
        self, sink: Sink, session: SinkSession, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink = sink
        self._session = session
        self._reader = reader
        self._writer = writer
        self._kept, self._refused = b"", False
        self._forget()

    def _forget(self) -> None:
        self._reverse_path: str | None = None
        self._parameters = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._reply("CONNECT", "", f"220 {self._sink.name} ESMTP")
        while True:
            line = (await self._reader.readuntil(b"\r\n"))[:-2].decode("utf-8", "surrogateescape")
            self._session.commands.append(line)
            self._sink.changed()
            verb = line.partition(" ")[0].upper()
            match verb:
                case "EHLO":
                    await self._reply(verb, line, self._ehlo())
                case "STARTTLS":
                    await self._start_tls(line)
                case "MAIL":
                    await self._mail(line)
                case "RCPT":
                    await self._rcpt(line)
                case "DATA":
                    await self._data(line)
                case "RSET":
                    self._forget()
                    await self._reply(verb, line, "250 2.0.0 ok")
                case "QUIT":
                    await self._reply(verb, line, "221 2.0.0 bye")
                    return
                case "HELO" | "NOOP":
                    await self._reply(verb, line, f"250 {self._sink.name}")
                case _:
                    await self._send(Say("500 5.5.1 what?"))

    def _ehlo(self) -> str:
        offers = [self._sink.name, *self._sink.extensions]
        if self._sink.tls is not None and self._session.tls is None:
            offers.append("STARTTLS")
        return "\n".join(f"250{'-' if offer is not offers[-1] else ' '}{offer}" for offer in offers)

    async def _start_tls(self, line: str) -> None:
        if not await self._reply("STARTTLS", line, "220 2.0.0 go ahead"):
            return
        if not isinstance(self._sink.tls, ssl.SSLContext):
            self._writer.write(b"this is no TLS\r\n" * 10)
            await self._writer.drain()
            raise _HangUp
        await self._writer.start_tls(self._sink.tls)
        self._session.tls = self._writer.get_extra_info("ssl_object").version()
        self._forget()

    async def _mail(self, line: str) -> None:
        if self._reverse_path is not None:
            await self._send(Say("503 5.5.1 nested MAIL"))
        elif await self._reply("MAIL", line, "250 2.1.0 ok"):
            path, _, self._parameters = line.partition(":")[2].partition("> ")
            self._reverse_path = path.strip("<>")

    async def _rcpt(self, line: str) -> None:
        if self._reverse_path is None:
            await self._send(Say("503 5.5.1 MAIL first"))
        elif await self._reply("RCPT", line, "250 2.1.5 ok"):
            self._recipients.append(line.partition(":")[2].partition("> ")[0].strip("<>"))

    async def _data(self, line: str) -> None:
        step, usual = ("DATA", "354 go ahead") if self._recipients else ("EMPTY", "503 5.5.1 RCPT first")
        if await self._reply(step, line, usual):
            await self._reply("BODY", line, "")
            data = await self._read_message()
            taken = Received(
                self._reverse_path or "",
                self._parameters,
                self._recipients,
                data,
                self._session.tls,
                self._session.number,
            )
            about = " ".join(self._recipients)
            self._forget()
            if await self._reply("DOT", about, "250 2.0.0 queued", taken):
                self._sink.changed()

    async def _read_message(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _reply(self, step: str, line: str, usual: str, taken: Received | None = None) -> bool:
        """Do what the script says, else reply `usual`; whether that was positive. A message taken is recorded before
        the reply leaves, so that nobody can know of it earlier than the sink."""
        scripted = self._sink.next_step(step, line)
        action = scripted or Say(usual)
        positive = isinstance(action, Say) and action.text[:1] in ("2", "3", b"2", b"3", "")
        if taken is not None and positive:
            self._sink.messages.append(taken)
        if scripted is not None or usual:
            await self._send(action)
        return positive

    async def _send(self, action: Step) -> None:
        match action:
            case Drop(reset):
                if reset:
                    self._writer.transport.abort()
                raise _HangUp
            case Silence(reads):
                if not reads:
                    self._writer.transport.pause_reading()  # type: ignore[attr-defined]
                    await asyncio.Event().wait()
                await self._reader.read()  # until the other side gives up
                raise _HangUp
            case Endless(line):
                while True:
                    self._writer.write(line)
                    await self._writer.drain()
            case Say(text, delay, drip, close):
                raw = text if isinstance(text, bytes) else (text.replace("\n", "\r\n") + "\r\n").encode()
                raw, drip, delay = self._in_manner(raw, drip, delay, close)
                await asyncio.sleep(delay)
                for piece in [raw[i : i + 1] for i in range(len(raw))] if drip else [raw]:
                    self._writer.write(piece)
                    await self._writer.drain()
                    await asyncio.sleep(drip)
                if close:
                    raise _HangUp

    def _in_manner(self, raw: bytes, drip: float, delay: float, close: bool) -> tuple[bytes, float, float]:
        match self._sink.manner:
            case Manner.DRIP:
                return raw, drip or 0.0005, delay
            case Manner.LATE:
                return raw, drip, delay or 0.02
            case Manner.TOGETHER if "PIPELINING" in self._sink.extensions and self._session.commands:
                verb = self._session.commands[-1][:4]
                awaited = ("RSET", "MAIL") if self._refused else ("RSET", "MAIL", "RCPT")  # DATA comes later then
                self._refused |= verb == "RCPT" and raw[:1] in b"45"
                raw, self._kept = self._kept + raw, b""
                if verb in awaited and not close:
                    raw, self._kept = b"", raw
        return raw, drip, delay


@functools.cache
def certificate(*names: str) -> tuple[bytes, bytes]:
    """A self-signed certificate for host names or IP addresses and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        built.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


@functools.cache
def server_context(*names: str) -> ssl.SSLContext:
    """For a server with `certificate(*names)`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        chain = Path(directory, "chain.pem")
        chain.write_bytes(b"".join(certificate(*(names or ("sink.test",)))))
        context.load_cert_chain(chain)
    return context


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
