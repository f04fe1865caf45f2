"""Connections that are kept, against a server of plain sockets that counts what it gets: when a POST is sent again."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from emailgw.outhttp import OutHttp, OutHttpError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSE, RESET = b"close", b"reset"
HALF = b"HTTP/1.1 200 OK\r\nConte"


@dataclass
class Server:
    """`connections`: the requests that came over each."""

    port: int
    connections: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def requests(self) -> int:
        return sum(self.connections)


@contextmanager
def serving(script: Sequence[Sequence[bytes]]) -> Iterator[Server]:
    """For each connection, what it answers to one request after the other; then, and after CLOSE, it is closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])

    def serve() -> None:
        for answers in script:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections.append(0)
            with connection:
                for answer in answers:
                    if not _read_request(connection):
                        break
                    server.connections[-1] += 1
                    if answer == RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if answer in (CLOSE, RESET):
                        break
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\r\n\r\nbody"):
        part = connection.recv(65_536)
        if not part:
            return b""
        received += part
    return received


async def posted(server: Server, count: int) -> list[int | str]:
    """So many POSTs, one after the other: statuses, or why there is none."""
    said: list[int | str] = []
    channel = await OutHttp(("127.0.0.0/8",)).channel(server.url)
    try:
        for _ in range(count):
            try:
                said.append((await channel.post(b"body", {}, 5_000)).status)
            except OutHttpError as error:
                said.append(str(error))
    finally:
        await channel.close()
    return said


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_never_again_after_a_fresh_connection(end: bytes) -> None:
    with serving([[end], [OK]]) as server:
        [said] = await posted(server, 1)
        assert isinstance(said, str)
        assert server.requests == 1


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_once_again_after_a_waiting_connection_was_closed(end: bytes) -> None:
    with serving([[OK, end], [OK]]) as server:
        assert await posted(server, 2) == [200, 200]
        assert server.connections == [2, 1]


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_no_third_time(end: bytes) -> None:
    with serving([[OK, end], [end], [OK]]) as server:
        first, second = await posted(server, 2)
        assert first == 200
        assert isinstance(second, str)
        assert server.connections == [2, 1]


async def test_never_again_after_an_answer_has_begun() -> None:
    with serving([[OK, HALF], [OK]]) as server:
        first, second = await posted(server, 2)
        assert first == 200
        assert isinstance(second, str)
        assert server.connections == [2]
