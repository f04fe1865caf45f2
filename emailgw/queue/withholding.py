"""Mail whose address was suppressed while it waited: scheduled mail, and mail that is tried for days.

The list is looked at when mail is accepted, and again whenever it is claimed for a try: the claim itself marks
addresses that are on the list at all (one index seek in a statement that runs anyway), and lanes ask only about those.
So adding an entry, or importing a million, moves no mail; one that is taken off again in time has done no harm; and
mail that was restored or released is looked at, too. What `accept` lets pass, passes here: mail of test keys, and our
own copies and notices.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from emailgw.core.address import Address
from emailgw.core.events import Event, EventType
from emailgw.core.model import Message, Recipient, RecipientState
from emailgw.core.rehearsal import REHEARSAL
from emailgw.core.suppression import Suppression, withheld
from emailgw.core.tracking import UNTRACKED, WHOLE_DOMAIN, Tracking
from emailgw.queue.forwarding import REPORTS
from emailgw.queue.passing import FORWARDED

_OUR_OWN = frozenset({REPORTS, *FORWARDED})
Scope = tuple[str, str]  # author domain and list


class SuppressionList(Protocol):
    async def find(self, domain: str, addresses: Sequence[Address], list: str = "") -> Mapping[Address, Suppression]:
        """Those of `addresses` that mail of the author domain `domain`, and of that list of it, must not go to, each
        with why.
        """


def scope_of(author: Address, tracking: Tracking) -> Scope:
    """What suppressions are looked up for."""
    return author.domain, tracking.unsubscribe or WHOLE_DOMAIN


class Withholding:
    def __init__(self, suppressions: SuppressionList) -> None:
        self._suppressions = suppressions

    async def entry(self, recipient: Recipient, message: Message) -> Suppression | None:
        """The entry for which the recipient does not get this mail. Raises StoreUnavailable."""
        if recipient.nexthop == REHEARSAL or message.key_id in _OUR_OWN:
            return None
        domain, list = scope_of(message.author, message.tracking or UNTRACKED)
        return (await self._suppressions.find(domain, [recipient.address], list)).get(recipient.address)


def withhold(recipient: Recipient, entry: Suppression, now: int) -> tuple[Recipient, Event]:
    """The recipient without a try, and the event that tells why."""
    detail = withheld(entry)
    after = msgspec.structs.replace(
        recipient, state=RecipientState.SUPPRESSED, due_at=None, lease=None, reason=detail.reason, updated_at=now
    )
    return after, Event(now, EventType.SUPPRESSED, recipient.message_id, recipient.id, recipient.address, detail)
