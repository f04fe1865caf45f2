"""The mail log: one line for each thing that happens to mail, fixed key order, one function per kind of line.

For grep and for log shippers. Bodies, keys and subjects never appear. Values with blanks are quoted as JSON strings.
"""

import json
import logging
import re
from collections.abc import Sequence

from emailgw.core.events import Attempt, Event
from emailgw.core.model import Message, Recipient
from emailgw.core.receiving import Received
from emailgw.core.webhooks import WebhookAttempt, WebhookDelivery

_log = logging.getLogger("emailgw.mail")
_PLAIN = re.compile(r"[!-~]+\Z")


def accepted(told: Sequence[tuple[Message, int, int]], door: str) -> None:
    """Messages are on stable storage, each with its number of recipients and its size. They are written together: to
    the system, line by line costs more than all else about them.
    """
    if _log.isEnabledFor(logging.INFO):
        lines = [
            _line("accepted", message=message.id, key=message.key_id, author=message.author, recipients=recipients,
                  size=size, door=door)
            for message, recipients, size in told
        ]  # fmt: skip
        _log.info("%s", "\n".join(lines))


def tried(recipient: Recipient, attempt: Attempt) -> None:
    """A try is over; `recipient` is as it left it."""
    where = f"{attempt.host}[{attempt.address}]:{attempt.port}" if attempt.host and attempt.address else "none"
    _write(
        recipient.state.value, message=recipient.message_id, recipient=recipient.id, to=recipient.address,
        nexthop=recipient.nexthop, host=where, tls=attempt.tls.version if attempt.tls else "none",
        tries=recipient.tries, delay=f"{attempt.delays.total / 1000:.3g}", delays=attempt.delays,
        status=recipient.status or "none", reason=recipient.reason,
    )  # fmt: skip


def changed(event: Event) -> None:
    """Something other than a try changed a recipient: a report by mail, the operator, a client."""
    detail = event.detail
    _write(event.type.value, message=event.message_id, recipient=event.recipient_id, to=event.address,
           source=detail.source.value, status=detail.status or "none", reporting_mta=detail.reporting_mta or "none",
           reason=detail.reason)  # fmt: skip


def received(mail: Received) -> None:
    """Mail for somebody here is on stable storage."""
    _write("received", message=mail.id, to=",".join(map(str, mail.recipients)), reverse_path=mail.reverse_path or "<>",
           client=mail.client or "none", size=mail.size, spam=str(mail.summary.spam).lower(),
           dmarc=mail.summary.authentication.dmarc.result if mail.summary.authentication else "none")  # fmt: skip


def unparsed(message_id: str, recipient_id: int, kind: str, size: int) -> None:
    """Mail to a valid return path that changed nothing."""
    _write("unparsed", message=message_id, recipient=recipient_id, kind=kind, size=size)


def webhook(delivery: WebhookDelivery, attempt: WebhookAttempt, events: int) -> None:
    """An endpoint was told of so many events in one POST, or was not; `delivery`, the first, is as the try left it."""
    _write("webhook", endpoint=delivery.endpoint_id, event=delivery.event_id, events=events, name=delivery.name,
           state=delivery.state.value, tries=delivery.tries, delay=f"{attempt.duration / 1000:.3g}",
           status=attempt.status or "none", reason="" if attempt.succeeded else attempt.response)  # fmt: skip


def _write(word: str, **values: object) -> None:
    if _log.isEnabledFor(logging.INFO):
        _log.info("%s", _line(word, **values))


def _line(word: str, **values: object) -> str:
    return f"{word} {' '.join([f'{key}={_quoted(str(value))}' for key, value in values.items()])}"


def _quoted(text: str) -> str:
    return text if _PLAIN.match(text) and '"' not in text else json.dumps(text, ensure_ascii=True)
