"""What dialog, shell and doors say to each other: offers, questions, signals. Values only."""

import asyncio
import enum
from collections.abc import Awaitable
from typing import Protocol

import msgspec

from emailgw.smtpd.grammar import Mail, Rcpt

LARGE = 256 * 1024  # octets from which on a message is handled in a thread, so that other sessions do not wait


class Offers(msgspec.Struct, frozen=True):
    """What a listener can do. `junk`: refusals, and commands that lead nowhere, in a row before the end."""

    host_name: str
    max_size: int
    max_recipients: int
    junk: int
    auth: bool = False
    dsn: bool = False


class Credentials(msgspec.Struct, frozen=True):
    user: str
    secret: str


class Message(msgspec.Struct, frozen=True):
    """`pieces` with their line ends as they came; `bare`: some of them were no CR LF. `helo`: what the client
    calls itself; `protocol`: how it speaks (RFC 3848).
    """

    pieces: list[bytes]
    bare: bool
    mail: Mail
    helo: str = ""
    protocol: str = "ESMTP"

    async def data(self) -> bytes:
        """The message as a whole; a large one is joined in a thread, which lets go of the GIL for that."""
        if sum(map(len, self.pieces)) > LARGE:
            return await asyncio.to_thread(b"".join, self.pieces)
        return b"".join(self.pieces)


class Signal(enum.Enum):
    """What only the shell can do. RESET: what was said of the message counts no more."""

    START_TLS = "start TLS"
    CLOSE = "close"
    RESET = "reset"


Question = Mail | Rcpt | Message | Credentials
Step = bytes | Question | Signal


class Client(msgspec.Struct):
    """Who is at the other end. `address` is what the connection, or a trusted proxy, says; empty for a Unix socket."""

    address: str
    secure: bool = False
    trusted: bool = False

    def __str__(self) -> str:
        return self.address or "this machine"


class Visitor(Protocol):
    """A door's side of one connection: the reply to each question, at once or later. 421 closes the connection."""

    is_known: bool  # may send without AUTH

    def ask(self, question: Question) -> str | Awaitable[str]:
        """The reply, without its line end. An exception becomes 451 4.3.0."""

    def reset(self) -> None:
        """Forget the transaction."""
