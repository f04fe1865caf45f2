"""Reports that bend RFC 3464 and MIME: fields misspelt, missing or indented, parts mislabelled, encoded or torn."""

import base64
import quopri

import pytest

from emailgw.bounce.parse import parse
from emailgw.bounce.report import Action, Kind, Reason
from tests.bounce.forms import RETURNED

LOST = "lost@example.net"
FIELDS = "Reporting-MTA: dns; mx.example.net\n\n"
PLAIN = (
    f"{FIELDS}Final-Recipient: rfc822; {LOST}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 unknown user\n"
)
REPORT = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
NAMES_IT = f"Your message to {LOST} could not be delivered: user unknown"
R = Reason
TO = f"Final-Recipient: rfc822; {LOST}\n"


def message(
    fields: str,
    head: str = REPORT,
    kind: str = "message/delivery-status",
    notice: str = "Delivery failed.",
    end: str = "--b--\n",
    author: str = "MAILER-DAEMON@mx.example.net",
    subject: str = "Delivery Status Notification",
) -> bytes:
    return (
        f"From: {author}\nTo: me@example.com\nSubject: {subject}\nMIME-Version: 1.0\n{head}\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{notice}\n\n--b\nContent-Type: {kind}\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{RETURNED.lstrip()}\n{end}"
    ).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (f"{TO}Status: 5.2.2\n", R.MAILBOX_FULL),
        (f"{TO}Action: failed\nDiagnostic-Code: smtp; 552 mailbox full\n", R.MAILBOX_FULL),
        (f"Original-Recipient: rfc822; {LOST}\nAction: failed\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (f"Final-Recipient: {LOST}\nAction: failed\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (f"Final-Recipient: RFC822; <{LOST}>\nAction: failed\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (f"Final-Recipient : rfc822 ;{LOST}\nAction : Failed\nStatus : 5.1.1\n", R.USER_UNKNOWN),
        (f"Final-Recipient:\trfc822;\t{LOST}\nAction:\tfailed\nStatus:\t5.1.1\n", R.USER_UNKNOWN),
        (
            f"Final-Recipient: rfc822; {LOST} (Lost)\nAction: failed (permanent)\nStatus: 5.1.1 (unknown)\n",
            R.USER_UNKNOWN,
        ),
        (f"Final-Recipient: rfc822;\n {LOST}\nAction: failed\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (f"{TO}\nAction: failed\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (
            f"{TO}Action: failed\nStatus: 5.0.0\n"
            f"Diagnostic-Code: smtp; 550 =?utf-8?B?{base64.b64encode('用户不存在'.encode()).decode()}?=\n",
            R.USER_UNKNOWN,
        ),
        (f"  Final-Recipient: rfc822; {LOST}\n  Action: failed\n  Status: 5.1.1\n", R.USER_UNKNOWN),
        (f"FINAL-RECIPIENT: RFC822; {LOST}\nACTION: FAILED\nSTATUS: 5.1.1\n", R.USER_UNKNOWN),
        (
            f"Original-Recipient: rfc822;{LOST}\nFinal-Recipient: x-local; lost\nAction: failed\nStatus: 5.1.1\n",
            R.USER_UNKNOWN,
        ),
        (f"Final-Recipient: x400; /S=l/C=us/\nOriginal-Recipient: rfc822; {LOST}\nStatus: 5.1.1\n", R.USER_UNKNOWN),
        (f"{TO}Action: failed\nStatus: 550 5.1.1 User unknown\n", R.USER_UNKNOWN),
        (f"{TO}Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 451 greylisted\n", R.GREYLISTED),
        (f"{TO}Status: 5.0.0\nDiagnostic-Code: smtp; 550-5.7.1 this is spam\n", R.SPAM),
        (f"{TO}Status: 5.0.0\nDiagnostic-Code: smtp; 550 用户不存在\n", R.USER_UNKNOWN),
        (f"{TO}Status: 5.4.4\nDiagnostic-Code: X-Postfix; Host or domain name not found.\n", R.HOST_UNKNOWN),
        (
            f"{TO}Action: failed\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; LOST@example.net\nAction: failed\n",
            R.USER_UNKNOWN,
        ),
    ],
)
def test_fields_as_they_come(fields: str, reason: Reason) -> None:
    report = parse(message(FIELDS + fields))
    assert [(one.recipient, one.action, one.reason) for one in report.recipients] == [(LOST, Action.FAILED, reason)]
    assert report.kind is Kind.DSN


@pytest.mark.parametrize(
    "fields",
    [f"Final-Recipent: rfc822; {LOST}\nAction: failed\n", f"Recipient: rfc822; {LOST}\nStatus: 5.1.1\n", ""],
    ids=["misspelt", "misnamed", "empty"],
)
def test_the_notice_tells_what_the_fields_do_not(fields: str) -> None:
    (one,) = parse(message(fields, notice=NAMES_IT)).recipients
    assert (one.recipient, one.action, one.reason) == (LOST, Action.FAILED, Reason.USER_UNKNOWN)


@pytest.mark.parametrize(
    "raw",
    [
        message(PLAIN, end=""),
        message(PLAIN, head="Content-Type: multipart/report; report-type=delivery-status\n"),
        message(PLAIN, head='Content-Type: multipart/report; report-type=delivery-status; boundary="other"\n'),
        message(PLAIN, head='Content-Type: multipart/mixed; boundary="b"\n'),
        message(PLAIN, head=""),
        message(PLAIN, head="Content-Type: text/plain\n"),
        message(PLAIN, kind="text/plain; charset=us-ascii"),
        message(PLAIN, kind="application/octet-stream; name=details.txt"),
        message(PLAIN, kind="message/global-delivery-status"),
        message(
            base64.encodebytes(PLAIN.encode()).decode(),
            kind="message/delivery-status\nContent-Transfer-Encoding: base64",
        ),
        message(
            quopri.encodestring(PLAIN.encode()).decode(),
            kind="message/delivery-status\nContent-Transfer-Encoding: quoted-printable",
        ),
        message(PLAIN, author="no-reply@example.net"),
        message(PLAIN, author="Joe <joe@example.net>", subject="Re: hello"),
        message(PLAIN, head=REPORT + "List-Id: <list.example>\n", author="owner-list@lists.example.net"),
    ],
)
def test_form_does_not_hide_the_fields(raw: bytes) -> None:
    (one,) = parse(raw).recipients
    assert (one.recipient, one.action, str(one.status)) == (LOST, Action.FAILED, "5.1.1")
    for ends in (b"\r\n", b"\r", b"\r\r\n"):
        assert parse(raw.replace(b"\n", ends)).recipients == (one,)


@pytest.mark.parametrize(
    ("charset", "text", "reason"),
    [
        ("iso-2022-jp", f"次のメールは配信できませんでした。\n\n{LOST}\n\nメールボックスが一杯です\n", R.MAILBOX_FULL),
        ("shift_jis", f"メールが送信できませんでした。\n\n{LOST}\nユーザーが存在しません\n", R.USER_UNKNOWN),
        ("gb2312", f"您的邮件无法投递\n\n收件人：{LOST}\n原因：用户不存在\n", R.USER_UNKNOWN),
        ("big5", f"您的郵件無法傳遞\n\n{LOST}\n\n信箱已滿\n", R.MAILBOX_FULL),
        ("euc-kr", f"메일이 전달되지 못했습니다.\n\n수신자: {LOST}\n사유: 사용자를 찾을 수 없습니다\n", R.USER_UNKNOWN),
        ("koi8-r", f"Ваше сообщение не доставлено\n\n{LOST}\n\nпользователь не найден\n", R.USER_UNKNOWN),
        ("windows-1251", f"Письмо не доставлено: {LOST}\nПочтовый ящик переполнен\n", R.MAILBOX_FULL),
        ("utf-16", f"Your message could not be delivered\n\n{LOST}: mailbox full\n", R.MAILBOX_FULL),
    ],
)
def test_charset_of_a_notice(charset: str, text: str, reason: Reason) -> None:
    head = "From: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\nContent-Transfer-Encoding: base64\n"
    body = base64.encodebytes(text.encode(charset)).decode()
    (one,) = parse(f"{head}Content-Type: text/plain; charset={charset}\n\n{body}".encode()).recipients
    assert (one.recipient, one.reason) == (LOST, reason)


def test_what_a_list_manager_could_not_read_is_no_event() -> None:
    head = "From: mailman@lists.example\nSubject: Uncaught bounce notification\n"
    head += "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nThe attached message was received as a bounce.\n"
    report = parse(head.encode() + b"--o\nContent-Type: message/rfc822\n\n" + message(PLAIN) + b"\n--o--\n")
    assert report.recipients == ()


@pytest.mark.parametrize("disposition", ["displayed", "deleted", "processed"])
def test_receipt_is_no_event(disposition: str) -> None:
    raw = (
        "From: Joe <joe@example.net>\nSubject: Not read: hello\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n'
        "--b\n\nYour message was deleted without being read.\n--b\n"
        f"Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; {LOST}\n"
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}\n\n--b--\n"
    ).encode()
    report = parse(raw)
    assert (report.kind, report.recipients) == (Kind.AUTO_REPLY, ())
