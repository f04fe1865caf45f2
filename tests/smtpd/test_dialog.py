"""What the dialog tells its door of a message beside its octets."""

import pytest

from emailgw.smtpd.dialog import Dialog
from emailgw.smtpd.grammar import Mail, Rcpt
from emailgw.smtpd.terms import Credentials, Message, Offers


@pytest.mark.parametrize(
    ("hello", "mail", "secure", "login", "protocol"),
    [
        ("HELO old.test", "", False, False, "SMTP"),
        ("EHLO new.test", "", False, False, "ESMTP"),
        ("EHLO new.test", "", True, False, "ESMTPS"),
        ("EHLO new.test", "", True, True, "ESMTPSA"),
        ("EHLO new.test", " SMTPUTF8", True, True, "UTF8SMTPSA"),
        ("EHLO first.test\r\nHELO new.test", "", True, False, "SMTP"),
    ],
)
def test_how_a_message_came(hello: str, mail: str, secure: bool, login: bool, protocol: str) -> None:
    offers = Offers("gw.test", 1000, 10, 20, auth=True)
    dialog = Dialog(offers, lambda octets: True, secure=secure, may_start_tls=True, trusted=False, known=True)
    words = [hello, *["AUTH PLAIN AGEAYg=="] * login, f"MAIL FROM:<a@b.test>{mail}", "RCPT TO:<c@d.test>", "DATA"]
    dialog.receive("".join(f"{word}\r\n" for word in [*words, "x", "."]).encode())
    found: Message | None = None
    while (step := dialog.next()) is not None:
        if isinstance(step, Mail | Rcpt | Credentials | Message):
            dialog.answer("235 2.7.0 OK" if isinstance(step, Credentials) else "250 2.0.0 OK")
        if isinstance(step, Message):
            found = step
    assert found is not None
    assert (found.protocol, found.helo, b"".join(found.pieces)) == (protocol, hello.split()[-1], b"x\r\n")
