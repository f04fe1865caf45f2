"""`GET /events/stream`: the event log as server-sent events (WHATWG HTML §9.2), each with its id, so that a reader who
comes back with `Last-Event-ID` goes on where he stopped.

Bounded: so many streams for each key; who does not read is cut off, and comes back. All of them end at once when the
daemon stops.
"""

import asyncio
import collections
import contextlib
from collections.abc import AsyncGenerator, Iterator

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emailgw.core.directory import ApiKey
from emailgw.core.ids import KeyId
from emailgw.core.listing import EventFilter
from emailgw.errors import StoreUnavailable, TooManyRequests
from emailgw.queue.keyring import KeyRing
from emailgw.store.events import EventLog
from emailgw.wire.events import EventLine, event_id, show_told

PER_KEY = 10  # streams
AT_ONCE = 100  # events read and sent together
HEARTBEAT = 15.0  # seconds of silence after which a comment says that the stream lives
PATIENCE = 20.0  # seconds for which a reader may leave the connection full
PAUSE = 0.05  # seconds between two looks: in a busy gateway each look then finds many

_encoder = msgspec.json.Encoder()


class Streams:
    """All open streams. `close` ends them."""

    def __init__(self, log: EventLog, keys: KeyRing) -> None:
        self._log = log
        self._keys = keys
        self._open: collections.Counter[KeyId] = collections.Counter()
        self._closing = False

    def close(self) -> None:
        self._closing = True
        self._log.wake()

    def open(self, key: ApiKey, wanted: EventFilter, position: int) -> Response:
        """Raises TooManyRequests."""
        if self._open[key.id] >= PER_KEY:
            raise TooManyRequests(f"This API key has {PER_KEY} streams open; close one first.", retry_after=5)
        return _StreamResponse(self, key, wanted, position)

    @contextlib.contextmanager
    def counted(self, key: ApiKey) -> Iterator[None]:
        self._open[key.id] += 1
        try:
            yield
        finally:
            self._open[key.id] -= 1
            if not self._open[key.id]:
                del self._open[key.id]

    async def follow(self, key: ApiKey, wanted: EventFilter, position: int) -> AsyncGenerator[bytes, None]:
        """Pieces of the stream, until the daemon stops or the key is good no more. The first, and each comment, says
        where it is: a reader that is cut off before it was told anything misses nothing either.
        """
        yield b"retry: 3000\n" + _place(position)
        with self._log.listening() as heard:
            while not self._closing and await self._keys.still(key) is not None:
                heard.clear()
                head = await self._log.head()
                page = await self._log.page(wanted, AT_ONCE, position, head + 1, newest_first=False)
                position = max(position, head if page.cursor is None else page.cursor)
                if page.told:
                    yield b"".join(_frame(show_told(one.event, one.message, key.dialect)) for one in page.told)
                if page.has_more:
                    continue
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await heard.wait()
                except TimeoutError:
                    yield b": still here\n" + _place(position)
                else:
                    await asyncio.sleep(PAUSE)


class _StreamResponse(Response):
    media_type = "text/event-stream"

    def __init__(self, streams: Streams, key: ApiKey, wanted: EventFilter, position: int) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._key = key
        self._pieces = streams.follow(key, wanted, position)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.counted(self._key):
            pump = asyncio.create_task(self._pump(send))
            gone = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait((pump, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                pump.cancel()
                await asyncio.wait((pump, gone))
                await self._pieces.aclose()

    async def _pump(self, send: Send) -> None:
        with contextlib.suppress(TimeoutError, StoreUnavailable):  # the connection is cut: the reader sees that
            headers = self.raw_headers
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for piece in self._pieces:
                async with asyncio.timeout(PATIENCE):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _place(position: int) -> bytes:
    """Sets what the reader comes back with, and tells it of no event, for it has no data (WHATWG HTML §9.2.6)."""
    return f"id: {event_id(position)}\n\n".encode()


def _frame(shown: EventLine) -> bytes:
    # JSON has no raw line break, so one data line holds it.
    return f"id: {shown['id']}\nevent: {shown['type']}\ndata: ".encode() + _encoder.encode(shown) + b"\n\n"
