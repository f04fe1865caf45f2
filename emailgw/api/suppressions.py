"""`/suppressions`: addresses that get no mail; by id or address, in batches, and as CSV.

A key that is restricted to domains sees and makes entries of those domains only; any other key makes entries for the
whole gateway unless it names a `domain`.
"""

import secrets
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import CSV, DescribedRoute, Operation
from emailgw.core.directory import ApiKey
from emailgw.core.ids import uuid7
from emailgw.core.suppression import Suppression
from emailgw.errors import Rejected
from emailgw.store.paging import Piece
from emailgw.store.suppressions import Suppressions
from emailgw.wire.answers import DataShown, Deleted, ListShown, show_deleted
from emailgw.wire.lists import read_page, show_list
from emailgw.wire.suppressions import (
    AddRequest,
    BatchRequest,
    ExportQuery,
    Imported,
    SuppressionShown,
    SuppressionsQuery,
    Wanted,
    read_addition,
    read_batch_addition,
    read_batch_removal,
    read_csv,
    read_filter,
    show_suppression,
    suppression_name,
    write_csv,
)

EXPORTED_AT_ONCE = 1_000


class SuppressionResource:
    def __init__(self, suppressions: Suppressions, limits: BodyLimits, clock: Callable[[], int]) -> None:
        self._suppressions = suppressions
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        add = Operation(
            summary="Suppress an address: 201, or 200 with the entry that is there",
            body=AddRequest,
            answer=SuppressionShown,
            statuses=(201, 200),
        )
        listed = Operation(summary="List suppressions", query=SuppressionsQuery, answer=ListShown[SuppressionShown])
        add_batch = Operation(
            summary="Suppress up to 10,000 addresses", body=BatchRequest, answer=DataShown[SuppressionShown]
        )
        remove_batch = Operation(
            summary="Remove up to 10,000 entries; names that are not listed are no error",
            body=BatchRequest,
            answer=DataShown[Deleted],
        )
        imported = Operation(
            summary="Add what a CSV file lists: one address a line, or a table with a column `email`",
            body=str,
            body_media=CSV,
            answer=Imported,
        )
        exported = Operation(summary="All entries as CSV", query=ExportQuery, media=CSV)
        show = Operation(summary="An entry, by id or address", answer=SuppressionShown)
        remove = Operation(summary="Remove an entry by id, or all of an address", answer=Deleted)
        return [
            guard.route("POST", "/suppressions", self.add, add),
            guard.route("GET", "/suppressions", self.list, listed),
            guard.route("POST", "/suppressions/batch/add", self.add_batch, add_batch),
            guard.route("POST", "/suppressions/batch/remove", self.remove_batch, remove_batch),
            guard.route("POST", "/suppressions/import", self.import_csv, imported),
            guard.route("GET", "/suppressions/export", self.export_csv, exported),
            guard.route("GET", "/suppressions/{name:path}", self.show, show),
            guard.route("DELETE", "/suppressions/{name:path}", self.remove, remove),
        ]

    async def add(self, request: Request) -> Response:
        """201 with the entry, or 200 with the one that was there."""
        key = key_of(request)
        wanted = self._entry(read_addition(await self._limits.read(request)), key)
        [entry] = await self._suppressions.add([wanted])
        return json_response(show_suppression(entry, key.dialect), 201 if entry.id == wanted.id else 200)

    async def add_batch(self, request: Request) -> Response:
        key = key_of(request)
        wanted = read_batch_addition(await self._limits.read(request))
        entries = await self._suppressions.add([self._entry(one, key) for one in wanted])
        return json_response({"object": "list", "data": [show_suppression(entry, key.dialect) for entry in entries]})

    async def remove_batch(self, request: Request) -> Response:
        """What was there of the named; names that are not listed are no error."""
        key = key_of(request)
        names = read_batch_removal(await self._limits.read(request))
        found = {entry.id: entry for entry in await self._suppressions.named(names, key.domains)}
        await self._suppressions.remove(list(found.values()), self._clock())
        return json_response({"object": "list", "data": [show_deleted("suppression", id) for id in found]})

    async def import_csv(self, request: Request) -> Response:
        """200 with how many lines were read and how many are new."""
        key = key_of(request)
        wanted = [self._entry(one, key) for one in read_csv(await self._limits.read(request))]
        entries = await self._suppressions.add(wanted)
        new = sum(entry.id == asked.id for entry, asked in zip(entries, wanted, strict=True))
        return json_response({"object": "import", "read": len(wanted), "added": new})

    async def export_csv(self, request: Request) -> Response:
        key = key_of(request)
        reason, address = read_filter(request.query_params)

        async def pieces() -> AsyncIterator[str]:
            header, more = True, True
            after: str | None = None
            while more:
                piece = Piece(EXPORTED_AT_ONCE, after)
                entries, more, _ = await self._suppressions.list(piece, key.domains, reason, address)
                yield write_csv(entries, header)
                header, after = False, entries[-1].id if entries else None

        return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8")

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        query = request.query_params
        page = read_page(query, uuids=True)
        reason, address = read_filter(query)
        piece = Piece(page.size, page.after, page.before, page.offset)
        entries, more, total = await self._suppressions.list(piece, key.domains, reason, address)
        items = [show_suppression(entry, key.dialect) for entry in entries]
        return json_response(show_list(items, page, more, total, str(request.url.replace(query="")), query))

    async def show(self, request: Request) -> Response:
        key = key_of(request)
        entry = await self._suppressions.one(suppression_name(request.path_params["name"]), key.domains)
        return json_response(show_suppression(entry, key.dialect))

    async def remove(self, request: Request) -> Response:
        """All entries of an address that the key may see, or the one of an id."""
        key = key_of(request)
        name = suppression_name(request.path_params["name"])
        first = await self._suppressions.one(name, key.domains)
        entries = await self._suppressions.named([name], key.domains)
        await self._suppressions.remove(entries, self._clock())
        return json_response(show_deleted("suppression", first.id))

    def _entry(self, wanted: Wanted, key: ApiKey) -> Suppression:
        now = self._clock()
        domain = wanted.domain
        if domain is None:
            if len(key.domains) > 1:
                raise Rejected(
                    f"Say in `domain` for which of this API key's domains: {', '.join(key.domains)}.",
                    name="missing_required_field",
                )
            domain = key.domains[0] if key.domains else ""
        elif not key.sees(domain):
            raise Rejected(f"This API key is not allowed to use the domain {domain}.")
        id = uuid7(now, secrets.token_bytes(10))
        cause = wanted.cause or "added by hand"
        return Suppression(id, wanted.address, wanted.reason, domain, cause, now, wanted.list)
