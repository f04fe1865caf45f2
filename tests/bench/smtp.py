"""Mail by SMTP submission from Debian's smtp-source: sessions that are used again, and a new one for each message.

Mail waits for hosts that nothing listens on, so that accepting alone is measured.
"""

import subprocess
import time

from tests.bench.world import world
from tests.harness.need import need

SESSIONS = 50
SETTINGS = {
    "submission": {"trusted_key": "test", "max_connections": 20_000, "max_connections_per_address": 20_000},
    "log": {"mail": False},
}


def submit(count: int, *, reuse: bool, size: int = 4096, sessions: int = SESSIONS) -> dict[str, float]:
    source = need("smtp-source")
    with world(sink=False, settings=SETTINGS) as place:
        gateway = place.gateway
        gateway.start()
        cpu = place.cpu()
        began = time.perf_counter()
        subprocess.run(
            [source, *(["-d"] if reuse else []), "-s", str(sessions), "-m", str(count), "-l", str(size),
             "-f", "a@sender.test", "-t", "user@rcpt.test", f"127.0.0.1:{gateway.submission_port}"],
            check=True, timeout=600, capture_output=True,
        )  # fmt: skip
        took = time.perf_counter() - began
        return {"per_second": count / took, "cpu_ms": (place.cpu() - cpu) * 1000 / count, "rss_mb": place.rss()}


def idle(count: int) -> dict[str, float]:
    """Memory that so many connections cost which say EHLO and nothing more."""
    import resource
    import socket

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * count + 100), hard))
    with world(sink=False, settings=SETTINGS) as place:
        place.gateway.start()
        before = place.rss()
        connections = []
        for number in range(count):
            connection = socket.create_connection(
                ("127.0.0.1", place.gateway.submission_port), 20, (f"127.0.{number // 20_000 + 1}.1", 0)
            )
            connection.recv(100)
            connection.sendall(b"EHLO idle.test\r\n")
            connection.recv(1000)
            connections.append(connection)
        after = place.rss()
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return {"rss_mb": after, "kb_each": (after - before) * 1024 / count}
