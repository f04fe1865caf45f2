"""Which bounces, complaints and wishes take an address off the list: the configuration's word on an event.

The lanes and `bounces` mark events before they hand them to the store, which writes the entry in the event's own
transaction (`store.suppressions.suppressing`). Nothing unsigned ever suppresses.
"""

import msgspec

from emailgw.core.events import Event, EventType
from emailgw.store.reports import Reports, strikes

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
            # Two last straws at once may each see the other missing: then the next one suppresses.
            since = event.at - self._policy.transient_window
            if await self._reports.transient_bounces(event, since) + 1 >= self._policy.transient_count:
                return _marked(event, True)
        return event

    async def forget(self, now: int) -> None:
        """Forget transient bounces that are too old to count."""
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
