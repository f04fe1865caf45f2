"""The mail log: one line for each thing that happens to mail, fixed key order, one function per kind of line.

For grep and for log shippers. Bodies, keys and subjects never appear. Values with blanks are quoted as JSON strings;
ids, numbers and words of our own have none and stand as they are. What is said in one turn of the loop, as of all that
was committed together, is one record of several lines: to `logging` and to the system, each by itself costs more than
all else about it.
"""

import asyncio
import json
import logging
import re
from collections.abc import Sequence

from emailgw.core.events import Attempt, Event
from emailgw.core.model import Message, Recipient
from emailgw.core.receiving import Received
from emailgw.core.webhooks import WebhookAttempt, WebhookDelivery

_log = logging.getLogger("emailgw.mail")
_plain = re.compile(r"[!#-~]+").fullmatch
_waiting: list[str] = []  # lines, until the turn is over


def accepted(told: Sequence[tuple[Message, int, int]], door: str) -> None:
    """Messages are on stable storage, each with its number of recipients and its size."""
    if _log.isEnabledFor(logging.INFO):
        for message, recipients, size in told:
            _say(
                f"accepted message={message.id} key={message.key_id} author={_quoted(str(message.author))} "
                f"recipients={recipients} size={size} door={door}"
            )


def tried(recipient: Recipient, attempt: Attempt) -> None:
    """A try is over; `recipient` is as it left it."""
    if _log.isEnabledFor(logging.INFO):
        where = f"{attempt.host}[{attempt.address}]:{attempt.port}" if attempt.host and attempt.address else "none"
        _say(
            f"{recipient.state.value} message={recipient.message_id} recipient={recipient.id} "
            f"to={_quoted(str(recipient.address))} nexthop={_quoted(recipient.nexthop)} host={_quoted(where)} "
            f"tls={_quoted(attempt.tls.version) if attempt.tls else 'none'} tries={recipient.tries} "
            f"delay={attempt.delays.total / 1000:.3g} delays={attempt.delays} status={recipient.status or 'none'} "
            f"reason={_quoted(recipient.reason)}"
        )


def changed(event: Event) -> None:
    """Something other than a try changed a recipient: a report by mail, the operator, a client."""
    if _log.isEnabledFor(logging.INFO):
        detail = event.detail
        _say(
            f"{event.type.value} message={event.message_id} recipient={event.recipient_id} "
            f"to={_quoted(str(event.address))} source={detail.source.value} status={detail.status or 'none'} "
            f"reporting_mta={_quoted(detail.reporting_mta or 'none')} reason={_quoted(detail.reason)}"
        )


def received(mail: Received) -> None:
    """Mail for somebody here is on stable storage."""
    if _log.isEnabledFor(logging.INFO):
        authentication = mail.summary.authentication
        _say(
            f"received message={mail.id} to={_quoted(','.join(map(str, mail.recipients)))} "
            f"reverse_path={_quoted(str(mail.reverse_path or '<>'))} client={_quoted(mail.client or 'none')} "
            f"size={mail.size} spam={str(mail.summary.spam).lower()} "
            f"dmarc={_quoted(authentication.dmarc.result) if authentication else 'none'}"
        )


def unparsed(message_id: str, recipient_id: int, kind: str, size: int) -> None:
    """Mail to a valid return path that changed nothing."""
    if _log.isEnabledFor(logging.INFO):
        _say(f"unparsed message={message_id} recipient={recipient_id} kind={kind} size={size}")


def webhook(delivery: WebhookDelivery, attempt: WebhookAttempt, events: int) -> None:
    """An endpoint was told of so many events in one POST, or was not; `delivery`, the first, is as the try left it."""
    if _log.isEnabledFor(logging.INFO):
        _say(
            f"webhook endpoint={delivery.endpoint_id} event={delivery.event_id} events={events} "
            f"name={_quoted(delivery.name)} state={delivery.state.value} tries={delivery.tries} "
            f"delay={attempt.duration / 1000:.3g} status={attempt.status or 'none'} "
            f"reason={_quoted('' if attempt.succeeded else attempt.response)}"
        )


def _say(line: str) -> None:
    _waiting.append(line)
    if len(_waiting) == 1:
        try:
            asyncio.get_running_loop().call_soon(_write)
        except RuntimeError:  # no loop, so no turn
            _write()


def _write() -> None:
    lines = "\n".join(_waiting)
    _waiting.clear()
    _log.info(lines)


def _quoted(text: str) -> str:
    return text if _plain(text) else json.dumps(text, ensure_ascii=True)
