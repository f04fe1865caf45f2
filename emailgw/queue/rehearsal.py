"""The agent of test recipients: it answers from a table what a host might say, and speaks to nobody.

Made by `service` for the next hop `REHEARSAL`. So test mail is claimed, composed, signed, tried and settled like any
other, and a complaint about it is a report like any other. What it writes about is `core.rehearsal`.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import msgspec

from emailgw import maillog
from emailgw.core.events import Attempt, Detail, Event, EventType, Source
from emailgw.core.ids import RecipientId
from emailgw.core.model import Envelope, RecipientState
from emailgw.core.rehearsal import REHEARSAL, Outcome, rehearsed_outcome
from emailgw.core.status import DeliveryStatus, Reply
from emailgw.errors import Conflict, NotFound, StoreUnavailable
from emailgw.mime.returnpath import ReturnPaths
from emailgw.store.history import History
from emailgw.store.queue import Queue

log = logging.getLogger("emailgw.queue")

COMPLAIN_EVERY = 0.1  # seconds between looks whether the delivery has been recorded
COMPLAIN_LOOKS = 100

_HOST = "test recipient"
_TAKEN = Reply.make(250, "2.0.0 taken by a test recipient; nothing was sent")
_REFUSED = Reply.make(550, "5.1.1 this test recipient does not exist, as it should; nothing was sent")


class RehearsalRoute(msgspec.Struct, frozen=True):
    """Where the queue manager is told that such mail goes."""

    site: str = REHEARSAL


class Rehearsal:
    """One for all lanes: it has no session. Complaints that were not made when the process ends are not made."""

    def __init__(
        self, test_domain: str, queue: Queue, history: History, return_paths: ReturnPaths, clock: Callable[[], int]
    ) -> None:
        self._test_domain = test_domain
        self._queue = queue
        self._history = history
        self._return_paths = return_paths
        self._clock = clock
        self._complaints: set[asyncio.Task[None]] = set()

    async def deliver(self, envelope: Envelope, deadline: int) -> Attempt:
        now = self._clock()
        outcome = rehearsed_outcome(envelope.recipient, self._test_domain)
        reply = _REFUSED if outcome is Outcome.BOUNCED else _TAKEN
        if outcome is Outcome.COMPLAINED:
            self._complain_later(envelope)
        status = DeliveryStatus(reply.status, str(reply), reply=reply, host=_HOST)
        return Attempt(status, now, transcript=("! a test recipient: nothing was sent", f"< {reply}"))

    async def close(self) -> None:
        """An agent has no session to end."""

    def _complain_later(self, envelope: Envelope) -> None:
        local = envelope.reverse_path.partition("@")[0]
        recipient_id = self._return_paths.read(local, self._clock())
        if recipient_id is not None:
            task = asyncio.create_task(self._complain(recipient_id))
            self._complaints.add(task)
            task.add_done_callback(self._complaints.discard)

    async def _complain(self, recipient_id: RecipientId) -> None:
        """Report the mail as spam once its delivery is recorded."""
        for _ in range(COMPLAIN_LOOKS):
            try:
                recipient = await self._history.recipient(recipient_id)
                if recipient.state is RecipientState.DELIVERED and recipient.lease is None:
                    now = self._clock()
                    detail = Detail(
                        source=Source.ARF,
                        reason="reported as spam by a test recipient",
                        reporting_mta=_HOST,
                        feedback_type="abuse",
                    )
                    event = Event(
                        now, EventType.COMPLAINED, recipient.message_id, recipient.id, recipient.address, detail
                    )
                    digest = hashlib.sha256(b"rehearsal").digest()
                    await self._queue.report(msgspec.structs.replace(recipient, updated_at=now), event, digest)
                    maillog.changed(event)
                    return
            except (NotFound, Conflict):
                return
            except StoreUnavailable as error:
                log.warning("a test complaint is not recorded yet: %s", error)
            await asyncio.sleep(COMPLAIN_EVERY)
