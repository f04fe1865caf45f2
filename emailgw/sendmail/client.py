"""An SMTP client that knows what `sendmail` needs: one message to a server that trusts us. RFC 5321."""

import re
import socket
from collections.abc import Sequence

TIMEOUT = 300.0  # seconds for one reply

_REPLY_END = re.compile(rb"\d{3} ")


class Refused(Exception):
    """The server said no. `code`: of its reply; `about`: mail, rcpt or data."""

    def __init__(self, reply: str, about: str) -> None:
        super().__init__(reply)
        self.code = int(reply[:3]) if reply[:3].isdigit() else 0
        self.about = about

    @property
    def is_temporary(self) -> bool:
        return self.code // 100 != 5


class Client:
    """Raises OSError when the connection breaks, Refused when the server does not want to."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        self._connection = connection
        self._replies = connection.makefile("rb")
        self._expect("hello", "2")

    def close(self) -> None:
        self._replies.close()
        self._connection.close()

    def send(self, data: bytes, sender: str, recipients: Sequence[str], mail: str, rcpt: str) -> str:
        """The reply to the message. `mail` and `rcpt`: ESMTP parameters, each with a blank before it."""
        self._say("EHLO localhost")
        self._expect("hello", "2")
        if not all(map(str.isascii, (sender, *recipients))):
            mail += " SMTPUTF8"
        # Pipelined: a thousand recipients are one round trip.
        self._say(f"MAIL FROM:<{sender}> BODY=8BITMIME SIZE={len(data)}{mail}")
        for recipient in recipients:
            self._say(f"RCPT TO:<{recipient}>{rcpt}")
        self._expect("mail", "2")
        refusals = [reply for reply in [self._reply() for _ in recipients] if not reply.startswith("2")]
        if refusals:  # all or none: the caller cannot be told who got it
            raise Refused(refusals[0], "rcpt")
        self._say("DATA")
        self._expect("data", "3")
        data = data.replace(b"\r\n.", b"\r\n..")
        self._connection.sendall((b"." if data.startswith(b".") else b"") + data + b".\r\n")
        reply = self._expect("data", "2")
        self._say("QUIT")
        return reply

    def _say(self, line: str) -> None:
        self._connection.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")

    def _expect(self, about: str, digit: str) -> str:
        reply = self._reply()
        if not reply.startswith(digit):
            raise Refused(reply, about)
        return reply

    def _reply(self) -> str:
        """Its last line, which says it all here."""
        for line in self._replies:
            if _REPLY_END.match(line):
                return line.decode("ascii", "replace").strip()
        raise ConnectionError("the server closed the connection")
