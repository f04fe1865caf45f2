"""What someone who checks DNS records may ask, and what he is told. `delivery` answers, `queue` and `api` ask."""

from typing import Protocol

import msgspec


class Looked(msgspec.Struct, frozen=True):
    """The records of one name and type in text form, none when there are none; `trouble` set when DNS did not tell.

    TXT: the strings of a record joined. MX: `10 host`. Host names in lower case without the final dot.
    """

    values: tuple[str, ...] = ()
    trouble: str = ""
    no_name: bool = False


class Lookup(Protocol):
    async def look(self, name: str, rdtype: str) -> Looked:
        """`rdtype`: TXT, MX, CNAME, PTR, A or AAAA. Never raises for what a server does."""

    async def close(self) -> None:
        """Give up questions under way."""
