"""What a benchmark runs in: Debian's NSD for DNS and smtp-sink as every MX host, the installed gateway, on loopback."""

import contextlib
import http.client
import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from emailgw.store.open import DATABASE_FILE
from tests.bench.nameserver import NameServer
from tests.harness.gateway import Gateway
from tests.harness.need import need
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

ROOT = Path(__file__).parents[2]
DOMAINS = 1000
Settings = dict[str, dict[str, Any]]


class World:
    """`gateway` is not running yet; its domain `sender.test` and its key exist."""

    def __init__(self, gateway: Gateway, port: int, dns: NameServer) -> None:
        self.gateway = gateway
        self.port = port
        self.dns = dns
        self._metrics = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._metrics.close()

    @property
    def pid(self) -> int:
        assert self.gateway.process is not None
        return self.gateway.process.pid

    def fill(self, count: int, domains: int, delay: int = 0) -> None:
        """Queue `count` messages to `domains` next hops while the gateway is down; due in `delay` seconds."""
        arguments = [str(self.gateway.config_path), str(count), str(domains), str(delay)]
        subprocess.run([sys.executable, "-m", "tests.bench.fill", *arguments], cwd=ROOT, check=True)

    def sign_with_rsa_alone(self) -> None:
        """As the gateways do that ours is compared with; by itself it signs with Ed25519 as well. Before its start."""
        with contextlib.closing(sqlite3.connect(self.gateway.data_dir / DATABASE_FILE)) as connection, connection:
            connection.execute("DELETE FROM dkim_keys WHERE algorithm <> 'rsa-sha256'")

    def delivered(self) -> float:
        """Asked over one connection that stays open: who opens a new one for each look measures that as well."""
        self._metrics.request("GET", "/metrics")
        text = self._metrics.getresponse().read().decode()
        found = re.search(r'emailgw_tries_total\{state="delivered"\} ([\d.e+]+)', text)
        return float(found[1]) if found else 0.0

    def _processes(self) -> list[Path]:
        """The gateway and its signing processes."""
        own = Path(f"/proc/{self.pid}")
        return [own, *(Path(f"/proc/{pid}") for pid in (own / f"task/{self.pid}/children").read_text().split())]

    def cpu(self) -> float:
        """CPU seconds the gateway has used, in all its processes."""
        ticks = 0
        for process in self._processes():
            fields = (process / "stat").read_text().rpartition(") ")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss(self) -> float:
        """Resident memory of the gateway itself in MB."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024

    def memory(self) -> float:
        """Resident memory in all its processes in MB, what they share counted once (PSS)."""
        found = [re.search(r"Pss:\s+(\d+)", (process / "smaps_rollup").read_text()) for process in self._processes()]
        return sum(int(pss[1]) for pss in found if pss) / 1024


@contextlib.contextmanager
def world(*, sink: bool = True, one_site: bool = True, settings: Settings | None = None) -> Iterator[World]:
    """`sink` False: nothing listens where mail goes. `one_site`: all recipient domains share one MX host."""
    need("smtp-sink")
    directory = Path(tempfile.mkdtemp(prefix="emailgw-bench-", dir=os.environ.get("BENCH_DIR")))
    port = free_port()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory)
        dns = NameServer(directory / "dns")
        dns.add("mx.test", "A", "127.0.0.1")
        for number in range(DOMAINS):
            host = "mx.test" if one_site else f"mx{number}.test"
            dns.mx(f"d{number}.test", (10, host))
            if not one_site:
                dns.add(host, "A", "127.0.0.1")
        dns.mx("rcpt.test", (10, "mx.test"))
        if sink:
            stack.callback(_stop, _start_sink(port))
        gateway = Gateway(
            directory,
            nameserver=dns.nameserver,
            mx_port=port,
            settings={"queue": {"retry": ["1m"], "jitter": 0.2}, **(settings or {})},
        )
        gateway.add_domain("sender.test", dns)
        stack.enter_context(dns)
        stack.callback(gateway.stop)
        yield stack.enter_context(World(gateway, port, dns))


def _start_sink(port: int) -> subprocess.Popen[bytes]:
    user = ["-u", pwd.getpwuid(65534).pw_name] if os.geteuid() == 0 else []
    sink = subprocess.Popen(
        [need("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: _answers(port), "smtp-sink answers")
    return sink


def _answers(port: int) -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def stopwatch() -> float:
    return time.perf_counter()
