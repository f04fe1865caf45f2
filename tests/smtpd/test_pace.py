"""Deadlines are about progress: what a client that drips, and one that is merely slow, is told. Time is an argument."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from emailgw.smtpd.gate import Care, Gate
from emailgw.smtpd.protocol import MOST_IN_A_TURN, Connection, Server
from emailgw.smtpd.terms import Offers, Question

MINUTE = 60.0


class Willing:
    is_known = True

    def ask(self, question: Question) -> str | Awaitable[str]:
        return "250 2.0.0 OK"

    def reset(self) -> None:
        pass


def server() -> tuple[list[Connection], Callable[[], Connection]]:
    """The connections that it will have, and what makes one."""
    opened: list[Connection] = []
    gate = Gate(Care(timeout=300_000, max_connections=10, max_connections_per_address=10, min_rate=1000))
    serving = Server("test", Offers("gw.test", 40 << 20, 10, 20), gate, lambda client: Willing(), None)

    def protocol() -> Connection:
        opened.append(serving.protocol())
        return opened[-1]

    return opened, protocol


@pytest.mark.parametrize(
    ("octets", "after", "ends"),
    [
        (60, MINUTE, True),  # an octet a second
        (25 << 20, 256.0, False),  # 25 MB at 100 KB a second
        (60, 29.0, False),  # the first 30 seconds are free
        (30 << 20, 31 * MINUTE, True),  # at a good pace, for ever
    ],
)
async def test_the_pace_of_a_message(octets: int, after: float, ends: bool) -> None:
    opened, protocol = server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(protocol, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
    try:
        writer.write(b"EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n")
        await reader.readuntil(b"354 End with a dot on a line by itself\r\n")
        now = loop.time()
        opened[0].look(now)
        line = b"x" * 58 + b"\r\n"
        writer.write(line * (octets // len(line)))
        await writer.drain()
        body = opened[0].received
        while body() < octets - 100:  # noqa: ASYNC110  (what the loop has read is no event)
            await asyncio.sleep(0)
        opened[0].look(now + after)
        if ends:
            assert (await reader.readline()).startswith(b"421 4.4.2 ")
        else:
            writer.write(b"\r\n.\r\n")
            assert (await reader.readline()).startswith(b"250 2.0.0 OK")
    finally:
        writer.close()
        listening.close()


def test_a_fast_client_leaves_the_loop_to_others() -> None:
    """Between two looks at other connections, never more is read of one than it may have."""

    async def fill_and_look() -> tuple[int, list[int]]:
        opened, protocol = server()
        listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        with socket.create_connection(listening.sockets[0].getsockname()[:2]) as client:
            client.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(
                client, b"EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
            )
            said = b""
            while b"354 " not in said:
                said += await asyncio.get_running_loop().sock_recv(client, 4096)
            sent = 0
            with contextlib.suppress(BlockingIOError):  # as much as the kernel holds, while the loop reads nothing
                while True:
                    sent += client.send(b"x" * 62 + b"\r\n")
            seen = [0]
            while seen[-1] < sent - 100:
                await asyncio.sleep(0)
                seen.append(opened[0].received())
        listening.close()
        return sent, seen

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sent, seen = runner.run(fill_and_look())
    assert sent > 2 * MOST_IN_A_TURN
    assert max(after - before for before, after in itertools.pairwise(seen)) < MOST_IN_A_TURN + 256_000


def test_networks_are_told_from_addresses() -> None:
    gate = Gate(
        Care(timeout=1, max_connections=1, max_connections_per_address=1, trusted_networks=("127.0.0.0/8", "::1/128"))
    )
    assert [gate.is_trusted(address) for address in ("127.9.9.9", "::ffff:127.0.0.1", "::1", "::2", "x", "")] == [
        *[True] * 3,
        *[False] * 3,
    ]
