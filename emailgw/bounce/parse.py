"""Bytes to Report: the one entrance of the package. Never raises, and is bounded in time and memory.

The order of trust: feedback fields (RFC 5965), delivery-status fields (RFC 3464) wherever they stand, known free-text
forms, general rules; and before any text is believed, signs that the message is no report at all. Whether it came to a
signed return path is the caller's to judge. RFC 3464, RFC 5965, RFC 6591, RFC 3834.
"""

import re

import msgspec

from emailgw.bounce import wording
from emailgw.bounce.addresses import find_addresses, is_address
from emailgw.bounce.classify import MAX_TEXT, classify, is_telling
from emailgw.bounce.delivery_status import (
    DeliveryStatus,
    StatusGroup,
    enhanced_in,
    has_status_fields,
    read_delivery_status,
    reply_code_in,
)
from emailgw.bounce.feedback import read_complaint
from emailgw.bounce.folding import contains_any, folded
from emailgw.bounce.freetext import MAX_RECIPIENTS, Finding, explain, find_recipients, knows_form, origin, share
from emailgw.bounce.notice import Notice, read_notice, returned_message
from emailgw.bounce.report import (
    Action,
    BounceSubtype,
    BounceType,
    Classification,
    Kind,
    Reason,
    RecipientReport,
    Report,
)
from emailgw.bounce.signals import Signals, read_signals, unquoted
from emailgw.core.status import EnhancedStatus
from emailgw.core.text import clean_line
from emailgw.mime.reader import Fields, Mail, read

MAX_WRAPPINGS = 2
# A delay of which no cause is told: the time is what there is to say.
DELAY = Classification(Reason.EXPIRED, BounceType.TRANSIENT, BounceSubtype.GENERAL)
# Applications write with an empty reverse-path too, about users, files and payments.
_SPEAKS_OF_MAIL = re.compile(
    r"\b(?:e-?mails?|mails?|messages?|nachricht|courriel|mensaje|messaggio|mensagem|bericht|meddelande|besked|melding)\b|"
    r"smtp|wiadomosc|zprav|spravu|poruk|письм|сообщен|повідом|съобщ|邮件|郵件|信件|メール|メッセージ|메일|메시지|"
    r"رسال|הודע|پیام|μηνυμα|ข้อความ|\bthu\b|pesan|missatge|mesaj|\bileti|level|viesti"
)
_BOUNCES = (Kind.DSN, Kind.NONSTANDARD_BOUNCE, Kind.DELAYED)
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")


def parse(message: bytes) -> Report:
    """What `message` says happened, and to whom."""
    return _parse(message, MAX_WRAPPINGS)


def _parse(message: bytes, wrappings: int) -> Report:
    mail = read(message)
    if complaint := read_complaint(mail):
        return complaint
    notice = read_notice(mail)
    text = unquoted(notice.text)
    if _is_receipt(mail, text):
        return Report(kind=Kind.AUTO_REPLY)
    signals = read_signals(mail, text)
    status, kind = _delivery_status(mail, signals)
    if status.groups:
        return _status_report(status, kind, signals, text, notice)
    if not (_is_bounce(mail, signals, text) or (signals.daemon and knows_form(text))):
        return Report(kind=_kind_of_other(mail, signals, text))
    findings = _findings(mail, signals, text, notice)
    if not findings and signals.daemon and wrappings and (inner := _unwrapped(mail, wrappings - 1)):
        return inner
    return _text_report(mail, signals, text, notice, findings)


def _unwrapped(mail: Mail, wrappings: int) -> Report | None:
    """The report within a mail system's own report about a report, as some gateways send it."""
    inner = next((part for part in mail.parts if part.content_type == "message/rfc822"), None)
    report = _parse(inner.body, wrappings) if inner else None
    return report if report and report.kind in _BOUNCES and report.recipients else None


def _is_receipt(mail: Mail, text: str) -> bool:
    """A message disposition notification (RFC 8098): somebody read it, or deleted it unread.

    The same form carries refusals by a recipient's filter (RFC 5429 §2.1.2), which are bounces.
    """
    declared = mail.parameters.get("report-type", "").startswith("disposition")
    if declared or any(part.content_type == "message/disposition-notification" for part in mail.parts):
        return "rejected" not in mail.fields.raw("auto-submitted") and "automatically rejected" not in text[:2000]
    return False


def _delivery_status(mail: Mail, signals: Signals) -> tuple[DeliveryStatus, Kind]:
    """The delivery-status fields, if the message has them and is not one that merely shows somebody else's.

    They make a DSN in a part of their own, and a nonstandard bounce where they stand in a text.
    """
    for part in mail.parts:
        if part.content_type in _STATUS_TYPES and (part.parent == "multipart/report" or not signals.personal):
            status = _believable(read_delivery_status(part.text), signals)
            if status.groups:
                return status, Kind.DSN
    if signals.personal or not (signals.machine or mail.content_type == "multipart/report"):
        return DeliveryStatus(), Kind.ORDINARY
    for part in mail.parts:
        if part.content_type.startswith(("text/", "application/octet")) and has_status_fields(part.text):
            status = _believable(read_delivery_status(unquoted(part.text)), signals)
            if any(group.action or group.status for group in status.groups):
                return status, Kind.NONSTANDARD_BOUNCE
    return DeliveryStatus(), Kind.ORDINARY


def _believable(status: DeliveryStatus, signals: Signals) -> DeliveryStatus:
    """`status` without groups that were cut off before they said anything about an address."""
    silent = (signals.failure or signals.delay) and not signals.success
    kept = [one for one in status.groups if one.action or one.status or (silent and is_address(one.recipient))]
    return msgspec.structs.replace(status, groups=tuple(kept))


def _status_report(status: DeliveryStatus, kind: Kind, signals: Signals, text: str, notice: Notice) -> Report:
    returned = returned_message(notice.fields)
    if status.sender:
        returned = msgspec.structs.replace(returned, reverse_paths=(*returned.reverse_paths, status.sender))
    groups = _with_addresses(status.groups, text)
    told = explain(text, [group.recipient for group in groups])
    length = share(len(groups))
    recipients = tuple(
        _status_recipient(group, _action_of(group, signals), finding.explanation, length)
        for group, finding in zip(groups, told, strict=True)
    )
    delayed = all(report.action is Action.DELAYED for report in recipients)
    return Report(
        kind=Kind.DELAYED if delayed else kind,
        recipients=recipients,
        reporting_mta=status.reporting_mta,
        arrival_date=status.arrival_date,
        envelope_id=status.envelope_id,
        returned=returned,
    )


def _with_addresses(groups: tuple[StatusGroup, ...], text: str) -> tuple[StatusGroup, ...]:
    """The groups, a pipe or a file among them replaced by the address that it was made from, where the text says."""
    if all(is_address(group.recipient) for group in groups):
        return groups
    found = find_recipients(text, frozenset()) if len(groups) == 1 else []
    source = origin(text) or (found[0].address if len(found) == 1 else None)
    named = (None if is_address(group.recipient) else source for group in groups)
    return tuple(
        msgspec.structs.replace(group, recipient=address) if address else group
        for group, address in zip(groups, named, strict=True)
    )


def _status_recipient(group: StatusGroup, action: Action, explanation: str, length: int) -> RecipientReport:
    failed = action in (Action.FAILED, Action.DELAYED)
    said = group.diagnostic or (_said_to_people(group.recipient, explanation) if failed else "")
    report = RecipientReport(
        recipient=group.recipient,
        original_recipient=group.original_recipient,
        action=action,
        status=group.status if group.diagnostic else _named_in(said, group.status),
        reply_code=reply_code_in(said),
        diagnostic=said,
        remote_mta=group.remote_mta,
    )
    return _classified(report, explanation, length) if failed else report


def _said_to_people(recipient: str, explanation: str) -> str:
    """What the notice's list says of the recipient, for reports that have it nowhere else, as OpenSMTPD's."""
    if not explanation.lower().startswith(recipient.lower()):
        return ""
    entry, _, _ = explanation[len(recipient) :].partition("\n\n")
    return clean_line(entry.lstrip(" \t\r\n>\"'):;,.]"))


def _named_in(said: str, status: EnhancedStatus | None) -> EnhancedStatus | None:
    """`status`, or the one in the words where the field says nothing but the class."""
    found = enhanced_in(said)
    if found is None or status is None or found.cls != status.cls or (status.subject, status.detail) != (0, 0):
        return status
    return found


def _action_of(group: StatusGroup, signals: Signals) -> Action:
    """RFC 3464 wants an Action; without one the class of the status tells, and without that the notice."""
    if group.action is not None:
        return group.action
    if group.status is None:
        return Action.DELAYED if signals.delay else Action.FAILED
    if group.status.is_permanent:
        return Action.FAILED
    return Action.DELIVERED if group.status.is_success else Action.DELAYED


def _classified(report: RecipientReport, explanation: str, length: int) -> RecipientReport:
    """`report` with what its failure means: by its own diagnostic and codes, else by the explanation for people. Of
    each `length` characters count.
    """
    said = report.diagnostic[:length]
    explanation = explanation[:length]
    found = classify(report.status, report.reply_code, said)
    if explanation and not is_telling(report.status) and not classify(None, None, said).known:
        told = classify(None, None, explanation)
        found = told if told.known else found
    if not found.known and report.action is Action.DELAYED:
        found = DELAY
    return msgspec.structs.replace(report, reason=found.reason, type=found.type, subtype=found.subtype, hard=found.hard)


def _is_bounce(mail: Mail, signals: Signals, text: str) -> bool:
    """Whether text may be believed to report a failure or a delay."""
    if "x-failed-recipients" in mail.fields:
        return True
    if signals.personal or signals.success or signals.own_mailbox or _is_statistic(signals):
        return False
    if signals.daemon:
        told = signals.failure or signals.delay or (signals.robot and classify(None, None, text).known)
        return told and not (signals.vacation and not signals.failure_subject)
    if signals.vacation or signals.auto_reply or signals.list_traffic:
        return False
    if not _SPEAKS_OF_MAIL.search(folded(f"{mail.fields.get('subject')[:500]}\n{text[:3000]}")):
        return False
    if signals.null_sender and (signals.failure_subject or signals.delay):
        return True
    told = signals.failure_subject or (signals.failure_text and signals.null_sender and _is_to_a_sender(signals, text))
    return told and _names_cause(text) and not contains_any(folded(text[:6000]), wording.PARCELS)


def _is_to_a_sender(signals: Signals, text: str) -> bool:
    """Whether `text` tells somebody what became of a message, which an application or a person away does not."""
    return not signals.automatic and contains_any(folded(text[:6000]), (*wording.ABOUT_YOUR_MESSAGE, "deliver"))


def _is_statistic(signals: Signals) -> bool:
    """Whether the message counts what happened to many; a postmaster may send such a thing, a robot says it of one."""
    return signals.aggregate and not signals.robot and not (signals.daemon and signals.failure_subject)


def _names_cause(text: str) -> bool:
    """Whether `text` says why, as a mail system would: parcels fail to be delivered too."""
    return bool(enhanced_in(text) or reply_code_in(text)) or classify(None, None, text).known


def _kind_of_other(mail: Mail, signals: Signals, text: str) -> Kind:
    """What a message is that reports nothing."""
    if signals.vacation:
        return Kind.VACATION
    if signals.auto_reply or signals.automatic:
        return Kind.VACATION if contains_any(folded(text[:2000]), wording.VACATION_TEXT) else Kind.AUTO_REPLY
    reported = mail.content_type == "multipart/report" and mail.parameters.get("report-type") == "delivery-status"
    if reported or (not mail.fields.items and not text.strip()):
        return Kind.MALFORMED
    return Kind.ORDINARY


def _findings(mail: Mail, signals: Signals, text: str, notice: Notice) -> list[Finding]:
    """The recipients that the text reports: those of Exim's header field, else those that the rules find."""
    known = find_addresses(" ".join(mail.fields.all("x-failed-recipients"))[:20_000])[:MAX_RECIPIENTS]
    if known:
        return explain(text, known)
    findings = find_recipients(text, _strangers(mail.fields, notice.fields), signals.daemon and signals.failure_subject)
    unnamed = "to" not in notice.fields
    if not findings and signals.daemon and unnamed:  # mail to oneself: who gets the report is who could not be reached
        findings = find_recipients(text, frozenset(find_addresses(mail.fields.raw("from").lower())))
    return findings


def _text_report(mail: Mail, signals: Signals, text: str, notice: Notice, findings: list[Finding]) -> Report:
    returned = returned_message(notice.fields)
    if not findings and len(returned.recipients) == 1 and (signals.daemon or signals.failure_subject):
        findings = [Finding(returned.recipients[0], text[:2000])]
    if not findings and not signals.daemon:
        return Report(kind=_kind_of_other(mail, signals, text))
    action = Action.DELAYED if signals.delay else Action.FAILED
    common = _common(text, findings)
    recipients = tuple(_text_recipient(finding, action, common, len(findings)) for finding in findings)
    kind = Kind.DELAYED if signals.delay and recipients else Kind.NONSTANDARD_BOUNCE
    return Report(kind=kind, recipients=recipients, returned=returned)


def _common(text: str, findings: list[Finding]) -> str:
    """`text` without the entries of a list of several recipients: what one says explains no other's failure."""
    if len(findings) > 1:
        for finding in (one for one in findings if one.explanation.startswith(one.address)):
            text = text.replace(finding.explanation.partition("\n")[0], " ", 1)
    return text


def _text_recipient(finding: Finding, action: Action, text: str, count: int) -> RecipientReport:
    own = finding.explanation
    whole = text if count == 1 else ""
    code = reply_code_in(own) or reply_code_in(whole)
    report = RecipientReport(
        recipient=clean_line(finding.address),
        action=action,
        status=enhanced_in(own) or enhanced_in(whole),
        reply_code=code,
        diagnostic=clean_line(own.removeprefix(finding.address).lstrip(" \t\r\n>\"'):;,.]")),
    )
    return _classified(report, text, MAX_TEXT if count == 1 else share(count))


def _strangers(fields: Fields, returned_fields: Fields) -> frozenset[str]:
    """Addresses that take part but are not the failed ones: whom the report came from and to, who wrote the message."""
    returned = returned_message(returned_fields)
    names = ("from", "to", "cc", "reply-to", "return-path", "sender", "x-original-to", "delivered-to", "envelope-to")
    found = [address for name in names for address in find_addresses(fields.raw(name)[:2000])]
    for name in ("from", "sender", "reply-to", "return-path"):
        found += find_addresses(returned_fields.raw(name)[:2000])
    found += returned.reverse_paths
    recipients = {address.lower() for address in returned.recipients}
    return frozenset(address.lower() for address in found) - recipients
