"""Suppressions: found by everyone who accepts mail, kept by the API, the operator, and `Queue` after hard bounces.

An entry stops the mail of one author domain (or of one list of it) or, with an empty domain, of the whole gateway.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from emailgw.core.address import Address
from emailgw.core.events import Detail, Event, EventType
from emailgw.core.ids import uuid7
from emailgw.core.suppression import Suppression, SuppressionReason, suppression_key
from emailgw.errors import NotFound
from emailgw.store.paging import Piece, count_up_to, one_of, read_piece
from emailgw.store.presence import Presence
from emailgw.store.rows import address_from, encode_detail
from emailgw.store.verb import Database, Parameters, Row, Statement, Value, Verb, insert

AT_ONCE = 400  # addresses asked about in one statement
LEARNT_AT_ONCE = 1_000  # addresses read in one: a millisecond or two of the loop
_COLUMNS = "id, address, domain, reason, cause, created_at, list"
_INSERT = insert("suppressions", "id address domain reason cause created_at list") + " ON CONFLICT DO NOTHING"
_AFTER_EVENT = (
    "INSERT INTO suppressions (id, address, domain, reason, cause, created_at, list) "
    "SELECT :id, :address, m.domain, :reason, :cause, :created_at, :list FROM messages m WHERE m.id = :message_id "
    "ON CONFLICT DO NOTHING"
)
# Of an entry that is there: one that was there before has another id, and nothing is told of it.
_TELL = (
    "INSERT INTO events (at, type, message_id, recipient_id, address, detail, domain) "
    "SELECT :at, :type, '', 0, s.address, :detail, s.domain FROM suppressions s WHERE s.id = :id"
)
PERMANENT = "Permanent"  # as bounce.report.BounceType has it


class Suppressions:
    """`presence`: of the addresses in the list, told of each that is added; without it every question is a query. The
    lock of the data directory sees to it that nobody else adds any.
    """

    def __init__(self, database: Database, presence: Presence | None = None) -> None:
        self._database = database
        self._presence = presence

    async def learn(self) -> None:
        """Read who is in the list, so that nobody has to ask about those who are not; until then everybody asks."""
        if self._presence is None:
            return
        sql = "SELECT DISTINCT address FROM suppressions WHERE address > :after ORDER BY address LIMIT :limit"
        after = ""
        while found := await self._database.read(sql, {"after": after, "limit": LEARNT_AT_ONCE}):
            addresses = [str(row[0]) for row in found]
            for address in addresses:
                self._presence.add(address)
            after = addresses[-1]
        self._presence.complete()

    async def find(self, domain: str, addresses: Sequence[Address], list: str = "") -> dict[Address, Suppression]:
        """Those of `addresses` (as given) that may get no mail of the author domain `domain`, and of that list of it,
        each with its entry.
        """
        keys: dict[str, tuple[Address, ...]] = {}
        for address in addresses:
            text = str(suppression_key(address))
            if self._presence is None or self._presence.may_have(text):
                keys[text] = (*keys.get(text, ()), address)
        texts = (*keys,)
        found: dict[Address, Suppression] = {}
        for start in range(0, len(texts), AT_ONCE):
            parameters: dict[str, Value] = {"domain": domain, "list": list}
            condition = one_of("address", texts[start : start + AT_ONCE], parameters)
            condition += " AND domain IN ('', :domain) AND list IN ('', :list)"
            sql = f"SELECT {_COLUMNS} FROM suppressions WHERE {condition} ORDER BY domain"
            for row in await self._database.read(sql, parameters):
                entry = _suppression_from(row)
                found |= dict.fromkeys(keys[str(entry.address)], entry)
        return found

    async def add(self, entries: Sequence[Suppression]) -> list[Suppression]:
        """Store what is not there yet; for each entry the one that is there now, in order."""
        if not entries:
            return []
        added = Statement(_INSERT, [_parameters(entry) for entry in entries], many=True)
        told = Statement(_TELL, [_telling(entry, EventType.SUPPRESSION_ADDED) for entry in entries], many=True)
        await self._database.write(Verb((added, told)))
        stored: dict[tuple[str, str, str], Suppression] = {}
        texts = [str(suppression_key(entry.address)) for entry in entries]
        for start in range(0, len(texts), AT_ONCE):
            parameters: dict[str, Value] = {}
            condition = one_of("address", tuple(texts[start : start + AT_ONCE]), parameters)
            for row in await self._database.read(f"SELECT {_COLUMNS} FROM suppressions WHERE {condition}", parameters):
                entry = _suppression_from(row)
                stored[str(entry.address), entry.domain, entry.list] = entry
        # One that was removed in between is answered as it was added.
        return [stored.get((text, entry.domain, entry.list), entry) for text, entry in zip(texts, entries, strict=True)]

    async def named(self, names: Sequence[str], domains: tuple[str, ...] = ()) -> list[Suppression]:
        """The entries of ids and addresses (lower case), of these author domains or, with none, of all."""
        found: list[Suppression] = []
        for start in range(0, len(names), AT_ONCE):
            parameters: dict[str, Value] = {}
            some = tuple(names[start : start + AT_ONCE])
            condition = f"({one_of('id', some, parameters)} OR {one_of('address', some, parameters)})"
            condition += f" AND {one_of('domain', domains, parameters)}"
            sql = f"SELECT {_COLUMNS} FROM suppressions WHERE {condition} ORDER BY id"
            found += [_suppression_from(row) for row in await self._database.read(sql, parameters)]
        return found

    async def remove(self, entries: Sequence[Suppression], now: int) -> None:
        """Forget entries; those that are gone already do not matter."""
        if entries:
            told = [_telling(entry, EventType.SUPPRESSION_REMOVED, now) for entry in entries]
            ids = [{"id": entry.id} for entry in entries]
            delete = Statement("DELETE FROM suppressions WHERE id = :id", ids, many=True)
            await self._database.write(Verb((Statement(_TELL, told, many=True), delete)))

    async def one(self, id_or_address: str, domains: tuple[str, ...] = ()) -> Suppression:
        """The first entry of that name. Raises NotFound."""
        found = await self.named([id_or_address], domains)
        if not found:
            raise NotFound("Suppression not found")
        return found[0]

    async def list(
        self,
        piece: Piece,
        domains: tuple[str, ...] = (),
        reason: SuppressionReason | None = None,
        address: str | None = None,
    ) -> tuple[Sequence[Suppression], bool, int]:
        """Newest first, whether there are more, and how many in all (as far as is counted). `address`: lower case."""
        parameters: dict[str, Value] = {}
        condition = one_of("domain", domains, parameters)
        if reason is not None:
            condition += " AND reason = :reason"
            parameters["reason"] = reason.value
        if address is not None:
            condition += " AND address = :address"
            parameters["address"] = address
        rows, more = await read_piece(self._database, _COLUMNS, "suppressions", condition, parameters, piece)
        total = await count_up_to(self._database, "suppressions", condition, parameters)
        return [_suppression_from(row) for row in rows], more, total


def suppressing(event: Event | None) -> tuple[Statement, ...]:
    """What an event adds to the list, to be written in the event's own transaction, with the event of that.

    A permanent bounce (no such mailbox, no such domain) stops the whole gateway: it would tell every author the same.
    A complaint and an unsubscription are about one author, and stop that domain. `Detail.suppresses` overrides.
    """
    if event is None or event.detail.suppresses is False:
        return ()
    detail = event.detail
    cause = detail.reason
    if event.type is EventType.BOUNCED and detail.bounce_type == PERMANENT:
        reason, insertion = SuppressionReason.BOUNCE, _INSERT
    elif event.type is EventType.COMPLAINED:
        reason, insertion = SuppressionReason.COMPLAINT, _AFTER_EVENT
    elif event.type is EventType.UNSUBSCRIBED:
        reason, insertion = SuppressionReason.UNSUBSCRIBE, _AFTER_EVENT
    elif detail.suppresses:  # one transient bounce too many: proof enough for the author whose mail it was
        cause = f"too many transient bounces; the last one said: {detail.reason}"
        reason, insertion = SuppressionReason.BOUNCE, _AFTER_EVENT
    else:
        return ()
    entry = Suppression(_id_of(event), event.address, reason, "", cause, event.at, detail.list or "")
    parameters: dict[str, Value] = {**_parameters(entry)}
    if insertion is _AFTER_EVENT:  # its domain is the message's
        del parameters["domain"]
        parameters["message_id"] = event.message_id
    return (Statement(insertion, parameters), Statement(_TELL, _telling(entry, EventType.SUPPRESSION_ADDED)))


def _telling(entry: Suppression, type: EventType, at: int | None = None) -> Parameters:
    detail = Detail(reason=entry.cause, category=entry.reason.value, subject=entry.id, created_at=entry.created_at)
    if entry.list:
        detail = msgspec.structs.replace(detail, list=entry.list)
    at = entry.created_at if at is None else at
    return {"id": entry.id, "at": at, "type": type.value, "detail": encode_detail(detail)}


def _id_of(event: Event) -> str:
    """From the event itself, so that a statement is decided by it alone; one event makes one entry."""
    seed = f"{event.message_id} {event.recipient_id} {event.type} {event.at}"
    return uuid7(event.at, hashlib.sha256(seed.encode()).digest()[:10])


def _parameters(entry: Suppression) -> Parameters:
    return {
        "id": entry.id,
        "address": str(suppression_key(entry.address)),
        "domain": entry.domain,
        "reason": entry.reason.value,
        "cause": entry.cause,
        "created_at": entry.created_at,
        "list": entry.list,
    }


def _suppression_from(row: Row) -> Suppression:
    values: tuple[Any, ...] = row
    return Suppression(
        id=values[0],
        address=address_from(values[1]),
        domain=values[2],
        reason=SuppressionReason(values[3]),
        cause=values[4],
        created_at=values[5],
        list=values[6],
    )
