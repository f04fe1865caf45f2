"""A small authoritative DNS server for tests: real packets over UDP and TCP, records and faults changed at run time.

    with DNSServer() as dns:
        dns.mx("example.test", (10, "mx.example.test"))
        dns.add("mx.example.test", "A", "127.0.0.1")
        dns.fault("broken.test", Fault.SERVFAIL)
        ... program with nameservers = [dns.nameserver] ...
        assert dns.count("example.test", "MX") == 1

Runs in a thread of its own, so that synchronous tests and other processes can use it.
"""

import asyncio
import enum
import struct
import threading
from collections import Counter
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

MAX_UDP = 1232
MAX_CHAIN = 20


class Fault(enum.Enum):
    SERVFAIL = enum.auto()
    REFUSED = enum.auto()
    SILENT = enum.auto()
    TRUNCATED = enum.auto()  # UDP answers are cut, TCP ones are whole
    GARBAGE = enum.auto()  # SERVFAIL's rude cousin: bytes that are no DNS message
    FORGED = enum.auto()  # the answer to another question comes first


class DNSServer:
    """`ttl` is that of records and of negative answers unless given otherwise."""

    def __init__(self, host: str = "127.0.0.1", ttl: int = 1) -> None:
        self.host = host
        self.port = 0
        self.ttl = ttl
        self.queries: Counter[tuple[str, str]] = Counter()
        self.tcp_queries = 0
        self._records: dict[tuple[str, str], tuple[int, list[str]]] = {}
        self._faults: dict[tuple[str, str | None], Fault] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dns", daemon=True)

    @property
    def nameserver(self) -> str:
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def add(self, name: str, rdtype: str, *values: str, ttl: int | None = None) -> None:
        """Set the records of one type, in presentation format: host names with their final dot."""
        with self._lock:
            self._records[_key(name), rdtype] = (self.ttl if ttl is None else ttl, list(values))

    def mx(self, name: str, *hosts: tuple[int, str], ttl: int | None = None) -> None:
        self.add(name, "MX", *(f"{preference} {host}." for preference, host in hosts), ttl=ttl)

    def null_mx(self, name: str) -> None:
        self.add(name, "MX", "0 .")

    def domain(self, name: str, *addresses: str) -> None:
        """A mail domain with one MX host `mx.<name>` at these IPv4 addresses."""
        self.mx(name, (10, f"mx.{name}"))
        self.add(f"mx.{name}", "A", *addresses)

    def remove(self, name: str) -> None:
        with self._lock:
            for key in [key for key in self._records if key[0] == _key(name)]:
                del self._records[key]

    def fault(self, name: str, fault: Fault | None, rdtype: str | None = None) -> None:
        """Misbehave for questions about `name` (of one type or all) until told `None`."""
        with self._lock:
            if fault is None:
                self._faults.pop((_key(name), rdtype), None)
            else:
                self._faults[_key(name), rdtype] = fault

    def count(self, name: str, rdtype: str) -> int:
        """How often it was asked."""
        with self._lock:
            return self.queries[_key(name), rdtype]

    async def _start(self) -> None:
        while True:
            self._transport, _ = await self._loop.create_datagram_endpoint(
                lambda: _UDP(self), local_addr=(self.host, 0)
            )
            port = self._transport.get_extra_info("sockname")[1]
            try:
                self._server = await asyncio.start_server(self._serve_tcp, self.host, port)
            except OSError:  # TCP has the port in use: find another that is free for both
                self._transport.close()
            else:
                self.port = port
                return

    async def _stop(self) -> None:
        self._transport.close()
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            self.tcp_queries += 1
            for answer in self.answer(await reader.readexactly(size), over_tcp=True):
                writer.write(struct.pack("!H", len(answer)) + answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, packet: bytes, over_tcp: bool) -> list[bytes]:
        """The packets to send back."""
        try:
            query = dns.message.from_wire(packet)
        except dns.exception.DNSException:
            return []
        question = query.question[0]
        rdtype = dns.rdatatype.to_text(question.rdtype)
        name = _key(question.name.to_text())
        with self._lock:
            self.queries[name, rdtype] += 1
            fault = self._faults.get((name, rdtype), self._faults.get((name, None)))
            response = self._respond(query, question.name, rdtype)
        return _spoil(query, response, fault, over_tcp)

    def _respond(self, query: dns.message.Message, name: dns.name.Name, rdtype: str) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        for _ in range(MAX_CHAIN):
            key = _key(name.to_text())
            if (key, rdtype) in self._records:
                ttl, values = self._records[key, rdtype]
                response.answer.append(dns.rrset.from_text_list(name, ttl, "IN", rdtype, values))
                return response
            if (key, "CNAME") not in self._records:
                break
            ttl, values = self._records[key, "CNAME"]
            rrset = dns.rrset.from_text_list(name, ttl, "IN", "CNAME", values)
            response.answer.append(rrset)
            name = dns.name.from_text(values[0])
        else:
            return response
        if not any(owner == key or owner.endswith("." + key) for owner, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        zone = dns.name.Name(name.labels[-2:])
        soa = f"ns.test. hostmaster.test. 1 3600 600 86400 {self.ttl}"
        response.authority.append(dns.rrset.from_text(zone, self.ttl, "IN", "SOA", soa))
        return response


class _UDP(asyncio.DatagramProtocol):
    def __init__(self, server: DNSServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: before Python 3.12 the loop's own class does not inherit from it.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self._server.answer(data, over_tcp=False):
            self._transport.sendto(answer, addr)


def _spoil(
    query: dns.message.Message, response: dns.message.Message, fault: Fault | None, over_tcp: bool
) -> list[bytes]:
    match fault:
        case Fault.SILENT:
            return []
        case Fault.GARBAGE:
            return [b"\x00garbage"]
        case Fault.SERVFAIL | Fault.REFUSED:
            failure = dns.message.make_response(query)
            failure.set_rcode(dns.rcode.from_text(fault.name))
            return [failure.to_wire()]
        case Fault.FORGED:
            forged = dns.message.make_response(query)
            forged.id ^= 1
            return [forged.to_wire(), response.to_wire()]
    wire = response.to_wire(max_size=65535)
    if not over_tcp and (fault is Fault.TRUNCATED or len(wire) > MAX_UDP):
        cut = dns.message.make_response(query)
        cut.flags |= dns.flags.TC
        return [cut.to_wire()]
    return [wire]


def _key(name: str) -> str:
    return name.lower().rstrip(".")
