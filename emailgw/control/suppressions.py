"""Suppressions, as the operator lists, adds, removes, imports and exports them."""

import secrets
from collections.abc import Callable, Sequence

import msgspec

from emailgw.control import requests as ask
from emailgw.core.ids import uuid7
from emailgw.core.suppression import Suppression
from emailgw.store.paging import Piece
from emailgw.store.suppressions import Suppressions
from emailgw.wire.suppressions import Wanted, read_batch_addition, read_csv, read_filter, suppression_name, write_csv
from emailgw.wire.times import show_iso

EXPORTED_AT_ONCE = 5_000


class SuppressionOperations:
    def __init__(self, suppressions: Suppressions, clock: Callable[[], int]) -> None:
        self._suppressions = suppressions
        self._clock = clock

    async def list(self, request: ask.ListSuppressions) -> ask.SuppressionsAnswer:
        """Newest first. Raises Rejected for a reason that is none."""
        reason, _ = read_filter({"reason": request.reason} if request.reason else {})
        entries, more, _ = await self._suppressions.list(Piece(request.limit, request.after), (), reason)
        return ask.SuppressionsAnswer(tuple(map(_show, entries)), entries[-1].id if more else None)

    async def add(self, request: ask.AddSuppressions) -> ask.ChangedAnswer:
        """Raises Rejected for the first address that is none."""
        body = msgspec.json.encode({"emails": request.addresses, "domain": request.domain, "list": request.list})
        return await self._add(read_batch_addition(body))

    async def remove(self, request: ask.RemoveSuppressions) -> ask.ChangedAnswer:
        names = [suppression_name(name) for name in request.names]
        entries = await self._suppressions.named(names)
        await self._suppressions.remove(entries, self._clock())
        found = {entry.id for entry in entries} | {str(entry.address) for entry in entries}
        return ask.ChangedAnswer(len(entries), tuple(f"{name} is not listed" for name in names if name not in found))

    async def import_csv(self, request: ask.ImportSuppressions) -> ask.ChangedAnswer:
        """Raises Rejected that names the line; nothing is added then."""
        return await self._add(read_csv(request.csv))

    async def export_csv(self, request: ask.ExportSuppressions) -> ask.CsvAnswer:
        entries, more, _ = await self._suppressions.list(Piece(EXPORTED_AT_ONCE, request.after))
        return ask.CsvAnswer(write_csv(entries, request.after is None), entries[-1].id if more else None)

    async def _add(self, wanted: Sequence[Wanted]) -> ask.ChangedAnswer:
        now = self._clock()
        asked = [
            Suppression(
                uuid7(now, secrets.token_bytes(10)), one.address, one.reason, one.domain or "",
                one.cause or "added by the operator", now, one.list,
            )
            for one in wanted
        ]  # fmt: skip
        entries = await self._suppressions.add(asked)
        return ask.ChangedAnswer(sum(entry.id == one.id for entry, one in zip(entries, asked, strict=True)))


def _show(entry: Suppression) -> ask.SuppressionEntry:
    return ask.SuppressionEntry(
        entry.id,
        str(entry.address),
        entry.reason.value,
        entry.domain,
        entry.cause,
        show_iso(entry.created_at),
        entry.list,
    )
