"""Which bounces, complaints and wishes take an address off the list: the configuration's word on an event.

The lanes and `bounces` mark events before they hand them to the store, which writes the entry in the event's own
transaction (`store.suppressions.suppressing`). Nothing unsigned ever suppresses.
"""

import msgspec

from emailgw.core.events import Event, EventType
from emailgw.store.reports import Reports, strikes

FORGET_EVERY = 3_600_000  # milliseconds
_PERMANENT = "Permanent"  # as bounce.report.BounceType has it


class SuppressionPolicy(msgspec.Struct, frozen=True):
    """Which causes count at all; and `transient_count` transient bounces within `transient_window` milliseconds make a
    cause of their own. A delivery resets that count.
    """

    hard_bounces: bool = True
    transient_bounces: bool = True
    complaints: bool = True
    unsubscribes: bool = True
    transient_count: int = 5
    transient_window: int = 14 * 86_400_000


class Suppressing:
    def __init__(self, reports: Reports, policy: SuppressionPolicy) -> None:
        self._reports = reports
        self._policy = policy
        self._forget_at = 0

    async def mark(self, event: Event, signed: bool = True) -> Event:
        """The event, with what it does to its address's place on the list. `signed`: whether it is beyond doubt.

        Raises StoreUnavailable when the count cannot be read.
        """
        allowed = self._allows(event)
        if allowed is None:
            return event
        if not (signed and allowed):
            return _marked(event, False)
        if strikes(event):
            await self._forget(event.at)
            # Two last straws at once may each see the other missing: then the next one suppresses.
            since = event.at - self._policy.transient_window
            if await self._reports.transient_bounces(event, since) + 1 >= self._policy.transient_count:
                return _marked(event, True)
        return event

    async def _forget(self, now: int) -> None:
        """Now and then, what is too old to count: the table grows by strikes alone, so here is when to look at it."""
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY
            await self._reports.forget_transient_bounces(now - self._policy.transient_window)

    def _allows(self, event: Event) -> bool | None:
        """What the policy says of such events; None for those that could never suppress."""
        if event.type is EventType.BOUNCED and event.detail.bounce_type == _PERMANENT:
            return self._policy.hard_bounces
        if event.type is EventType.COMPLAINED:
            return self._policy.complaints
        if event.type is EventType.UNSUBSCRIBED:
            return self._policy.unsubscribes
        return self._policy.transient_bounces if strikes(event) else None


def _marked(event: Event, suppresses: bool) -> Event:
    return msgspec.structs.replace(event, detail=msgspec.structs.replace(event.detail, suppresses=suppresses))
