"""The stream of events by itself: it says that it lives, and cuts off who does not read. Its patience is made short."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from emailgw.api import stream
from emailgw.api.stream import Streams
from emailgw.core.listing import EventFilter
from emailgw.queue.keyring import LOCAL, KeyRing
from emailgw.store.open import Store, open_store
from tests.harness.mail import NOW, make_mail


def streams_of(store: Store) -> Streams:
    return Streams(store.events, KeyRing(store.directory, lambda: NOW))


async def test_silence_is_broken_by_a_comment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a proxy between would take the connection for dead."""
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    store = await open_store(tmp_path)
    try:
        pieces = streams_of(store).follow(LOCAL, EventFilter(), 0)
        assert await anext(pieces) == b"retry: 3000\nid: evt_0\n\n"
        assert [await anext(pieces) for _ in range(2)] == [b": still here\nid: evt_0\n\n"] * 2
        await store.queue.enqueue(*make_mail(now=NOW))
        piece = b""
        while not piece.startswith(b"id: evt_1\nevent: email.sent\ndata: "):
            piece = await anext(pieces)
            assert piece.startswith((b": still here", b"id: evt_1"))
        await pieces.aclose()
    finally:
        await store.close()


class Client:
    """An ASGI server's side of one connection: takes `takes` messages, and then leaves the connection full."""

    def __init__(self, takes: int) -> None:
        self.taken: list[Any] = []
        self._takes = takes

    async def receive(self) -> Any:
        return await asyncio.Event().wait()  # it never leaves

    async def send(self, message: Any) -> None:
        if len(self.taken) == self._takes:
            await asyncio.Event().wait()
        self.taken.append(message)


async def test_who_does_not_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.1)
    store = await open_store(tmp_path)
    try:
        streams = streams_of(store)
        for _ in range(stream.AT_ONCE + 1):  # more than one piece
            await store.queue.enqueue(*make_mail(now=NOW))
        client = Client(takes=3)  # the head, `retry`, and the first events
        async with asyncio.timeout(20):
            await streams.open(LOCAL, EventFilter(), 0)({"type": "http"}, client.receive, client.send)
        kinds = [message["type"] for message in client.taken]
        assert kinds == ["http.response.start", "http.response.body", "http.response.body"]
        assert all(message.get("more_body", True) for message in client.taken)  # cut, not ended
        for _ in range(stream.PER_KEY):  # and its place is free again
            streams.open(LOCAL, EventFilter(), 0)
    finally:
        await store.close()
