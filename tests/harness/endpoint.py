"""A webhook endpoint in a process of its own, with a ledger of what came: `python -m tests.harness.endpoint PORT FILE`.

    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        url = endpoint.url("/ok")
        ...
        endpoint.received()

What it does is in the path: `/ok`; `/status/410`; `/later/2`, 429 with that Retry-After to an id seen first, and
`/later-date/2` with the time that it is then;
`/redirect`; `/slow/0.5`, answers after so many seconds; `/silent`; `/cut`, ends in the middle of its answer the first
time an id comes; `/close`, ends the connection after each answer; `/refuse-first`, 500 to the first id of all. A line
is in the ledger before the answer is sent. `do("/status/503")` makes it do that from now on, whatever the path is.
"""

import asyncio
import base64
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any, Self

from tests.harness.ports import free_port
from tests.harness.waiting import eventually

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int
    status: int  # of the answer, 0 when it was none or a part of one

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebhookEndpoint:
    """`start` and `stop` as often as wanted: the port and the ledger stay."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def do(self, what: str) -> None:
        """From the next request on; `""`: as its path says."""
        wish = self.ledger.with_suffix(".wish")
        wish.write_text(what)
        wish.rename(self.ledger.with_suffix(".does"))

    def start(self) -> None:
        ready = self.ledger.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.harness.endpoint", str(self.port), str(self.ledger)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        eventually(ready.exists, "the endpoint listens")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def received(self) -> list[Posted]:
        if not self.ledger.exists():
            return []
        lines = self.ledger.read_text().splitlines(keepends=True)
        return [_posted(json.loads(line)) for line in lines if line.endswith("\n")]


def _posted(line: dict[str, Any]) -> Posted:
    return Posted(line["path"], line["headers"], base64.b64decode(line["body"]), line["connection"], line["status"])


async def _serve(port: int, ledger: Path) -> None:
    seen: dict[str, None] = {}
    wish = ledger.with_suffix(".does")
    connections = 0
    with ledger.open("a") as book:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            number = connections
            try:
                while await _one(reader, writer, number):
                    pass
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            writer.close()

        async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split()[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers["content-length"]))
            line = {"path": path, "headers": headers, "body": base64.b64encode(body).decode(), "connection": number}
            id = headers.get("webhook-id", "")
            first = id not in seen
            seen[id] = None
            if path == "/refuse-first" and id == next(iter(seen)):
                path = "/status/500"
            instead = wish.read_text() if wish.exists() else ""
            does = (instead or path).split("/")[1:]
            book.write(json.dumps({**line, "status": _status(does, first)}) + "\n")
            book.flush()
            return await _answer(does, writer, first)

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        async with server:
            ledger.with_suffix(".ready").touch()
            await server.serve_forever()


def _status(path: list[str], first: bool) -> int:
    match path:
        case ["status", code]:
            return int(code)
        case ["later" | "later-date", _] if first:
            return 429
        case ["redirect"]:
            return 302
        case ["cut"] if first:
            return 0
        case ["silent"]:
            return 0
    return 200


async def _answer(path: list[str], writer: asyncio.StreamWriter, first: bool) -> bool:
    """Whether another request may follow."""
    status, extra, text = _status(path, first), "", "ok"
    match path:
        case ["later", wait] if first:
            extra = f"Retry-After: {wait}\r\n"
        case ["later-date", wait] if first:
            extra = f"Retry-After: {formatdate(time.time() + int(wait), usegmt=True)}\r\n"
        case ["redirect"]:
            extra = f"Location: http://127.0.0.1:{writer.get_extra_info('sockname')[1]}/ok\r\n"
        case ["slow", seconds]:
            await asyncio.sleep(float(seconds))
        case ["silent"]:
            await asyncio.Event().wait()
        case ["cut"] if first:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly")
            return False
        case ["long"]:
            text = "x" * 5_000_000
    writer.write(f"HTTP/1.1 {status} Said\r\n{extra}Content-Length: {len(text)}\r\n\r\n{text}".encode())
    await writer.drain()
    return path != ["close"]


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
