"""What a request may cost: the size of its body and the time it may take to send it."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.requests import ClientDisconnect, Request

from emailgw.errors import Rejected

COMPLETE = "emailgw.complete"  # in a request's scope: its body was there before it began to be worked on
LARGE = 256 * 1024  # octets of a body from which on it is read in a thread, so that other requests do not wait

T = TypeVar("T")
P = ParamSpec("P")


async def aside(size: int, work: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
    """What `work` returns of a body of `size` octets."""
    if size > LARGE:
        return await asyncio.to_thread(work, *arguments, **more)
    return work(*arguments, **more)


class BodyLimits:
    """`size` in octets, `timeout` in milliseconds for the whole body."""

    def __init__(self, size: int, timeout: int) -> None:
        self._size = size
        self._timeout = timeout

    async def read(self, request: Request) -> bytes:
        """The whole body. Raises Rejected when it is too large or too slow, ClientDisconnect when the client left."""
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > self._size:
            raise self._too_large()
        if COMPLETE in request.scope:  # as small ones are: there is nothing to wait for
            chunks = await self._chunks(request)
        else:
            try:
                async with asyncio.timeout(self._timeout / 1000):
                    chunks = await self._chunks(request)
            except TimeoutError:
                raise Rejected("The request body came too slowly.", name="too_slow") from None
        return await aside(sum(map(len, chunks)), b"".join, chunks)

    async def _chunks(self, request: Request) -> list[bytes]:
        chunks: list[bytes] = []
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > self._size:
                raise self._too_large()
            chunks.append(chunk)
        return chunks

    def _too_large(self) -> Rejected:
        return Rejected(f"The request body is larger than {int(self._size)} octets.", name="too_large", status="5.3.4")


__all__ = ["BodyLimits", "ClientDisconnect"]
