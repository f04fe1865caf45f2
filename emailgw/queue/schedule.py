"""What its sender may still do to mail that waits: move it to another time, or cancel it.

Both decide on what they have read and let the store refuse when the queue manager was faster; then they look again. A
message that was tried has its date for good (guarantee G7), so only an untried one moves.
"""

from collections.abc import Callable

import msgspec

from emailgw import maillog
from emailgw.core.directory import ApiKey
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import MessageId
from emailgw.core.model import Message, Recipient, RecipientState
from emailgw.errors import Conflict, NotFound, Rejected
from emailgw.queue.checks import check_time
from emailgw.store.history import History
from emailgw.store.queue import Queue

LOOKS = 5  # at a message that changes while it is being looked at

_UNFINISHED = (RecipientState.QUEUED, RecipientState.DEFERRED, RecipientState.HELD)


class Schedule:
    def __init__(self, queue: Queue, history: History, clock: Callable[[], int]) -> None:
        self._queue = queue
        self._history = history
        self._clock = clock

    async def cancel(self, message_id: MessageId, key: ApiKey) -> None:
        """Give up every recipient that was not sent to yet. Raises NotFound; Rejected when there is none left."""
        await self._message(message_id, key)
        for _ in range(LOOKS):
            recipients = await self._history.recipients(message_id)
            now = self._clock()
            changes = [
                _changed(recipient, RecipientState.CANCELLED, None, now)
                for recipient in recipients
                if recipient.state in _UNFINISHED and recipient.lease is None
            ]
            if not changes:
                raise Rejected(_too_late(recipients, "cancelled"))
            try:
                await self._queue.change_all(changes, _UNFINISHED)
            except Conflict:
                continue
            for _, event in changes:
                maillog.changed(event)
            return
        raise Rejected("The email cannot be cancelled: it is being delivered just now.")

    async def reschedule(self, message_id: MessageId, key: ApiKey, send_at: int) -> None:
        """Send it at `send_at` instead. Raises NotFound; Rejected when it is too late, or the time too far ahead."""
        message = await self._message(message_id, key)
        for _ in range(LOOKS):
            recipients = await self._history.recipients(message_id)
            now = self._clock()
            check_time(send_at, now)
            waiting = [recipient for recipient in recipients if recipient.state is not RecipientState.SUPPRESSED]
            if not waiting or not all(_is_untried(recipient) for recipient in waiting):
                raise Rejected(_too_late(recipients, "rescheduled"))
            date = max(now, send_at)
            moved = msgspec.structs.replace(message, date=date, expires_at=date + message.expires_at - message.date)
            changes = [_changed(recipient, RecipientState.QUEUED, moved, now) for recipient in waiting]
            try:
                await self._queue.reschedule(moved, changes)
            except Conflict:
                continue
            for _, event in changes:
                maillog.changed(event)
            return
        raise Rejected("The email cannot be rescheduled: it is being delivered just now.")

    async def _message(self, message_id: MessageId, key: ApiKey) -> Message:
        try:
            message = await self._history.message(message_id)
        except NotFound:
            raise NotFound("Email not found") from None
        if not key.sees(message.author.domain):
            raise NotFound("Email not found")
        return message


def _is_untried(recipient: Recipient) -> bool:
    return recipient.state is RecipientState.QUEUED and recipient.tries == 0 and recipient.lease is None


def _changed(recipient: Recipient, state: RecipientState, moved: Message | None, now: int) -> tuple[Recipient, Event]:
    """The recipient in its new state, waiting for the new date of `moved` if there is one, and the event of it."""
    due_at = moved.date if moved else None
    after = msgspec.structs.replace(
        recipient,
        state=state,
        due_at=due_at,
        expires_at=moved.expires_at if moved else recipient.expires_at,
        updated_at=now,
    )
    kind = EventType.RESCHEDULED if moved else EventType.CANCELLED
    detail = Detail(source=Source.API, reason="by its sender", retry_at=due_at)
    return after, Event(now, kind, recipient.message_id, recipient.id, recipient.address, detail)


def _too_late(recipients: tuple[Recipient, ...], what: str) -> str:
    states = {recipient.state for recipient in recipients if recipient.state is not RecipientState.SUPPRESSED}
    if states == {RecipientState.CANCELLED}:
        return f"The email cannot be {what}: it is cancelled already."
    if any(recipient.lease is not None for recipient in recipients):
        return f"The email cannot be {what} any more: it is being delivered just now."
    if RecipientState.DEFERRED in states or RecipientState.HELD in states:
        return f"The email cannot be {what} any more: it was tried already. It can be cancelled."
    return f"The email cannot be {what} any more: it was sent already."
