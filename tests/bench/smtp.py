"""Mail by SMTP submission from Debian's smtp-source: sessions that are used again, and a new one for each message.

Mail waits for hosts that nothing listens on, so that accepting alone is measured.
"""

import multiprocessing
import smtplib
import subprocess
import time

from tests.bench.world import Settings, world
from tests.harness.need import need

SESSIONS = 50
SETTINGS: Settings = {
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


def stall(count: int, size: int = 25 << 20) -> dict[str, float]:
    """How long a session waits for its NOOP while another sends large messages."""
    with world(
        sink=False, settings=SETTINGS | {"submission": SETTINGS["submission"] | {"junk_limit": 10_000}}
    ) as place:
        gateway = place.gateway
        gateway.start()
        line = b"0123456789abcdef" * 4 + b"\r\n"
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200)).encode()
        header = b"From: a@sender.test\r\nX-Emailgw-Scheduled-At: %s\r\n\r\n" % at  # accepting alone is measured
        data = header + line * (size // len(line))

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=120) as client:
                for _ in range(count):
                    client.sendmail("a@sender.test", ["user@rcpt.test"], data)

        waits: list[float] = []
        with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=120) as other:
            other.ehlo()
            sender = multiprocessing.get_context("fork").Process(target=send)
            sender.start()
            while sender.is_alive():
                began = time.perf_counter()
                other.noop()
                waits.append((time.perf_counter() - began) * 1000)
                time.sleep(0.002)
            sender.join()
            assert sender.exitcode == 0
        waits.sort()
        return {"longest_ms": waits[-1], "p99_ms": waits[len(waits) * 99 // 100], "rss_mb": place.rss()}


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
