"""What mail that comes back does to recipients: late bounces, delays, successes, complaints, unsubscriptions.

A report counts only once, and only for a recipient that is delivered (the DSN rows of the state table): the one whose
signed return path it was sent to, or whose signed path or Message-ID stands in the message that it returns. Only what
is signed may suppress an address; a signed copy does so also where an unsigned one was counted first. Everything else
is counted, kept if it came to a signed path and could not be read, and changes nothing. Nothing is ever answered
(guarantee G9).
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import msgspec

from emailgw import maillog, metrics
from emailgw.bounce.parse import parse
from emailgw.bounce.report import Kind, RecipientReport, Report
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import SERIAL_COUNTER_BITS, SERIAL_EPOCH, SERIAL_NODE_BITS, MessageId, RecipientId, is_uuid
from emailgw.core.ids import SerialNumbers as Serials
from emailgw.core.model import Message, Recipient
from emailgw.errors import Conflict, Contradiction, NotFound, StoreUnavailable
from emailgw.mime.reader import Fields, read_fields
from emailgw.mime.returnpath import ReturnPaths
from emailgw.queue.effects import Effect, digest_of, effect_of, event_about, likely_part, part_about, unsubscription
from emailgw.queue.forwarding import Forwarding, is_copy
from emailgw.queue.notices import Notices, together
from emailgw.queue.suppression import Suppressing
from emailgw.store.history import History
from emailgw.store.queue import Queue
from emailgw.store.reports import Reports

log = logging.getLogger("emailgw.queue")

DAY = 86_400_000
_HEADER = 64 << 10  # octets of a message in which its header is looked for
_NO_EVENT = (Kind.AUTO_REPLY, Kind.VACATION, Kind.ORDINARY)


class BounceLimits(msgspec.Struct, frozen=True):
    """Of mail that could not be read, `kept_a_day` are kept, of each the first `kept_size` octets."""

    kept_a_day: int = 1000
    kept_size: int = 256 << 10


class Tools(msgspec.Struct, frozen=True):
    """What it works with. `paths`: those for bounces."""

    queue: Queue
    history: History
    reports: Reports
    paths: ReturnPaths
    suppressing: Suppressing
    forwarding: Forwarding
    clock: Callable[[], int]
    serials: Serials
    limits: BounceLimits = BounceLimits()
    notices: Notices | None = None


class Bounces:
    """Each call raises StoreUnavailable when the mail must be offered again: the storage fails, or the recipient is
    being settled just now and the report was faster than our own record. Otherwise its effect is on stable storage.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def receive(self, recipient_id: RecipientId, raw: bytes, reverse_path: str | None = None) -> None:
        """Mail to a recipient's valid return path. What has no reverse path is a notification (RFC 5321 section 4.5.5)
        even where it reads like a letter: then it is kept, so that an unknown form of bounce is seen by somebody.
        """
        recipient = await self._recipient(recipient_id)
        if recipient is None:
            _count("any", "forgotten")
            return
        report = await self._parse(raw)
        if report is None:
            return
        unknown = report.kind is Kind.ORDINARY and not reverse_path
        if report.kind in _NO_EVENT and not unknown:
            _count(report.kind, "none")
        elif unknown or report.kind is Kind.MALFORMED or (not report.recipients and report.kind is not Kind.ARF):
            await self._keep(recipient, report.kind, raw)
        else:
            await self._apply(recipient, report, part_about(recipient, report) or likely_part(report), raw, True)

    async def receive_plain(self, raw: bytes) -> None:
        """Mail to an address that anybody can know: postmaster, a feedback loop's, an older system's bounces."""
        report = await self._parse(raw)
        if report is None:
            return
        if report.kind in (*_NO_EVENT, Kind.MALFORMED):
            _count(report.kind, "none")
            return
        signed = await self._signed(report)
        if signed is not None:
            part = part_about(signed, report) or likely_part(report)
            await self._apply(signed, report, part, raw, True)
            return
        matched = await self._matched(report)
        for recipient, part in matched:
            await self._apply(recipient, report, part, raw, False)
        if not matched:
            _count(report.kind, "unmatched")

    async def unsubscribe(self, recipient_id: RecipientId, reverse_path: str | None, raw: bytes) -> None:
        """Mail to a recipient's valid address to unsubscribe by: whatever it says, unless a machine sent it back."""
        recipient = await self._recipient(recipient_id)
        if recipient is None:
            _count("any", "forgotten")
            return
        report = await self._parse(raw)
        if report is None:
            return
        if not reverse_path or not _is_wish(report.kind, _header(raw)):
            _count(report.kind, "none")
            return
        message = await self._message(recipient)
        tracking = message.tracking if message is not None else None
        effect = unsubscription(recipient, self._tools.clock(), tracking.unsubscribe if tracking is not None else None)
        await self._record(recipient, effect, raw, "unsubscribe", True)

    async def _parse(self, raw: bytes) -> Report | None:
        """None for a copy that we forwarded ourselves: that is no news."""
        if is_copy(_header(raw)):
            _count("any", "copy")
            return None
        return await asyncio.to_thread(parse, raw)

    async def _recipient(self, recipient_id: RecipientId) -> Recipient | None:
        try:
            recipient = await self._tools.history.recipient(recipient_id)
        except NotFound:
            return None
        if recipient.lease is not None:
            raise StoreUnavailable("its delivery is not recorded yet")
        return recipient

    async def _signed(self, report: Report) -> Recipient | None:
        """The recipient whose signed path stands in the returned message. Each is verified: anybody can write one."""
        for path in report.returned.reverse_paths:
            recipient_id = self._tools.paths.read(path.rpartition("@")[0], self._tools.clock())
            if recipient_id is not None and (recipient := await self._recipient(recipient_id)) is not None:
                return recipient
        return None

    async def _matched(self, report: Report) -> list[tuple[Recipient, RecipientReport | None]]:
        """Recipients of the message whose Message-ID is returned that the report names by their addresses; of a
        complaint that names nobody the only one there is.
        """
        id, _, domain = (report.message_id or "").strip("<> ").partition("@")
        if not is_uuid(id):
            return []
        try:
            message = await self._tools.history.message(MessageId(id))
        except NotFound:
            return []
        if message.author.domain != domain.lower():
            return []
        recipients = await self._tools.history.recipients(message.id)
        if any(recipient.lease is not None for recipient in recipients):
            raise StoreUnavailable("its delivery is not recorded yet")
        named = [(recipient, part_about(recipient, report)) for recipient in recipients]
        found = [(recipient, part) for recipient, part in named if part is not None]
        if not found and report.kind is Kind.ARF and len(recipients) == 1:
            return [(recipients[0], None)]
        return [*found]

    async def _apply(
        self, recipient: Recipient, report: Report, part: RecipientReport | None, raw: bytes, signed: bool
    ) -> None:
        effect = effect_of(recipient, report, part, raw, self._tools.clock())
        if effect is None:
            _count(report.kind, "none")
        else:
            await self._record(recipient, effect, raw, report.kind, signed)

    async def _record(self, recipient: Recipient, effect: Effect, raw: bytes, kind: str, signed: bool) -> None:
        event = await self._tools.suppressing.mark(effect.event, signed)
        message = await self._message(recipient)
        forward = await self._tools.forwarding.copy(message, event, raw) if message is not None else None
        if self._tools.notices is not None and effect.recipient.state is not recipient.state:
            forward = together(forward, await self._tools.notices.about(recipient, event, effect.recipient.state))
        try:
            await self._tools.queue.report(effect.recipient, event, effect.digest, forward, signed)
        except Contradiction as error:
            raise StoreUnavailable(str(error)) from error  # offered again, the report gets a new serial
        except Conflict as error:
            confirmed = signed and await self._confirm(event)
            if not confirmed:
                log.info("report for recipient %d changes nothing: %s", recipient.id, error)
            _count(kind, "confirmed" if confirmed else "repeated")
            return
        maillog.changed(event)
        _count(kind, event.type.value)
        if forward is not None:
            _count(kind, "forwarded")

    async def _confirm(self, event: Event) -> bool:
        """Whether the event had been told by an unsigned report alone: then the signed one suppresses after all."""
        try:
            await self._tools.reports.confirm(event)
        except Conflict:
            return False
        return True

    async def _keep(self, recipient: Recipient, kind: Kind, raw: bytes) -> None:
        """Bounded: whoever has one valid return path could otherwise fill the disk."""
        tools = self._tools
        now = tools.clock()
        if await tools.reports.count_unparsed(_first_serial(now - DAY)) >= tools.limits.kept_a_day:
            log.warning("unread mail for recipient %d is not kept: too much of it today", recipient.id)
            _count(kind, "dropped")
            return
        [serial] = tools.serials.take(now)
        detail = Detail(source=Source.DSN, reason=f"mail that could not be read ({kind.value}), kept as {serial}")
        event = event_about(recipient, EventType.UNPARSED, detail, now)
        message = await self._message(recipient)
        forward = await tools.forwarding.copy(message, event, raw) if message is not None else None
        kept = raw[: tools.limits.kept_size]
        try:
            await tools.queue.keep_unparsed(serial, event, _unread_digest(raw), kind.value, kept, forward)
        except Contradiction as error:
            raise StoreUnavailable(str(error)) from error
        except Conflict:
            _count(kind, "repeated")
            return
        maillog.unparsed(recipient.message_id, recipient.id, kind.value, len(raw))
        _count(kind, "unparsed")

    async def _message(self, recipient: Recipient) -> Message | None:
        try:
            return await self._tools.history.message(recipient.message_id)
        except NotFound:
            return None


def _is_wish(kind: Kind, header: Fields) -> bool:
    """Mail from a person or his mail program. Some programs call their own mail to unsubscribe automatic; it bears the
    subject that our link gave it, which no automatic reply does.
    """
    if kind is Kind.ORDINARY:
        return True
    replied = header.raw("auto-submitted").strip().lower().startswith("auto-replied")
    return kind is Kind.AUTO_REPLY and not replied and header.get("subject").strip().lower() == "unsubscribe"


def _header(raw: bytes) -> Fields:
    return read_fields(raw[:_HEADER].replace(b"\r\n", b"\n").lstrip(b"\n"))[0]


def _unread_digest(raw: bytes) -> bytes:
    return hashlib.sha256(b"unread" + digest_of(raw)).digest()


def _first_serial(at: int) -> int:
    """Serial numbers ascend with time: no later one is smaller."""
    return max(0, at - SERIAL_EPOCH) << (SERIAL_COUNTER_BITS + SERIAL_NODE_BITS)


def _count(kind: str, effect: str) -> None:
    metrics.reports.labels(str(kind), effect).inc()
