"""Attachments that a request names by URL, fetched before anything is decided or stored (guarantee G5)."""

import asyncio
from collections.abc import Iterable, Mapping

from emailgw.errors import Rejected
from emailgw.outhttp import OutHttp, OutHttpError
from emailgw.wire.emails import NOTHING_FETCHED, Fetched

TIMEOUT = 15_000  # milliseconds for each
MAX_URLS = 100  # different ones in one request
AT_ONCE = 4


class Fetch:
    """`max_size`: octets of all attachments of one request together."""

    def __init__(self, http: OutHttp, max_size: int) -> None:
        self._http = http
        self._max_size = max_size

    async def all(self, urls: Iterable[str], used: int) -> Mapping[str, Fetched]:
        """What is at each URL, where the request itself has `used` octets already. Raises Rejected."""
        wanted = list(dict.fromkeys(urls))
        if not wanted:
            return NOTHING_FETCHED
        if len(wanted) > MAX_URLS:
            raise Rejected(
                f"The request names {len(wanted)} attachments by `path`; at most {MAX_URLS} are allowed.",
                name="invalid_attachment",
            )
        room = max(0, self._max_size - used)
        turns = asyncio.Semaphore(AT_ONCE)

        async def fetch(url: str) -> Fetched:
            nonlocal room
            async with turns:
                try:
                    answer = await self._http.get(url, timeout=TIMEOUT, max_size=room)
                except OutHttpError as error:
                    raise _refusal(url, str(error)) from None
            room -= len(answer.body)
            if room < 0:
                raise _refusal(url, "with it the attachments are larger than a request may be")
            return Fetched(answer.body, answer.content_type or None)

        tasks = [asyncio.create_task(fetch(url)) for url in wanted]
        try:
            return dict(zip(wanted, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()


def _refusal(url: str, why: str) -> Rejected:
    return Rejected(f"The attachment {url[:200]} cannot be fetched: {why}.", name="invalid_attachment")
