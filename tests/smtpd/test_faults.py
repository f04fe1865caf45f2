"""Our own faults, shortage of memory and a store that is down: always temporary, and never in an exception's words."""

import asyncio
import re
from collections.abc import Awaitable

import pytest

from emailgw.errors import StoreUnavailable
from emailgw.smtpd.dialog import Dialog
from emailgw.smtpd.gate import Care, Gate
from emailgw.smtpd.grammar import Mail, Rcpt
from emailgw.smtpd.protocol import Server
from emailgw.smtpd.terms import Message, Offers, Question

SECRET = "password=hunter2"


class Broken:
    """Fails at once for MAIL, and later for RCPT."""

    is_known = True

    def __init__(self, error: Exception) -> None:
        self._error = error

    def ask(self, question: Question) -> str | Awaitable[str]:
        if isinstance(question, Mail) and question.path:
            raise self._error
        return self._later() if isinstance(question, Rcpt) else "250 2.0.0 OK"

    async def _later(self) -> str:
        raise self._error

    def reset(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (RuntimeError(SECRET), rb"451 4\.3\.0 Temporary local problem, try again later \([0-9a-f]{8}\)\r\n"),
        (StoreUnavailable(SECRET), rb"451 4\.3\.0 Temporary local problem, try again later\r\n"),
    ],
)
async def test_a_fault_is_temporary_and_the_session_goes_on(error: Exception, reply: bytes) -> None:
    gate = Gate(Care(timeout=300_000, max_connections=10, max_connections_per_address=10))
    server = Server("test", Offers("gw.test", 1000, 10, 20), gate, lambda client: Broken(error), None)
    listening = await asyncio.get_running_loop().create_server(server.protocol, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
    try:
        writer.write(b"EHLO a\r\nMAIL FROM:<a@b.test>\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.test>\r\nQUIT\r\n")
        said = await reader.read()
    finally:
        writer.close()
        listening.close()
    assert len(re.findall(reply, said)) == 2
    assert said.endswith(b"221 2.0.0 Bye\r\n")
    assert SECRET.encode() not in said


@pytest.mark.parametrize(("room", "refused_at"), [(0, "354"), (10, "end")])
def test_short_of_memory(room: int, refused_at: str) -> None:
    left = room

    def take(octets: int) -> bool:
        nonlocal left
        if octets >= 0 and left - octets <= 0:
            return False
        left -= octets
        return True

    dialog = Dialog(Offers("gw.test", 1000, 10, 20), take, secure=False, may_start_tls=False, trusted=False, known=True)
    said = b""
    for line in ("EHLO a", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "DATA", "x" * 50, ".", "NOOP"):
        dialog.receive(f"{line}\r\n".encode())
        while (step := dialog.next()) is not None:
            assert not isinstance(step, Message)
            if isinstance(step, Mail | Rcpt):
                dialog.answer("250 2.0.0 OK")
            elif isinstance(step, bytes):
                said += step
    assert said.count(b"452 4.3.1 Short of memory, try again later\r\n") == 1
    assert (b"354 " in said) == (refused_at == "end")
    assert left == room
