"""What reports by mail do to recipients: late bounces and delay warnings.

A report counts only for the recipient whose signed return path it was sent to, only once, and only while that
recipient is delivered (the DSN rows of the state table). Everything else is counted, kept if it could not be read, and
changes nothing.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import msgspec

from emailgw import maillog, metrics
from emailgw.bounce.parse import parse
from emailgw.bounce.report import Action, Kind, RecipientReport, Report
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import RecipientId, SerialNumbers
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.status import EnhancedStatus
from emailgw.errors import Conflict, NotFound, StoreUnavailable
from emailgw.store.history import History
from emailgw.store.queue import Queue

log = logging.getLogger("emailgw.queue")

_PERMANENT = EnhancedStatus(5, 0, 0)
_DELAYED = EnhancedStatus(4, 0, 0)
_NO_EVENT = (Kind.AUTO_REPLY, Kind.VACATION, Kind.ORDINARY)


class Bounces:
    def __init__(self, queue: Queue, history: History, clock: Callable[[], int], serials: SerialNumbers) -> None:
        self._queue = queue
        self._history = history
        self._clock = clock
        self._serials = serials

    async def receive(self, recipient_id: RecipientId, raw: bytes) -> None:
        """Mail to a recipient's valid return path. When this returns, its effect is on stable storage.

        Raises StoreUnavailable when it must be offered again: the storage fails, or the recipient is being settled
        just now and the report was faster than our own record.
        """
        try:
            recipient = await self._history.recipient(recipient_id)
        except NotFound:
            metrics.reports.labels("any", "forgotten").inc()
            return
        if recipient.lease is not None:
            raise StoreUnavailable("its delivery is not recorded yet")
        report = await asyncio.to_thread(parse, raw)
        about = _about(recipient, report)
        if about is None or report.kind is Kind.MALFORMED:
            await self._keep(recipient, report, raw)
            return
        outcome = _outcome(recipient, report, about, self._clock())
        if outcome is None:
            metrics.reports.labels(report.kind.value, "none").inc()
            return
        after, event = outcome
        try:
            await self._queue.report(after, event, _digest(raw))
        except Conflict as error:
            log.info("report for recipient %d changes nothing: %s", recipient.id, error)
            metrics.reports.labels(report.kind.value, "repeated").inc()
            return
        maillog.changed(event)
        metrics.reports.labels(report.kind.value, event.type.value).inc()

    async def _keep(self, recipient: Recipient, report: Report, raw: bytes) -> None:
        if report.kind in _NO_EVENT:
            metrics.reports.labels(report.kind.value, "none").inc()
            return
        now = self._clock()
        [serial] = self._serials.take(now)
        await self._queue.keep_unparsed(serial, now, recipient.id, report.kind.value, raw)
        maillog.unparsed(recipient.message_id, recipient.id, report.kind.value, len(raw))
        metrics.reports.labels(report.kind.value, "unparsed").inc()


def _about(recipient: Recipient, report: Report) -> RecipientReport | None:
    """The part of a report that speaks of our recipient.

    The return path is the recipient's own, so a report that names nobody we know (an alias, an expanded list) speaks of
    it all the same; of several such parts a failure counts most.
    """
    if report.kind in _NO_EVENT or not report.recipients:
        return None
    wanted = str(recipient.address).lower()
    for part in report.recipients:
        if wanted in ((part.recipient or "").lower(), (part.original_recipient or "").lower()):
            return part
    return next((part for part in report.recipients if part.action is Action.FAILED), report.recipients[0])


def _outcome(recipient: Recipient, report: Report, about: RecipientReport, now: int) -> tuple[Recipient, Event] | None:
    """The recipient after the report and the event, or None when it changes nothing."""
    if about.action is Action.FAILED:
        state, kind = RecipientState.BOUNCED, EventType.BOUNCED
        status = about.status if about.status and not about.status.is_success else _PERMANENT
    elif about.action is Action.DELAYED:
        state, kind = RecipientState.DELIVERED, EventType.DELAYED
        status = about.status if about.status and about.status.is_transient else _DELAYED
    else:
        return None
    reason = about.diagnostic or f"the report says {about.action.value} and gives no reason"
    after = msgspec.structs.replace(
        recipient, state=state, due_at=None, lease=None, status=status, reason=reason, updated_at=now
    )
    detail = Detail(
        source=Source.DSN,
        status=status,
        reason=reason,
        reporting_mta=report.reporting_mta,
        remote_mta=about.remote_mta,
        diagnostic=about.diagnostic,
        category=about.reason.value,
        bounce_type=about.type.value,
        bounce_subtype=about.subtype.value,
    )
    return after, Event(now, kind, recipient.message_id, recipient.id, recipient.address, detail)


def _digest(raw: bytes) -> bytes:
    """Of what stays the same when a host sends a report twice: all but the header, which grows trace fields."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    return hashlib.sha256(body if separator else head).digest()
