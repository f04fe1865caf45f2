"""The inbound listener and clients that nobody wants: bounded connections, lines and messages."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.harness.gateway import Gateway
from tests.harness.sink import Sink

CHUNK = b"x" * 65536


@pytest.fixture
def client(gateway: Gateway) -> Iterator[socket.socket]:
    with closing(_connect(gateway)) as connection:
        assert connection.recv(1000).startswith(b"220 ")
        yield connection


def _connect(gateway: Gateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gateway.inbound_port), timeout=20)


def _ask(client: socket.socket, line: bytes) -> bytes:
    client.sendall(line + b"\r\n")
    return _read_reply(client)


def _read_reply(client: socket.socket) -> bytes:
    """All lines of one reply: it may come in any number of pieces."""
    reply = b""
    while not re.search(rb"(?:^|\n)\d{3} [^\n]*\n$", reply):
        piece = client.recv(4000)
        assert piece, f"closed after {reply!r}"
        reply += piece
    return reply


def test_more_connections_than_allowed_are_turned_away_and_leave_nothing(gateway: Gateway) -> None:
    """20 from one address; one more hears 421 and is closed at once."""
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(closing(_connect(gateway)))
            assert connection.recv(1000).startswith(b"220 ")
        for _ in range(5):
            with closing(_connect(gateway)) as late:
                assert late.recv(1000).startswith(b"421 4.7.0 ")
                assert late.recv(1000) == b""
    with closing(_connect(gateway)) as later:
        assert later.recv(1000)[:3] in (b"220", b"421")


def test_a_line_without_end_is_closed(client: socket.socket) -> None:
    sent = 0
    try:
        while sent < 100 << 20:
            client.sendall(CHUNK)
            sent += len(CHUNK)
    except OSError:
        pass  # a reset or a broken pipe, as the kernel likes
    assert sent < 20 << 20


@pytest.mark.parametrize(
    "data", [b"Subject: a\n\nbody\r\n", b"Subject: a\r\n\r\nbo\rdy\r\n", b"a: b\r\n\n.\r\nMAIL\r\n"]
)
def test_bare_line_ends_are_refused(gateway: Gateway, sink: Sink, client: socket.socket, data: bytes) -> None:
    id = gateway.send("bare@example.test")
    gateway.wait_for_state(id, "delivered")
    path = next(m.reverse_path for m in list(sink.messages) if m.recipients == ["bare@example.test"]).encode()
    assert _ask(client, b"EHLO mx.example.test").startswith(b"250")
    assert _ask(client, b"MAIL FROM:<>").startswith(b"250")
    assert _ask(client, b"RCPT TO:<%s>" % path).startswith(b"250")
    assert _ask(client, b"DATA").startswith(b"354")
    client.sendall(data + b".\r\n")
    assert _read_reply(client).startswith(b"550 5.6.0 ")
    assert [event["type"] for event in gateway.show(id)["events"]] == ["queued", "delivered"]
