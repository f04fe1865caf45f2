"""Reports in many forms, and messages that are none."""

import pytest

from emailgw.bounce.dialects import DIALECTS, Dialect
from emailgw.bounce.freetext import find_recipients
from emailgw.bounce.parse import parse
from emailgw.bounce.report import Action, BounceType, Kind, Reason
from emailgw.core.status import EnhancedStatus
from tests.bounce.forms import FORMS, RETURNED, Form
from tests.bounce.forms_abroad import ABROAD
from tests.bounce.forms_of_gateways import GATEWAYS
from tests.bounce.forms_of_servers import SERVERS
from tests.bounce.forms_worldwide import WORLDWIDE
from tests.bounce.more_forms import MORE_FORMS
from tests.bounce.more_nonevents import MORE_NONEVENTS
from tests.bounce.nonevents import NONEVENTS, NonEvent

NOT_EVENTS = (Kind.ORDINARY, Kind.VACATION, Kind.AUTO_REPLY)


def report_of(status: str, head: str = "", returned: str = "") -> bytes:
    """A DSN as RFC 3464 wants it, with these delivery-status fields."""
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: me@example.com\nSubject: Undelivered Mail\nMIME-Version: 1.0\n{head}"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"\n\n'
        "--b/1\n\nIt could not be delivered.\n--b/1\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\nArrival-Date: today\n\n{status}\n--b/1\nContent-Type: message/rfc822\n\n"
        f"{returned or RETURNED.lstrip()}\n--b/1--\n"
    ).encode()


@pytest.mark.parametrize("returned", ["", RETURNED], ids=["notice", "with returned message"])
@pytest.mark.parametrize(
    "form", [*FORMS, *MORE_FORMS, *SERVERS, *GATEWAYS, *ABROAD, *WORLDWIDE], ids=lambda form: form.name
)
def test_form_is_read(form: Form, returned: str) -> None:
    if "other@example.org" in form.expected:
        returned = RETURNED  # only the returned message names the recipient
    kind = "text/html" if form.notice.startswith("<html") else "text/plain"
    body = form.notice + (returned if kind == "text/plain" else "")
    head = f"From: {form.author}\nTo: me@example.com\nSubject: {form.subject}\n"
    report = parse(f"{head}Content-Type: {kind}; charset=utf-8\n\n{body}".encode())
    assert {one.recipient: one.reason for one in report.recipients} == form.expected
    assert {one.action for one in report.recipients} == {form.action}
    assert report.kind is (Kind.DELAYED if form.action is Action.DELAYED else Kind.NONSTANDARD_BOUNCE)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_dialect_reads_its_sample(dialect: Dialect) -> None:
    assert [finding.address for finding in find_recipients(dialect.sample, frozenset())] == ["lost@example.net"]


@pytest.mark.parametrize("message", [*NONEVENTS, *MORE_NONEVENTS], ids=lambda message: message.name)
def test_what_is_no_report_is_no_event(message: NonEvent) -> None:
    report = parse(f"{message.header}\nTo: me@example.com\n\n{message.body}".encode())
    assert report.kind in NOT_EVENTS
    assert report.recipients == ()


def test_greeting_of_a_post_office_is_no_letter() -> None:
    body = (
        "Sehr geehrte Damen und Herren,\n\nIhre Nachricht an lost@example.net konnte nicht zugestellt werden, da die "
    )
    head = "Return-Path: <>\nFrom: postmaster@example.net\nTo: me@example.com\nSubject: Nachricht unzustellbar\n"
    letter = f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}zulässige Größe überschritten wurde.\n"
    (one,) = parse(letter.encode()).recipients
    assert (one.recipient, one.reason) == ("lost@example.net", Reason.SIZE)
    assert parse(letter.replace("Return-Path: <>\n", "").encode()).recipients == ()


def test_provider_code_is_no_reply_code() -> None:
    notice = "Message non délivré à :\n\n <lost@example.net>\n\nAdresse d'au moins un destinataire invalide. OFR_416\n"
    head = "From: MAILER-DAEMON@example.net\nTo: me@example.com\nSubject: echec de livraison\n"
    (one,) = parse(f"{head}Content-Type: text/plain; charset=utf-8\n\n{notice}".encode()).recipients
    assert (one.reply_code, one.reason, one.hard) == (None, Reason.USER_UNKNOWN, True)


def test_fields_of_a_standard_report() -> None:
    report = parse(
        report_of(
            "Original-Recipient: rfc822; asked+40example.net\nFinal-Recipient: RFC822; <lost@example.net>\n"
            "Action: Failed (really)\n"
            "Status: 5.1.1 (bad mailbox)\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.1.1\n"
            " no such user\n"
        )
    )
    assert report.kind is Kind.DSN
    assert (report.reporting_mta, report.arrival_date) == ("mx.example", "today")
    (one,) = report.recipients
    assert (one.recipient, one.original_recipient) == ("lost@example.net", "asked@example.net")
    assert (one.action, one.status, one.reply_code) == (Action.FAILED, EnhancedStatus(5, 1, 1), 550)
    assert (one.diagnostic, one.remote_mta) == ("550 5.1.1 no such user", "mx.example.net")
    assert (one.reason, one.type, one.hard) == (Reason.USER_UNKNOWN, BounceType.PERMANENT, True)
    assert report.message_id == "<42@example.com>"
    assert report.returned.reverse_paths == ("me@example.com",)


@pytest.mark.parametrize(
    ("fields", "recipients", "kind"),
    [
        (
            "Final-Recipient: rfc822; a@x.example\nAction: delayed\nStatus: 4.4.1\n",
            {"a@x.example": "delayed"},
            Kind.DELAYED,
        ),
        (
            "Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0\n",
            {"a@x.example": "delivered"},
            Kind.DSN,
        ),
        (
            "Final-Recipient: rfc822; a@x.example\nAction: relayed\nStatus: 2.0.0\n",
            {"a@x.example": "relayed"},
            Kind.DSN,
        ),
        ("Final-Recipient: rfc822; a@x.example\nStatus: 5.0.0\n", {"a@x.example": "failed"}, Kind.DSN),
        ("Final-Recipient: rfc822; a@x.example\nStatus: 4.2.0\n", {"a@x.example": "delayed"}, Kind.DELAYED),
        ("Final-Recipient: utf-8; \\x{E9}ric@x.example\nAction: failed\n", {"éric@x.example": "failed"}, Kind.DSN),
        ("final-recipient : a@x.example\naction: failure\n", {"a@x.example": "failed"}, Kind.DSN),
        (
            "Final-Recipient: rfc822; a@x.example\nAction: failed\nFinal-Recipient: rfc822; b@x.example\n"
            "Action: delayed\n",
            {"a@x.example": "failed", "b@x.example": "delayed"},
            Kind.DSN,
        ),
        (
            "Final-Recipient: rfc822; a@x.example\nFinal-Recipient: rfc822; a@x.example\nAction: failed\n"
            "Action: failed\n",
            {"a@x.example": "failed"},
            Kind.DSN,
        ),
        (
            "Final-Recipient: x-unix; |/bin/sort\nOriginal-Recipient: rfc822; a@x.example\nAction: failed\n",
            {"a@x.example": "failed"},
            Kind.DSN,
        ),
    ],
)
def test_delivery_status_as_it_comes(fields: str, recipients: dict[str, str], kind: Kind) -> None:
    report = parse(report_of(fields))
    assert {one.recipient: one.action.value for one in report.recipients} == recipients
    assert report.kind is kind


def test_a_gateway_may_wrap_a_report_in_its_own() -> None:
    inner = report_of("Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n")
    head = b"From: MAILER-DAEMON@gw.example\nSubject: Returned mail\nContent-Type: multipart/mixed; boundary=o\n\n"
    report = parse(head + b"--o\n\nreturned to sender\n--o\nContent-Type: message/rfc822\n\n" + inner + b"\n--o--\n")
    assert [one.recipient for one in report.recipients] == ["a@x.example"]


@pytest.mark.parametrize(
    ("fields", "kind", "recipients"),
    [
        (
            "Feedback-Type: abuse\nOriginal-Rcpt-To: <lost@example.net>\nSource-IP: 192.0.2.1\n",
            "abuse",
            ["lost@example.net"],
        ),
        ("Feedback-Type: abuse\nUser-Agent: x/1\n", "abuse", ["other@example.org"]),
        ("Feedback-Type: Fraud\nOriginal-Rcpt-To: <redacted>\n", "fraud", ["other@example.org"]),
        (
            "Feedback-Type: auth-failure\nAuth-Failure: dmarc\nReported-Domain: example.com\n",
            "auth-failure",
            ["other@example.org"],
        ),
    ],
)
def test_complaint(fields: str, kind: str, recipients: list[str]) -> None:
    report = parse(
        (
            "From: fbl@provider.example\nSubject: FW: hello\n"
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n"
            f"--b\nContent-Type: message/feedback-report\n\n{fields}\n--b\nContent-Type: message/rfc822\n\n"
            f"{RETURNED.lstrip()}\n--b--\n"
        ).encode()
    )
    assert (report.kind, report.feedback_type) == (Kind.ARF, kind)
    assert [one.recipient for one in report.recipients] == recipients
    assert all(one.action is Action.DELIVERED and not one.hard for one in report.recipients)
    assert report.message_id == "<42@example.com>"


LISTED = (
    "Some mail could not be delivered to:\n\nLost@example.net: 550 5.1.1 No such user\n"
    "full@example.net: 452 4.2.2 Over quota\nbad@example.net: 554 Go away\n\nBelow is your message, of 5.6.7 hours.\n"
)


def test_what_stands_only_in_the_list_for_people_is_the_diagnostic() -> None:
    """OpenSMTPD's delivery-status fields give the class of the status and no Diagnostic-Code."""
    names = ("lost", "full", "bad")
    fields = "\n\n".join(f"Final-Recipient: rfc822; {one}@example.net\nAction: failed\nStatus: 5.0.0" for one in names)
    report = parse(report_of(fields).replace(b"It could not be delivered.\n", LISTED.encode()))
    assert [(str(one.status), one.reply_code, one.diagnostic, one.reason) for one in report.recipients] == [
        ("5.1.1", 550, "550 5.1.1 No such user", Reason.USER_UNKNOWN),
        ("5.0.0", 452, "452 4.2.2 Over quota", Reason.MAILBOX_FULL),  # what the field says of the class holds
        ("5.0.0", 554, "554 Go away", report.recipients[2].reason),
    ]


def test_a_diagnostic_of_its_own_and_a_telling_status_hold() -> None:
    fields = "Final-Recipient: rfc822; lost@example.net\nAction: failed\nStatus: 5.2.1\n"
    listed = report_of(fields).replace(b"It could not be delivered.\n", b"lost@example.net: 550 5.1.1 No such user\n")
    (one,) = parse(listed).recipients
    assert (str(one.status), one.diagnostic) == ("5.2.1", "550 5.1.1 No such user")
    (one,) = parse(listed.replace(b"Status: 5.2.1\n", b"Status: 5.0.0\nDiagnostic-Code: smtp; 550 Nope\n")).recipients
    assert (str(one.status), one.diagnostic) == ("5.0.0", "550 Nope")
