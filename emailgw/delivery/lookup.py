"""Records for those who check DNS, as text. A check of a domain's own records uses a new one each time: who has just
published a record wants it seen.
"""

import dns.rdata
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT

from emailgw.core.dns import Looked
from emailgw.delivery.dns import CACHE_ENTRIES, Outcome, Resolver


class RecordLookup:
    """Answers are remembered as long as it lives and they hold. See core.dns.Lookup. `entries`: how many."""

    def __init__(self, nameservers: tuple[str, ...], timeout: int, entries: int = CACHE_ENTRIES) -> None:
        self._resolver = Resolver(nameservers, timeout, entries=entries)

    async def look(self, name: str, rdtype: str) -> Looked:
        answer = await self._resolver.records(name, rdtype)
        if answer.outcome is Outcome.TROUBLE:
            return Looked(trouble=answer.reason)
        return Looked(tuple(_text(record) for record in answer.records), no_name=answer.outcome is Outcome.NO_NAME)

    async def close(self) -> None:
        await self._resolver.close()


def _text(record: dns.rdata.Rdata) -> str:
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("utf-8", "replace")
    if isinstance(record, MX):
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True).lower().removesuffix('.')}"
    if isinstance(record, CNAME | PTR):
        return record.target.to_text(omit_final_dot=True).lower()
    return record.to_text()
