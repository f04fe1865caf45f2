"""Webhook endpoints as their owner manages them, by API or on the command line: made, changed, told again.

A secret is `whsec_` and the standard base64 of 32 random bytes, which all three families of verifiers can read; the
vault seals it. How an endpoint is told is the business of others here.
"""

import base64
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from emailgw.core.events import Event, EventType, Source, event_without_message
from emailgw.core.guard import Guard
from emailgw.core.ids import uuid7
from emailgw.core.webhooks import MAX_ENDPOINTS, Endpoint, EndpointId, EndpointStatus
from emailgw.errors import Conflict, NotFound, Rejected
from emailgw.outhttp.terms import trouble_of
from emailgw.store.deliveries import Deliveries
from emailgw.store.events import SLACK, EventLog
from emailgw.store.webhooks import Webhooks
from emailgw.vault import Vault
from emailgw.webhooks.signing import PREFIX, PURPOSE
from emailgw.wire.events import names_of

GRACE = 24 * 3_600_000  # milliseconds for which a rotated secret goes on signing
TEST = "A test, sent by hand."
_LAST = (1 << 63) - 1
_EVENTS = {
    EndpointStatus.ENABLED: EventType.WEBHOOK_ENABLED,
    EndpointStatus.PAUSED: EventType.WEBHOOK_PAUSED,
    EndpointStatus.DISABLED: EventType.WEBHOOK_DISABLED,
}


class Endpoints:
    """`allow_networks`: special networks that endpoints may be in all the same."""

    def __init__(
        self,
        webhooks: Webhooks,
        deliveries: Deliveries,
        log: EventLog,
        vault: Vault,
        allow_networks: tuple[str, ...],
        clock: Callable[[], int],
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._log = log
        self._vault = vault
        self._guard = Guard(allow_networks)
        self._clock = clock

    async def all(self) -> list[Endpoint]:
        """Newest first."""
        return await self._webhooks.all()

    async def one(self, id: str) -> Endpoint:
        """Raises NotFound."""
        return await self._webhooks.one(id)

    async def named(self, name: str) -> Endpoint:
        """By id, or by its URL where no other has the same. Raises NotFound or Conflict."""
        found = [one for one in await self.all() if name in (one.id, one.url)]
        if not found:
            raise NotFound(f"no webhook is called {name!r}")
        if len(found) > 1:
            raise Conflict(f"{len(found)} webhooks have the URL {name}; name one by its id")
        return found[0]

    def secret(self, endpoint: Endpoint) -> str:
        """As its verifier is given it."""
        return self._vault.open_sealed(endpoint.sealed, PURPOSE).decode("ascii")

    async def add(self, changes: Mapping[str, Any]) -> Endpoint:
        """`changes`: fields of Endpoint, `url` and `events` among them. It is told of what happens from now on. Raises
        Rejected, and Conflict when there are too many.
        """
        for field, word in (("url", "endpoint"), ("events", "events")):
            if field not in changes:
                raise Rejected(f"Missing `{word}` field.", name="missing_required_field")
        self._check(changes["url"])
        if len(await self.all()) >= MAX_ENDPOINTS:
            raise Conflict(f"There are {MAX_ENDPOINTS} webhooks already; delete one first.")
        now = self._clock()
        id = EndpointId(uuid7(now, secrets.token_bytes(10)))
        endpoint = Endpoint(id=id, sealed=self._new_secret(), created_at=now, updated_at=now, **changes)
        await self._webhooks.add(endpoint)
        return endpoint

    async def edit(self, endpoint: Endpoint, changes: Mapping[str, Any]) -> Endpoint:
        """`changes` as above. Raises Rejected, or Conflict when it is gone."""
        if "url" in changes:
            self._check(changes["url"])
        after = msgspec.structs.replace(endpoint, updated_at=self._clock(), **changes)
        await self._webhooks.change(after)
        return after

    async def move(self, endpoint: Endpoint, status: EndpointStatus, source: Source) -> Endpoint:
        """Enable, pause or disable it, with the event that tells of it. A paused one that is enabled gets what it
        missed; a disabled one does not. Raises Conflict when someone else was quicker.
        """
        if endpoint.status is status:
            return endpoint
        reason = "" if status is EndpointStatus.ENABLED else f"{status} by the {_BY[source]}"
        now = self._clock()
        after = msgspec.structs.replace(endpoint, status=status, reason=reason, updated_at=now, failures=0)
        await self._webhooks.set_status(
            endpoint.id, endpoint.status, status, _news(_EVENTS[status], after, now, source)
        )
        return await self.one(endpoint.id)

    async def resume(self, endpoint: Endpoint, source: Source) -> Endpoint:
        """Enable one that is paused. Raises Conflict for one that is disabled: it has missed what happened."""
        if endpoint.status is EndpointStatus.DISABLED:
            raise Conflict("The webhook is disabled, not paused: enable it.")
        return await self.move(endpoint, EndpointStatus.ENABLED, source)

    async def remove(self, endpoint: Endpoint) -> None:
        """Raises Conflict when it is gone."""
        await self._webhooks.remove(endpoint.id)

    async def rotate(self, endpoint: Endpoint, grace: int = GRACE) -> Endpoint:
        """Give it a new secret; both sign for `grace` milliseconds. Raises Conflict when someone else just did."""
        now = self._clock()
        after = msgspec.structs.replace(
            endpoint,
            sealed=self._new_secret(),
            old_sealed=endpoint.sealed if grace else None,
            old_until=now + grace if grace else None,
            updated_at=now,
        )
        await self._webhooks.change_secret(after, endpoint.sealed)
        return after

    async def test(self, endpoint: Endpoint, source: Source) -> int:
        """Send it an event that nobody else gets; its id. Raises Conflict for one that is disabled."""
        _refuse_disabled(endpoint)
        event = _news(EventType.WEBHOOK_TEST, endpoint, self._clock(), source, TEST)
        return await self._deliveries.tell(event, endpoint.id, EventType.WEBHOOK_TEST.value)

    async def replay(self, endpoint: Endpoint, event: int) -> None:
        """Tell it of one event again, or for the first time. Raises NotFound, or Conflict for one that is disabled."""
        _refuse_disabled(endpoint)
        told = await self._log.one(event)
        try:
            name = (await self._deliveries.one(endpoint.id, event)).delivery.name
        except NotFound:
            if told.event.type is EventType.WEBHOOK_TEST:
                raise
            name = names_of(told.event.type, endpoint.dialect)[0]
        await self._deliveries.replay(endpoint.id, event, name, self._clock())

    async def replay_range(self, endpoint: Endpoint, since: int, until: int | None, failed_only: bool) -> int:
        """Tell it again of what it was told from `since` to `until`, and of what was committed in the seconds around:
        rather too much than too little, since the ids stay the same. How many. Raises Conflict for a disabled one.
        """
        _refuse_disabled(endpoint)
        above = await self._log.first_at(since - SLACK) - 1
        below = await self._log.first_at(until + SLACK) if until is not None else _LAST
        return await self._deliveries.replay_range(endpoint.id, above, below, failed_only, self._clock())

    def _new_secret(self) -> bytes:
        text = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        return self._vault.seal(text.encode("ascii"), PURPOSE)

    def _check(self, url: str) -> None:
        """Raises Rejected for what will never be dialled. The guard stands again before each dial, and for names."""
        blank = any(character.isspace() or not character.isprintable() for character in url)
        trouble = "a URL has no blanks" if blank else trouble_of(url)
        if trouble is not None:
            raise Rejected(f"Invalid `endpoint` field: {trouble}.")
        host = urlsplit(url).hostname or ""
        try:
            refusal = self._guard.refusal(str(ipaddress.ip_address(host)))
        except ValueError:  # a name
            return
        if refusal is not None:
            raise Rejected(f"Invalid `endpoint` field: it must not be reached, {refusal}.")


_BY = {Source.API: "API", Source.OPERATOR: "operator"}


def _refuse_disabled(endpoint: Endpoint) -> None:
    if endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("The webhook is disabled: enable it first.")


def _news(type: EventType, endpoint: Endpoint, now: int, source: Source, reason: str | None = None) -> Event:
    """`category` is its status, `link` its URL."""
    return event_without_message(
        now,
        type,
        endpoint.id,
        source=source,
        reason=endpoint.reason if reason is None else reason,
        category=endpoint.status.value,
        link=endpoint.url,
        created_at=endpoint.created_at,
    )
