"""What a person who follows a signed link to unsubscribe may do: see how it stands, unsubscribe, and take it back.

Called by the API's pages. An unsubscription is an event of the mail that offered it, with the suppression in its
transaction; of mail that is forgotten only the suppression is left, and works as well. RFC 8058.
"""

import os
from collections.abc import Callable

from emailgw import maillog
from emailgw.core.address import Address
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import uuid7
from emailgw.core.suppression import Suppression, SuppressionReason
from emailgw.errors import NotFound
from emailgw.mime.tokens import Token
from emailgw.queue.suppression import Suppressing
from emailgw.store.history import History
from emailgw.store.suppressions import Suppressions
from emailgw.store.visits import Visits


class Unsubscribing:
    """All raise StoreUnavailable when the storage fails; what was done is on stable storage."""

    def __init__(
        self,
        visits: Visits,
        history: History,
        suppressions: Suppressions,
        suppressing: Suppressing,
        clock: Callable[[], int],
    ) -> None:
        self._visits = visits
        self._history = history
        self._suppressions = suppressions
        self._suppressing = suppressing
        self._clock = clock

    async def is_unsubscribed(self, token: Token) -> bool:
        """From the token's very scope, or from more than that."""
        address = _address(token)
        return address in await self._suppressions.find(token.domain, [address], token.list)

    async def unsubscribe(self, token: Token, ip: str, user_agent: str) -> None:
        """Twice is once."""
        if await self.is_unsubscribed(token):
            return
        now = self._clock()
        reason = "unsubscribed by its link"
        detail = Detail(source=Source.WEB, reason=reason, ip=ip, user_agent=user_agent, list=token.list or None)
        try:
            recipient = await self._history.recipient(token.recipient_id)
        except NotFound:
            id = uuid7(now, os.urandom(10))
            entry = Suppression(
                id, _address(token), SuppressionReason.UNSUBSCRIBE, token.domain, reason, now, token.list
            )
            await self._suppressions.add([entry])
            return
        event = Event(
            now,
            EventType.UNSUBSCRIBED,
            recipient.message_id,
            recipient.id,
            recipient.address,
            detail,
            domain=token.domain,
        )
        event = await self._suppressing.mark(event)
        await self._visits.record([event])
        maillog.changed(event)

    async def resubscribe(self, token: Token) -> None:
        """Take back an unsubscription from this very scope; what bounces, complaints or the operator did stays."""
        entries = await self._suppressions.named([token.address], (token.domain,))
        wanted = [
            entry for entry in entries if entry.reason is SuppressionReason.UNSUBSCRIBE and entry.list == token.list
        ]
        await self._suppressions.remove(wanted, self._clock())


def _address(token: Token) -> Address:
    local, _, domain = token.address.rpartition("@")
    return Address(local, domain)
