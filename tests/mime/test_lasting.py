"""What two tries of the same message have in common, made by the library that programs send with."""

import email.utils
from email.message import EmailMessage

from emailgw.mime.lasting import lasting


def made(text: str = "Hello.", file: bytes = b"data") -> bytes:
    """Anew, as a program does that tries again."""
    message = EmailMessage()
    message["From"] = "ann@sender.test"
    message["Subject"] = "Report"
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = email.utils.make_msgid()
    message["Received"] = f"from here by there; {email.utils.formatdate()}"
    message.set_content(text)
    message.add_alternative(f"<b>{text}</b>", subtype="html")
    message.add_attachment(file, maintype="application", subtype="octet-stream", filename="a.bin")
    return message.as_bytes().replace(b"\n", b"\r\n")


def test_a_second_try_is_the_same() -> None:
    first, second = made(), made()
    assert first != second
    assert lasting(first) == lasting(second)
    assert b"Subject: Report\r\n" in lasting(first)


def test_another_text_or_file_is_not() -> None:
    assert len({lasting(data) for data in (made(), made("Hello"), made(file=b"Data"))}) == 3


def test_folded_fields_go_whole_and_the_text_is_not_taken_for_a_header() -> None:
    data = b"Received: a\r\n\tby b\r\nX-Date: 1\r\n\r\nDate: stays\r\n"
    assert lasting(data) == b"X-Date: 1\r\n\r\nDate: stays\r\n"
    assert lasting(b"Date: 1\r\nSubject: x\r\n") == b"Subject: x\r\n"


def test_a_boundary_that_begins_as_another() -> None:
    two = (
        b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n'
        b"Content-Type: multipart/related; boundary=%s\r\n\r\n--%s--\r\n"
    )
    assert lasting(two % (b"=_1", b"=_1", b"=_1_2", b"=_1_2")) == lasting(two % (b"=_zz", b"=_zz", b"=_z", b"=_z"))


def test_more_boundaries_than_a_message_has() -> None:
    data = b"x: y\r\n\r\n" + b"".join(b"boundary=%06d\r\n" % number for number in range(10_000))
    assert lasting(data).count(b"boundary=boundary\r\n") < 100
