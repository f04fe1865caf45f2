"""How fast webhooks are: to one fast endpoint in a process of its own, which counts and answers at once.

`python -m tests.bench.webhooks PORT` is that endpoint; `GET /` tells what it got, and when.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import httpx
import uvloop

from emailgw.store.open import open_store
from emailgw.vault import Vault
from tests.bench.scenarios import when
from tests.bench.world import ROOT, World, world
from tests.harness.ports import free_port
from tests.harness.waiting import eventually
from tests.webhooks.world import make_endpoint

COUNT = 10_000
WARM = 1_000  # events before the watch starts
SLOW = 2.0  # seconds
DEAD = "http://127.0.0.1:9/"
SETTINGS = {"webhooks": {"allow_networks": ["127.0.0.0/8"]}}
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def webhooks(batch: int) -> dict[str, float]:
    """`COUNT` events that wait in the log, told to one endpoint: from the log to the record of its answer."""
    with world(sink=False, settings=SETTINGS) as w, fast_endpoint() as counted:
        asyncio.run(add(w, counted.url, batch=batch))
        w.fill(COUNT, 1000, delay=3600)
        w.gateway.start(timeout=60)
        cpu, before = eventually(lambda: _seen(w, counted, WARM), "webhooks come", timeout=120)
        cpu_after, after = eventually(lambda: _seen(w, counted, COUNT), "all webhooks come", timeout=300)
        events = after["events"] - before["events"]
        return {
            "events/s": events / (after["at"] - before["at"]),
            "POSTs/s": (after["posts"] - before["posts"]) / (after["at"] - before["at"]),
            "CPU ms an event": (cpu_after - cpu) / events * 1000,
        }


def beside(count: int = 4_000) -> dict[str, float]:
    """How much of its rate mail keeps beside a dead and a slow endpoint, alone and with a fast one, each told of every
    event: with and without them, turn and turn about.
    """
    figures: dict[str, float] = {}
    alone = _drain(count, ())
    for name, paths, batch in (
        ("kept", ("slow",), 1),
        ("kept, and a fast", ("slow", ""), 1),
        ("  in batches", ("slow", ""), 100),
    ):
        with fast_endpoint() as counted:
            told = _drain(count, (DEAD, *(counted.url + path for path in paths)), batch)
        again = _drain(count, ())
        figures[name] = told / ((alone + again) / 2)
        alone = again
    return figures


def _drain(count: int, urls: Sequence[str], batch: int = 1) -> float:
    """Mail delivered a second."""
    with world(settings=SETTINGS) as w:
        for url in urls:
            asyncio.run(add(w, url, batch=batch))
        w.fill(count, 1)
        w.gateway.start(timeout=60)
        first, started, _ = when(w, lambda done: done > count / 10)  # by then the HTTP client is loaded
        last, ended, _ = when(w, lambda done: done >= count * 0.99)
        return (last - first) / (ended - started)


def _seen(w: World, counted: "Counted", least: int) -> tuple[float, dict[str, float]] | None:
    cpu = w.cpu()
    got = counted.got()
    return (cpu, got) if got["events"] >= least else None


async def add(w: World, url: str, **fields: Any) -> None:
    """An endpoint, while the gateway is down."""
    store = await open_store(w.gateway.data_dir)
    await store.webhooks.add(make_endpoint(Vault.open(w.gateway.data_dir), url, **fields))
    await store.close()


class Counted:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"

    def got(self) -> dict[str, float]:
        """`posts`, `events`, and `at`, the time of the last."""
        return dict(httpx.get(self.url, timeout=30).json())


@contextmanager
def fast_endpoint() -> Iterator[Counted]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.webhooks", str(port)], cwd=ROOT)
    counted = Counted(port)
    try:
        eventually(lambda: _answers(counted.got), "the endpoint answers")
        yield counted
    finally:
        process.kill()
        process.wait()


def _answers(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except httpx.TransportError:
        return False
    return True


class _Endpoint(asyncio.Protocol):
    """As little as an answer can cost."""

    got: dict[str, float] = {"posts": 0, "events": 0, "at": 0.0}  # noqa: RUF012  (shared on purpose)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            _, found, length = head.partition(b"content-length: ")
            size = int(length.split(b"\r\n", 1)[0]) if found else 0
            if len(self._received) < end + 4 + size:
                return
            body = self._received[end + 4 : end + 4 + size]
            self._received = self._received[end + 4 + size :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get"):
            said = json.dumps(self.got).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
            return
        self.got["posts"] += 1
        self.got["events"] += body.count(b'"id":"evt_') if body.startswith(b"[") else 1
        self.got["at"] = time.perf_counter()
        if b"/slow" in head.split(b"\r\n", 1)[0]:
            asyncio.get_running_loop().call_later(SLOW, self._transport.write, _OK)
        else:
            self._transport.write(_OK)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Endpoint, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
