"""The door of this package. The HTTP client behind it costs a quarter of the program's start and of its memory, so it
is loaded when the first request is made.
"""

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emailgw.outhttp.terms import Answer, Gatekeeper, OutHttpError, Request, Resolve

if TYPE_CHECKING:
    from emailgw.outhttp.channel import Channel


class OutHttp:
    """`allow_networks`: special networks that may be dialled all the same."""

    def __init__(self, allow_networks: tuple[str, ...] = (), resolve: Resolve | None = None) -> None:
        self._gatekeeper = Gatekeeper(allow_networks, resolve)

    async def request(
        self,
        method: str,
        url: str,
        *,
        timeout: int,
        max_size: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, answered whole within `timeout` milliseconds and `max_size` octets. Raises OutHttpError.

        Any status is an answer, a redirect too.
        """
        await _load("emailgw.outhttp.client")
        from emailgw.outhttp.client import exchange

        return await exchange(self._gatekeeper, Request(method, url, timeout, max_size, headers or {}, body))

    async def get(self, url: str, *, timeout: int, max_size: int) -> Answer:
        """A document that is there. Raises OutHttpError, also for every status but 200."""
        answer = await self.request("GET", url, timeout=timeout, max_size=max_size)
        if 300 <= answer.status < 400:
            raise OutHttpError(f"it answers with a redirect ({answer.status}), which is not followed")
        if answer.status != 200:
            raise OutHttpError(f"it answers with status {answer.status}")
        return answer

    async def channel(self, url: str) -> "Channel":
        """For many POSTs to one URL over connections that are kept; close it. Raises OutHttpError for a bad URL."""
        await _load("emailgw.outhttp.channel")
        from emailgw.outhttp.channel import Channel

        return Channel(self._gatekeeper, url)


async def _load(module: str) -> None:
    """In a thread: the loop turns meanwhile."""
    await asyncio.to_thread(importlib.import_module, module)
