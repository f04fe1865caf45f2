"""The signing processes of the installed program: what they sign verifies, and none is missed when it is killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.signatures import verdicts
from tests.harness.sink import Say, Sink
from tests.harness.waiting import eventually

PROCESSES = 2
BOTH = {"rsa-sha256": True, "ed25519-sha256": True}


@pytest.fixture
def gateway(tmp_path: Path, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    settings = {"queue": {"signing_processes": PROCESSES, "retry": ["300ms"]}}
    with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as running:
        running.add_domain("sender.test", dns)
        yield running


def children(gateway: Gateway) -> list[int]:
    assert gateway.process is not None
    pid = gateway.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def test_what_they_signed_verifies_and_they_were_the_ones(gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    pids = children(gateway)
    assert len(pids) == PROCESSES
    ids = [gateway.send(f"user{number}@example.test") for number in range(50)]
    for id in ids:
        gateway.wait_for_state(id, "delivered")
    for message in sink.messages[-50:]:
        assert verdicts(message.data, dns.nameserver) == BOTH
    assert children(gateway) == pids


def test_one_that_is_killed_is_not_missed_and_told_of(gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    first, *_ = children(gateway)
    os.kill(first, signal.SIGKILL)
    ids = [gateway.send(f"user{number}@example.test") for number in range(50)]
    for id in ids:
        gateway.wait_for_state(id, "delivered")
    for message in sink.messages[-50:]:
        assert verdicts(message.data, dns.nameserver) == BOTH
    health = httpx.get(f"{gateway.url}/healthz").json()
    assert health == {"status": "ok", "warnings": ["1 of 2 signing processes ended; restart to have them back"]}


def test_they_end_with_a_gateway_that_is_killed(gateway: Gateway) -> None:
    pids = children(gateway)
    gateway.kill()
    eventually(lambda: not any(map(is_alive, pids)), "they end")
    gateway.start()
    assert len(children(gateway)) == PROCESSES


def test_a_stop_that_is_told_to_all_processes_finishes_what_is_on_its_way(gateway: Gateway, sink: Sink) -> None:
    """As systemd does it, and Ctrl-C in a terminal."""
    sink.on("DATA", Say("354 go on", delay=1))
    before = sink.commands.count("DATA")
    id = gateway.send("user@example.test")
    sink.wait_for(lambda: sink.commands.count("DATA") > before)
    process, pids = gateway.process, children(gateway)
    assert process is not None
    for pid in (*pids, process.pid):
        os.kill(pid, signal.SIGTERM)
    assert process.wait(30) == 0
    assert not any(map(is_alive, pids))
    assert "signing process" not in gateway.log()
    gateway.process = None
    gateway.start()
    assert gateway.show(id)["recipients"][0]["state"] == "delivered"


def test_without_them_threads_sign(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    settings = {"queue": {"signing_processes": 0}}
    with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway:
        gateway.add_domain("sender.test", dns)
        assert children(gateway) == []
        gateway.wait_for_state(gateway.send("user@example.test"), "delivered")
        assert verdicts(sink.messages[-1].data, dns.nameserver) == BOTH
