"""DNS as authentication sees it, in a dictionary: `Zone({"a.test": {"TXT": ["v=spf1 -all"]}})`.

`trouble`: names about which DNS does not tell; `silent`: names whose answer never comes. `asked`: every question.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from emailgw.core.dns import Looked

Records = Mapping[str, Mapping[str, Sequence[str]]]


class Zone:
    def __init__(self, records: Records, trouble: Collection[str] = (), silent: Collection[str] = ()) -> None:
        self._records = {name.lower(): types for name, types in records.items()}
        self._trouble = trouble
        self._silent = silent
        self.asked: list[tuple[str, str]] = []

    async def look(self, name: str, rdtype: str) -> Looked:
        self.asked.append((name, rdtype))
        if name in self._silent:
            await asyncio.Event().wait()
        if name in self._trouble:
            return Looked(trouble=f"DNS lookup of {name} {rdtype}: no answer")
        found = self._records.get(name.lower())
        return Looked(tuple(found.get(rdtype, ())) if found is not None else (), no_name=found is None)

    async def close(self) -> None:
        """Nothing is under way."""
