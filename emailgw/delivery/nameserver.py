"""One question to one name server: over UDP, and over TCP when the answer did not fit. Called by `dns`.

On plain sockets rather than by dnspython's own: those cost twice as much, and one that is cancelled while uvloop sets
it up keeps the loop from ever closing. Each question has a socket, hence a port, of its own (RFC 5452 §9.2), connected
so that the kernel drops what comes from elsewhere and tells of a closed port.
"""

import asyncio
import socket
import struct

import dns.exception
import dns.message
import dns.name

EDNS_PAYLOAD = 1232  # fits every path without fragments; more goes to TCP (DNS Flag Day 2020)
_LENGTH = struct.Struct("!H")


async def ask_server(server: tuple[str, int], qname: dns.name.Name, rdtype: str) -> dns.message.Message:
    """The server's response, of whatever rcode. `server`: IP address and port.

    Waits for ever: the caller limits the time. Raises OSError, EOFError, ValueError or DNSException.
    """
    query = dns.message.make_query(qname, rdtype, use_edns=0, payload=EDNS_PAYLOAD)
    wire = query.to_wire()
    response = await _over_udp(server, query, wire)
    if response is None:
        response = await _over_tcp(server, wire)
        if not query.is_response(response):
            raise ValueError("the answer is to another question")
    return response


async def _over_udp(server: tuple[str, int], query: dns.message.Message, wire: bytes) -> dns.message.Message | None:
    """None for an answer that was cut to fit."""
    loop = asyncio.get_running_loop()
    with _new_socket(server, socket.SOCK_DGRAM) as sock:
        sock.connect(server)
        sock.send(wire)
        while True:
            packet = await loop.sock_recv(sock, 65_535)
            try:
                response = dns.message.from_wire(packet, raise_on_truncation=True)
            except dns.message.Truncated:
                if packet[:2] == wire[:2]:
                    return None
                continue
            except (dns.exception.DNSException, ValueError):
                continue  # who cannot answer may still be forged: the true answer is waited for
            if query.is_response(response):
                return response


async def _over_tcp(server: tuple[str, int], wire: bytes) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    with _new_socket(server, socket.SOCK_STREAM) as sock:
        await loop.sock_connect(sock, server)
        await loop.sock_sendall(sock, _LENGTH.pack(len(wire)) + wire)
        (length,) = _LENGTH.unpack(await _receive(sock, _LENGTH.size))
        return dns.message.from_wire(await _receive(sock, length))


async def _receive(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < size:
        piece = await loop.sock_recv(sock, size - len(received))
        if not piece:
            raise EOFError("the connection was closed in the middle of an answer")
        received += piece
    return bytes(received)


def _new_socket(server: tuple[str, int], kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.setblocking(False)
    return sock
