"""HTTP out: only to addresses that the guard has seen, and only so much, so long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from emailgw.outhttp import OutHttp, OutHttpError

LOOPBACK = ("127.0.0.0/8",)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"


@asynccontextmanager
async def server(answer: bytes, *, hang: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Its port, and the requests it got."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if hang:
            await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen


async def test_a_name_is_resolved_once_and_kept_as_host() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with server(OK) as (port, seen):
        answer = await OutHttp(LOOPBACK, resolve).get(f"http://files.test:{port}/a", timeout=5_000, max_size=10)
    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"ok")
    assert asked == ["files.test"]
    assert f"host: files.test:{port}".encode() in seen[0].lower()
    assert b"cookie" not in seen[0].lower()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["192.0.2.1", "10.0.0.1"], ["8.8.8.8", "::1"], []])
async def test_one_bad_address_spoils_a_name(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    with pytest.raises(OutHttpError, match=r"files\.test"):
        await OutHttp((), resolve).get("http://files.test/", timeout=5_000, max_size=10)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirect"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", "more than 10"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 11, "more than 10"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "127.0.0.1: its answer is not valid HTTP"),
        (b"", "127"),
    ],
)
async def test_what_is_no_document(answer: bytes, why: str) -> None:
    async with server(answer) as (port, _):
        with pytest.raises(OutHttpError, match=why):
            await OutHttp(LOOPBACK).get(f"http://127.0.0.1:{port}/", timeout=5_000, max_size=10)


async def test_the_deadline_is_for_all_of_it() -> None:
    async with server(b"HTTP/1.1 200 OK\r\n\r\nx", hang=True) as (port, _):
        with pytest.raises(OutHttpError, match=r"0\.3 seconds"):
            await OutHttp(LOOPBACK).get(f"http://127.0.0.1:{port}/", timeout=300, max_size=10)
