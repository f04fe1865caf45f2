"""The queue as the operator sees it, and what he may do to waiting mail."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from emailgw import maillog
from emailgw.control import requests as ask
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import MessageId, RecipientId, is_uuid
from emailgw.core.model import Recipient, RecipientState
from emailgw.errors import Conflict, NotFound, Rejected
from emailgw.store.history import History
from emailgw.store.queue import Queue
from emailgw.wire.reading import show_event
from emailgw.wire.times import show_iso

UNFINISHED = (RecipientState.QUEUED, RecipientState.DEFERRED, RecipientState.HELD)
_WAITING = (RecipientState.QUEUED, RecipientState.DEFERRED)
_PAGE = 500
_SKIPPED_SHOWN = 20
_encoder = msgspec.json.Encoder()


class Sites(Protocol):
    """The queue manager, where one runs."""

    def troubled_sites(self) -> list[tuple[str, int, str]]:
        """(site, resumes at, why) of each paused one."""

    def resume(self, nexthop: str) -> None:
        """End the pause of a next hop's site."""


class _Change(msgspec.Struct, frozen=True):
    """What an action does: from which states, to which, with which event (None: only due at once)."""

    before: tuple[RecipientState, ...]
    after: RecipientState | None
    event: EventType | None


_CHANGES = {
    "retry": _Change(_WAITING, None, None),
    "hold": _Change(_WAITING, RecipientState.HELD, EventType.HELD),
    "release": _Change((RecipientState.HELD,), RecipientState.DEFERRED, EventType.RELEASED),
    "cancel": _Change(UNFINISHED, RecipientState.CANCELLED, EventType.CANCELLED),
}


class QueueOperations:
    def __init__(self, queue: Queue, history: History, clock: Callable[[], int], sites: Sites | None) -> None:
        self._queue = queue
        self._history = history
        self._clock = clock
        self._sites = sites

    async def list(self, request: ask.ListQueue) -> ask.QueueAnswer:
        """A page of unfinished recipients, those of the oldest message first. Raises NotFound when `after` is
        forgotten.
        """
        try:
            states = tuple(map(RecipientState, request.states)) or UNFINISHED
        except ValueError:
            raise Rejected(f"states are {', '.join(UNFINISHED)}; found {', '.join(request.states)}") from None
        limit = max(1, min(request.limit, 1000))
        after = await self._history.recipient(RecipientId(request.after)) if request.after else None
        found = await self._history.waiting(states, request.nexthop, after, limit)
        paused = self._sites.troubled_sites() if self._sites else []
        return ask.QueueAnswer(
            recipients=tuple(map(show_recipient, found)),
            counts={state.value: count for state, count in (await self._history.count_waiting()).items()},
            paused_sites=tuple(ask.SiteAnswer(site, show_iso(at), reason) for site, at, reason in paused),
            more=found[-1].id if len(found) == limit else None,
        )

    async def show(self, request: ask.ShowMessage) -> ask.MessageAnswer:
        """A message with all its recipients and events. Raises NotFound."""
        [recipient, *_] = await self._named(request.id)
        story = await self._history.story(recipient.message_id)
        return ask.MessageAnswer(
            id=story.message.id,
            author=str(story.message.author),
            subject=story.message.subject,
            accepted_at=show_iso(story.message.accepted_at),
            expires_at=show_iso(story.message.expires_at),
            recipients=tuple(map(show_recipient, story.recipients)),
            events=tuple(msgspec.Raw(_encoder.encode(show_event(event))) for event in story.events),
        )

    async def list_unparsed(self, request: ask.ListUnparsed) -> ask.UnparsedAnswer:
        """Mail to our return paths that could not be read, newest first."""
        found = await self._history.unparsed(max(1, min(request.limit, 1000)))
        return ask.UnparsedAnswer(
            tuple(
                ask.UnparsedEntry(item.id, show_iso(item.at), item.recipient_id, item.address, item.kind, item.size)
                for item in found
            )
        )

    async def show_unparsed(self, request: ask.ShowUnparsed) -> ask.UnparsedMailAnswer:
        """Raises NotFound."""
        return ask.UnparsedMailAnswer(request.id, await self._history.unparsed_mail(request.id))

    async def change(self, request: ask.ChangeQueue) -> ask.ChangedAnswer:
        """Do it to each recipient named that is in a state for it. Raises NotFound for an unknown id."""
        change = _CHANGES.get(request.action)
        if change is None:
            raise Rejected(f"actions are {', '.join(_CHANGES)}; found {request.action!r}")
        if not (request.ids or request.nexthop or request.everything):
            raise Rejected("name messages or recipients by their ids, or a next hop, or all of them")
        changed = 0
        skipped: list[str] = []
        nexthops: set[str] = set()
        async for recipient in self._chosen(request, change):
            try:
                await self._change(recipient, change)
            except Conflict as error:
                skipped.append(f"{recipient.id} ({recipient.address}): {error}")
            else:
                changed += 1
                nexthops.add(recipient.nexthop)
        if self._sites is not None and change.after in (None, RecipientState.DEFERRED):
            for nexthop in nexthops:
                self._sites.resume(nexthop)
        return ask.ChangedAnswer(changed, tuple(skipped[:_SKIPPED_SHOWN]))

    async def _chosen(self, request: ask.ChangeQueue, change: _Change) -> AsyncIterator[Recipient]:
        for id in request.ids:
            for recipient in await self._named(id):
                yield recipient
        if request.ids:
            return
        after: Recipient | None = None
        while found := await self._history.waiting(change.before, request.nexthop, after, _PAGE):
            for recipient in found:
                yield recipient
            after = found[-1]

    async def _named(self, id: str) -> Sequence[Recipient]:
        """The recipients of a message, or the one with this number. Raises NotFound."""
        if is_uuid(id):
            found = await self._history.recipients(MessageId(id))
            if not found:
                raise NotFound(f"there is no message {id}")
            return found
        if id.isascii() and id.isdigit() and len(id) < 19:
            return [await self._history.recipient(RecipientId(int(id)))]
        raise NotFound(f"{id[:80]!r} is neither a message's id nor a recipient's number")

    async def _change(self, recipient: Recipient, change: _Change) -> None:
        """Raises Conflict."""
        now = self._clock()
        if recipient.state not in change.before:
            raise Conflict(f"it is {recipient.state.value}")
        if change.after is None or change.event is None:
            if recipient.tries == 0 and recipient.due_at is not None and recipient.due_at > now:
                raise Conflict(f"it is scheduled for {show_iso(recipient.due_at)}")
            await self._queue.hurry(recipient, now)
            return
        due_at = None
        if change.after.is_waiting:  # not before its time: what was scheduled and held is still scheduled
            due_at = max(now, (await self._history.message(recipient.message_id)).date)
        after = msgspec.structs.replace(recipient, state=change.after, due_at=due_at, updated_at=now)
        detail = Detail(source=Source.OPERATOR, reason="by the operator")
        event = Event(now, change.event, recipient.message_id, recipient.id, recipient.address, detail)
        await self._queue.change(after, event, change.before)
        maillog.changed(event)


def show_recipient(recipient: Recipient) -> ask.RecipientAnswer:
    leased = recipient.lease is not None
    due_at = None if leased else recipient.due_at
    return ask.RecipientAnswer(
        id=recipient.id,
        message_id=recipient.message_id,
        address=str(recipient.address),
        nexthop=recipient.nexthop,
        state=recipient.state.value,
        tries=recipient.tries,
        next_try_at=show_iso(due_at) if due_at is not None else None,
        being_delivered=leased,
        expires_at=show_iso(recipient.expires_at),
        status=str(recipient.status) if recipient.status else None,
        reason=recipient.reason,
    )
