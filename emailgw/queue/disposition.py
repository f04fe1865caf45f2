"""What becomes of a recipient after a try: the table of `docs/internals.md` as one pure, total function."""

import msgspec

from emailgw.bounce.classify import classify
from emailgw.bounce.report import Classification
from emailgw.core.events import Attempt, Detail, Event, EventType, Source
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus, EnhancedStatus, LocalCause, Scope

_EVENTS = {
    RecipientState.DELIVERED: EventType.DELIVERED,
    RecipientState.BOUNCED: EventType.BOUNCED,
    RecipientState.EXPIRED: EventType.EXPIRED,
    RecipientState.DEFERRED: EventType.DEFERRED,
}


class Disposition(msgspec.Struct, frozen=True):
    """The recipient's next state; `due_at` exactly when it is deferred."""

    state: RecipientState
    due_at: int | None = None

    @property
    def event_type(self) -> EventType:
        return _EVENTS[self.state]


def decide(recipient: Recipient, status: DeliveryStatus, now: int, policy: RetryPolicy, dice: float) -> Disposition:
    """2.x.x delivers and 5.x.x bounces; anything else, also what nobody defined, defers until the lifetime is over.

    A deferral never reaches past the end of the lifetime: the last try is made then, so nothing expires untried.
    """
    if status.status.is_success:
        return Disposition(RecipientState.DELIVERED)
    if status.status.is_permanent:
        return Disposition(RecipientState.BOUNCED)
    if now >= recipient.expires_at:
        return Disposition(RecipientState.EXPIRED)
    due_at = policy.next_due(recipient.tries + 1, now, dice)
    return Disposition(RecipientState.DEFERRED, min(due_at, max(recipient.expires_at, now + 1)))


def delay(recipient: Recipient, attempt: Attempt, now: int) -> tuple[Recipient, Event]:
    """A recipient that was not tried, because its site took nothing from others: late, and still waiting."""
    status: EnhancedStatus = attempt.status.status
    reason = f"not tried: {attempt.status.reason}"
    after = msgspec.structs.replace(
        recipient, state=RecipientState.DEFERRED, status=status, reason=reason, updated_at=now
    )
    detail = Detail(source=Source.LOCAL, status=status, reason=reason, retry_at=recipient.due_at)
    event = Event(now, EventType.DEFERRED, recipient.message_id, recipient.id, recipient.address, detail)
    return after, event


def conclude(
    recipient: Recipient, attempt: Attempt, disposition: Disposition, now: int, domain: str = ""
) -> tuple[Recipient, Event]:
    """The recipient after the try, and the event that tells of it. `domain`: the author's; without it the store looks
    it up.
    """
    status: EnhancedStatus = attempt.status.status
    reason = attempt.status.reason
    if disposition.state is RecipientState.EXPIRED:
        status = LocalCause.EXPIRED.enhanced
        reason = f"not delivered within its lifetime; the last try said: {reason}"
    after = msgspec.structs.replace(
        recipient,
        state=disposition.state,
        tries=recipient.tries + 1,
        due_at=disposition.due_at,
        lease=None,
        status=status,
        reason=reason,
        updated_at=now,
    )
    reply = attempt.status.reply
    detail = Detail(
        source=Source.SMTP if reply is not None or status.is_success else Source.LOCAL,
        status=status,
        reason=reason,
        retry_at=disposition.due_at,
        attempt=attempt,
    )
    if not status.is_success:
        detail = classified(detail, classify(attempt.status.status, reply.code if reply else None, _said(attempt)))
    kind = disposition.event_type
    event = Event(now, kind, recipient.message_id, recipient.id, recipient.address, detail, domain=domain)
    return after, event


def classified(detail: Detail, classification: Classification) -> Detail:
    """The detail with what the failure means."""
    return msgspec.structs.replace(
        detail,
        category=classification.reason.value,
        bounce_type=classification.type.value,
        bounce_subtype=classification.subtype.value,
    )


def _said(attempt: Attempt) -> str:
    """The remote host's own words where there are any: ours around them (`host … said`) would only mislead."""
    reply = attempt.status.reply
    return reply.text if reply is not None else attempt.status.reason


def failed_here(status: DeliveryStatus, now: int) -> Attempt:
    """A try that ended before any host was spoken to."""
    return Attempt(status=status, started_at=now)


def is_site_failure(status: DeliveryStatus) -> bool:
    """Whether the whole site is in trouble, rather than this message or recipient."""
    return status.scope is Scope.SITE and not status.status.is_success
