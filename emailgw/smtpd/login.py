"""The AUTH exchange (RFC 4954): PLAIN and LOGIN, with an initial response or in a dialog, `*` cancels. Pure."""

import base64
import enum

from emailgw.smtpd.grammar import SyntaxFault
from emailgw.smtpd.terms import Credentials

LONGEST = 256  # characters of a user name or a secret

_USER_NAME = "334 VXNlcm5hbWU6"  # "Username:", in capitals as every client knows it
_PASSWORD = "334 UGFzc3dvcmQ6"


class _Next(enum.Enum):
    PLAIN = "plain"
    USER = "user"
    SECRET = "secret"


class Login:
    """One exchange. `begin` and `go_on` give the next prompt, or what was said; both raise SyntaxFault."""

    def __init__(self) -> None:
        self._next = _Next.PLAIN
        self._user = ""

    def begin(self, argument: str) -> str | Credentials:
        """`argument`: what follows AUTH."""
        mechanism, _, initial = argument.partition(" ")
        match mechanism.upper():
            case "PLAIN":
                prompt = "334 "
            case "LOGIN":
                self._next, prompt = _Next.USER, _USER_NAME
            case _:
                raise SyntaxFault("504 5.5.4 Use AUTH PLAIN or AUTH LOGIN")
        return self.go_on(initial.strip().encode()) if initial.strip() else prompt

    def go_on(self, line: bytes) -> str | Credentials:
        if line == b"*":
            raise SyntaxFault("501 5.7.0 Authentication cancelled")
        try:
            # Any user name will do, also one in Latin-1; a key has ASCII alone.
            text = "" if line == b"=" else base64.b64decode(line, validate=True).decode("utf-8", "replace")
            if self._next is _Next.PLAIN:
                _, user, secret = text.split("\0")  # whom it wants to act as does not matter: the key decides
                return _credentials(user, secret)
        except ValueError:
            raise SyntaxFault("501 5.5.2 That is not what AUTH needs here, in base64") from None
        if self._next is _Next.SECRET:
            return _credentials(self._user, text)
        self._next, self._user = _Next.SECRET, text
        return _PASSWORD


def _credentials(user: str, secret: str) -> Credentials:
    if len(user) > LONGEST or len(secret) > LONGEST:
        raise SyntaxFault("501 5.5.2 A user name or password that is too long")
    return Credentials(user, secret)
