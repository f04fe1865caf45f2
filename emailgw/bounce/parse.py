"""Bytes to Report: the one entrance of the package. Never raises, and is bounded in time and memory.

The order of trust: feedback fields (RFC 5965), delivery-status fields (RFC 3464) wherever they stand, known free-text
forms, general rules; and before any text is believed, signs that the message is no report at all. Who the message
came to (a signed return path or not) is the caller's to judge. RFC 3464, RFC 5965, RFC 6591, RFC 3834.
"""

from collections.abc import Iterable

import msgspec

from emailgw.bounce.classify import classify
from emailgw.bounce.delivery_status import StatusGroup, has_status_fields, read_delivery_status, reply_code_in
from emailgw.bounce.report import Action, Kind, RecipientReport, Report
from emailgw.mime.reader import read


def parse(message: bytes) -> Report:
    """What `message` says happened, and to whom."""
    mail = read(message)
    for part in mail.parts:
        if part.content_type == "message/delivery-status" or has_status_fields(part.text):
            fields = read_delivery_status(part.text)
            if fields.groups:
                recipients = tuple(recipient_report(group) for group in fields.groups)
                return Report(
                    kind=kind_of(recipients),
                    recipients=recipients,
                    reporting_mta=fields.reporting_mta,
                    arrival_date=fields.arrival_date,
                    envelope_id=fields.envelope_id,
                )
    return Report(kind=Kind.ORDINARY)


def kind_of(recipients: Iterable[RecipientReport]) -> Kind:
    """A report in which every recipient is only delayed is not final."""
    return Kind.DELAYED if all(report.action is Action.DELAYED for report in recipients) else Kind.DSN


def recipient_report(group: StatusGroup) -> RecipientReport:
    """A delivery-status group with what it means."""
    code = reply_code_in(group.diagnostic)
    action = group.action or _action_of(group)
    common = RecipientReport(
        recipient=group.recipient,
        original_recipient=group.original_recipient,
        action=action,
        status=group.status,
        reply_code=code,
        diagnostic=group.diagnostic,
        remote_mta=group.remote_mta,
    )
    return common if action not in (Action.FAILED, Action.DELAYED) else _classified(common)


def _classified(report: RecipientReport) -> RecipientReport:
    found = classify(report.status, report.reply_code, report.diagnostic)
    return msgspec.structs.replace(report, reason=found.reason, type=found.type, subtype=found.subtype, hard=found.hard)


def _action_of(group: StatusGroup) -> Action:
    """RFC 3464 wants an Action; without one the class of the status tells."""
    if group.status is None or group.status.is_permanent:
        return Action.FAILED
    return Action.DELIVERED if group.status.is_success else Action.DELAYED
