"""`kill -9` and SIGTERM under load: nothing promised is lost, nothing comes in part, hardly anything comes twice.

EMAILGW_KILLS: how often the first test kills (20 unless set; `make faults` does it 100 times).
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ledger import DOMAINS, Ledger
from tests.harness.machine import slowness
from tests.harness.sink import Say, Sink

KILLS = int(os.environ.get("EMAILGW_KILLS", "20"))
READY = 3.0  # seconds from the start of the process
# Copies that arrive before the next kill: some kills come while the last one is being recovered from.
MOMENTS = (0, 1, 5, 20, 50, 100)


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[tuple[Gateway, Sink]]:
    """A gateway, not started, and a host whose answer to each message takes a moment, so that many are on their way."""
    with DNSServer() as dns, Sink() as sink:
        for domain in DOMAINS:
            dns.domain(domain, "127.0.0.1")
        sink.on("DOT", Say("250 2.0.0 taken", delay=0.02), always=True)
        gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port)
        gateway.add_domain("sender.test", dns)
        yield gateway, sink
        gateway.stop()


@pytest.mark.alone
def test_killed_again_and_again(loaded: tuple[Gateway, Sink]) -> None:
    gateway, sink = loaded
    moments = random.Random(KILLS)
    slow: list[float] = []

    def start() -> None:
        began = time.monotonic()
        gateway.start()
        slow.extend([taken for taken in [time.monotonic() - began] if taken > READY])

    start()
    with Ledger(gateway, sink) as ledger:
        for _ in range(KILLS):
            ledger.wait_for_arrivals(moments.choice(MOMENTS))
            gateway.kill()
            ledger.note_kill()
            start()
        ledger.wait_for_arrivals(20)
    ledger.wait_for_quiet()
    ledger.check_everything_arrived()
    ledger.check_copies_are_alike()
    twice = ledger.check_no_needless_copies()
    ledger.check_every_outcome()
    assert len(ledger.promised) > 10 * KILLS
    assert ledger.may_be_twice, "no kill came while a delivery was under way: the load was too low to prove anything"
    assert twice <= ledger.may_be_twice.total()
    assert [taken for taken in slow if taken > READY * slowness()] == []


def test_stopped_and_started_under_load(loaded: tuple[Gateway, Sink]) -> None:
    """SIGTERM is no crash: 0 lost, and nobody gets anything twice."""
    gateway, sink = loaded
    gateway.start()
    with Ledger(gateway, sink) as ledger:
        for _ in range(3):
            ledger.wait_for_arrivals(60)
            began = time.monotonic()
            assert gateway.stop(timeout=30) == 0
            assert time.monotonic() - began < 30
            gateway.start()
        ledger.wait_for_arrivals(20)
    ledger.wait_for_quiet()
    ledger.check_everything_arrived()
    ledger.check_copies_are_alike()
    assert ledger.check_no_needless_copies() == 0
    ledger.check_every_outcome()
    assert len(ledger.promised) > 100
