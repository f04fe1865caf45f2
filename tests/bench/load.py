"""HTTP load from a process of its own: connections that are kept open, one request after another on each.

    python -m tests.bench.load URL KEY CONNECTIONS SECONDS [SIZE]

Prints one JSON object: requests answered 202 per second, and the latencies' median and 99th percentile in milliseconds.
"""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

import uvloop

LATER = 3_600  # seconds ahead for which the load's messages are scheduled: accepting alone is measured


def body(size: int) -> bytes:
    """A two-part message of about `size` octets."""
    text = ("The quick brown fox jumps over the lazy dog. " * (size // 90 + 1))[: size // 2]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LATER))
    fields = {
        "from": "Load <load@sender.test>",
        "to": ["user@rcpt.test"],
        "subject": "Grüße, a message of the benchmark",
        "text": text,
        "html": f"<p>{text}</p>",
        "scheduled_at": at,
    }
    return json.dumps(fields).encode()


async def connection(host: str, port: int, request: bytes, until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
    writer.close()


async def load(url: str, key: str, connections: int, seconds: float, size: int) -> dict[str, float]:
    parts = urlsplit(url)
    content = body(size)
    request = (
        f"POST /emails HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content
    latencies: list[float] = []
    started = time.perf_counter()
    until = started + seconds
    assert parts.hostname
    assert parts.port
    await asyncio.gather(
        *(connection(parts.hostname, parts.port, request, until, latencies) for _ in range(connections))
    )
    took = time.perf_counter() - started
    latencies.sort()
    return {
        "requests": len(latencies),
        "per_second": len(latencies) / took,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    url, key, connections, seconds, *size = sys.argv[1:]
    print(json.dumps(uvloop.run(load(url, key, int(connections), float(seconds), int(size[0]) if size else 4096))))
