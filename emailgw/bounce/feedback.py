"""Complaints: feedback reports by RFC 5965 and RFC 6591, and the feedback loops that follow neither.

The recipient is often redacted; then `recipients` is empty, and the returned header (our signed reverse-path, our
Message-ID) must tell whose complaint it is.
"""

import re

from emailgw.bounce.addresses import field_address, find_addresses, is_address
from emailgw.bounce.folding import folded, phrases
from emailgw.bounce.notice import read_notice, returned_message
from emailgw.bounce.report import (
    Action,
    BounceSubtype,
    BounceType,
    Feedback,
    Kind,
    Reason,
    RecipientReport,
    Report,
    Returned,
)
from emailgw.core.text import clean_line
from emailgw.mime.reader import Fields, Mail, Part, read_fields

MAX_RECIPIENTS = 100

_FEEDBACK_FIELD = re.compile(r"^feedback-type[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
_LOOP_AUTHOR = re.compile(r"scomp@|fbl|feedback|complain|abuse|spam|staff@hotmail|jmrp|arf@|report", re.IGNORECASE)
_LOOP_SUBJECT = phrases(
    """
    abuse report | email feedback report | feedback report | complaint about message | complaint about email
    fbl report | spam complaint | spam report | complaint from | feedback loop
    abuse complaint | junk mail report | complaint notification
    """
)
_LOOP_RECIPIENT = (
    "x-hmxmroriginalrecipient",
    "x-original-recipient",
    "x-rcpt-to",
    "x-envelope-to",
    "envelope-to",
    "x-recipient",
)


def read_complaint(mail: Mail) -> Report | None:
    """The complaint in `mail`, or None when it is none."""
    for part in mail.parts:
        if part.content_type == "message/feedback-report":
            return _report(mail, read_fields(part.body[:65536].replace(b"\r\n", b"\n").lstrip())[0], part)
    declared = mail.parameters.get("report-type", "").startswith("feedback")
    if declared or any(name == "x-loop" and "scomp" in value for name, value in mail.fields.items):
        for part in mail.parts:
            if part.content_type.startswith(("text/", "application/octet")) and _FEEDBACK_FIELD.search(
                part.text[:8000]
            ):
                at = _FEEDBACK_FIELD.search(part.text[:8000])
                start = at.start() if at else 0
                return _report(mail, read_fields(part.text[start : start + 65536].encode("utf-8", "replace"))[0], part)
        return _report(mail, Fields([]), None)
    return _report(mail, Fields([]), None) if _is_loop(mail) else None


def _is_loop(mail: Mail) -> bool:
    """A feedback loop's mail without feedback fields: a machine's complaint with the message attached."""
    if not any(part.content_type in ("message/rfc822", "text/rfc822-headers") for part in mail.parts):
        return False
    subject = folded(mail.fields.get("subject")[:300])
    author = mail.fields.raw("from")[:300]
    return bool(_LOOP_AUTHOR.search(author)) and any(phrase in subject for phrase in _LOOP_SUBJECT)


def _report(mail: Mail, fields: Fields, part: Part | None) -> Report:
    returned_fields = read_notice(mail).fields
    returned = returned_message(returned_fields)
    recipients = _recipients(fields, returned_fields, returned)
    kind = fields.raw("feedback-type").split("(")[0].strip().lower()[:40] or "abuse"
    feedback = Feedback(
        type=clean_line(kind),
        user_agent=_value(fields, "user-agent"),
        source_ip=_value(fields, "source-ip"),
        reported_domain=_value(fields, "reported-domain"),
        original_mail_from=field_address(fields.raw("original-mail-from")) or None,
        auth_failure=_value(fields, "auth-failure"),
    )
    return Report(
        kind=Kind.ARF,
        recipients=tuple(_complainer(address) for address in recipients),
        reporting_mta=_value(fields, "reporting-mta"),
        arrival_date=_value(fields, "arrival-date") or _value(fields, "received-date"),
        envelope_id=_value(fields, "original-envelope-id"),
        feedback=feedback,
        returned=returned,
    )


def _recipients(fields: Fields, returned_fields: Fields, returned: Returned) -> list[str]:
    """Original-Rcpt-To, else the returned message's own recipients."""
    stated = [field_address(value) for name in ("original-rcpt-to", "removal-recipient") for value in fields.all(name)]
    for name in _LOOP_RECIPIENT:
        stated += find_addresses(returned_fields.raw(name)[:1000])
    known = [address for address in stated if is_address(address)]
    return list(dict.fromkeys(known or find_addresses(returned_fields.raw("to")[:4000])))[:MAX_RECIPIENTS]


def _complainer(address: str) -> RecipientReport:
    """Who complained got the message: it was delivered, and is not a failure."""
    return RecipientReport(
        recipient=clean_line(address),
        action=Action.DELIVERED,
        reason=Reason.OTHER,
        type=BounceType.UNDETERMINED,
        subtype=BounceSubtype.UNDETERMINED,
    )


def _value(fields: Fields, name: str) -> str | None:
    return clean_line(fields.raw(name), 300) or None
