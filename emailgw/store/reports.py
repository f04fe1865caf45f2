"""What reports by mail leave behind: transient bounces counted per address, unreadable mail kept, and who wants copies.

Transient bounces are counted in the verb that writes the event (`counting` gives the statements to `Queue`). Times are
milliseconds UTC. All raise StoreUnavailable when the storage fails.
"""

import hashlib

from emailgw.core.address import Address
from emailgw.core.events import Event, EventType
from emailgw.store.suppressions import suppressing
from emailgw.store.verb import Database, Statement, Value, Verb, insert

TRANSIENT = "Transient"  # as bounce.report.BounceType has it
CONFIRMED = (EventType.BOUNCED, EventType.COMPLAINED)  # what has more effect when it is signed
# What tells something about the address. Refused content, size, reputation and pace say nothing about it.
ADDRESS_FAULTS = frozenset({"mailbox-full", "user-disabled", "user-unknown", "network", "expired", "system", "other"})

# Whose mail it is: addresses are judged for each author domain by itself, as they are suppressed.
_DOMAIN = "(SELECT domain FROM messages WHERE id = :message_id)"


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def transient_bounces(self, event: Event, since: int) -> int:
        """How often other mail of the same author domain to the event's address bounced without being hopeless since
        then, and nothing was delivered to it afterwards. What this recipient's own delivery forgave is not forgiven:
        it is asked about when that mail came back after all.
        """
        sql = (
            f"SELECT count(*) FROM transient_bounces WHERE domain = {_DOMAIN} AND address = :address AND at >= :since "
            "AND recipient_id <> :id AND (forgiven_by IS NULL OR forgiven_by = :id)"
        )
        found = await self._database.read(sql, {**_whose(event), "since": since})
        return int(found[0][0] or 0)

    async def forget_transient_bounces(self, before: int) -> None:
        """Those too old to count."""
        statement = Statement("DELETE FROM transient_bounces WHERE at < :before", {"before": before})
        await self._database.write(Verb((statement,), durable=False))

    async def count_unparsed(self, from_id: int) -> int:
        """How many are kept whose serial number is `from_id` or later."""
        found = await self._database.read("SELECT count(*) FROM unparsed WHERE id >= :id", {"id": from_id})
        return int(found[0][0] or 0)

    async def forward_address(self, domain: str) -> str | None:
        """Where the domain's reports are forwarded to; "" for nowhere, None when nobody has decided."""
        found = await self._database.read(
            "SELECT address FROM report_forwarding WHERE domain = :domain", {"domain": domain}
        )
        return str(found[0][0]) if found else None

    async def set_forward_address(self, domain: str, address: Address | None) -> None:
        """None: forward nothing, whatever the configuration says."""
        sql = (
            insert("report_forwarding", "domain address")
            + " ON CONFLICT (domain) DO UPDATE SET address = excluded.address"
        )
        value = str(address) if address is not None else ""
        await self._database.write(Verb((Statement(sql, {"domain": domain, "address": value}),)))

    async def confirm(self, event: Event) -> None:
        """Let a signed report have what the unsigned one that came before it could not: the count of transient bounces
        and the suppression, but no second event. Raises Conflict when no unsigned report waits for that.
        """
        taken = Statement(
            "DELETE FROM reports WHERE recipient_id = :recipient_id AND digest = :digest",
            {"recipient_id": event.recipient_id, "digest": unsigned_mark(event.type)},
            touches=1,
            otherwise="no unsigned report came before",
        )
        await self._database.write(Verb((taken, *counting(event), *suppressing(event))))


def unsigned_mark(kind: EventType) -> bytes:
    """What stands among a recipient's reports while only unsigned ones have told of a bounce or a complaint."""
    return hashlib.sha256(f"unsigned {kind.value}".encode()).digest()


def strikes(event: Event) -> bool:
    """Whether it is a transient bounce that speaks against the address."""
    detail = event.detail
    return (
        event.type in (EventType.BOUNCED, EventType.EXPIRED)
        and detail.bounce_type == TRANSIENT
        and detail.category in ADDRESS_FAULTS
    )


def counting(event: Event) -> tuple[Statement, ...]:
    """What an event does to the count, to be written in its own transaction."""
    if event.type is EventType.DELIVERED:  # proves that the address works: earlier bounces count no more
        sql = (
            f"UPDATE transient_bounces SET forgiven_by = :id WHERE domain = {_DOMAIN} AND address = :address "
            "AND forgiven_by IS NULL"
        )
        return (Statement(sql, _whose(event)),)
    if not strikes(event) or event.detail.suppresses is False:
        return ()
    count = (
        "INSERT INTO transient_bounces (domain, address, recipient_id, at) "
        "SELECT domain, :address, :id, :at FROM messages WHERE id = :message_id ON CONFLICT DO NOTHING"
    )
    # The delivery of this very mail proved nothing, since the mail came back.
    undo = (
        f"UPDATE transient_bounces SET forgiven_by = NULL WHERE domain = {_DOMAIN} AND address = :address "
        "AND forgiven_by = :id"
    )
    return (Statement(count, {**_whose(event), "at": event.at}), Statement(undo, _whose(event)))


def _whose(event: Event) -> dict[str, Value]:
    return {"id": event.recipient_id, "message_id": event.message_id, "address": str(event.address).lower()}
