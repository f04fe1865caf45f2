"""A machine whose clock leaps by years: the running gateway lets no mail expire, tries none at once, and says so.

libfaketime stands before the C library: the wall clock the process sees follows a file, the steady clocks do not.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.need import missing
from tests.harness.sink import Say, Sink
from tests.harness.waiting import eventually

YEARS = 30 * 365  # days


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """What it says is the machine's time, as `faketime` reads it."""
    path = tmp_path / "wall"
    path.write_text("+0")
    return path


@pytest.fixture
def leaping(tmp_path: Path, wall: Path, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        missing("libfaketime is not installed; `make peers` installs it when run as root on Debian")
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(wall),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    program = ["/usr/bin/env", *(f"{name}={value}" for name, value in faked.items())]
    gateway = Gateway(
        tmp_path / "gateway",
        nameserver=dns.nameserver,
        mx_port=sink.port,
        settings={"queue": {"retry": ["1h"]}},
        program=[*program, str(Path(sys.executable).with_name("emailgw"))],
    )
    gateway.add_domain("sender.test", dns)
    with gateway:
        yield gateway


def warnings(gateway: Gateway) -> list[str]:
    answer = httpx.get(f"{gateway.url}/healthz", timeout=5)
    assert answer.status_code == 200
    found: list[str] = answer.json().get("warnings", [])
    return found


@pytest.mark.parametrize(("days", "words"), [(YEARS, "hours ahead"), (-YEARS, "hours back")])
def test_a_leap_changes_no_mail(leaping: Gateway, wall: Path, sink: Sink, days: int, words: str) -> None:
    sink.on("RCPT", Say("451 4.7.1 Later"), about="later@")
    later = leaping.send("later@example.test")
    leaping.wait_for_state(later, "deferred")
    assert warnings(leaping) == []

    wall.write_text(f"{days:+}d")
    [warning] = eventually(lambda: warnings(leaping), "the leap is told of")
    assert words in warning
    assert "restart the gateway" in warning
    eventually(lambda: "has leapt" in leaping.log(), "the log tells too", timeout=20)
    leap = next(
        line
        for line in httpx.get(f"{leaping.url}/metrics", timeout=5).text.splitlines()
        if line.startswith("emailgw_clock_leap_seconds")
    )
    assert float(leap.split()[1]) == pytest.approx(days * 86_400, abs=60)

    now = leaping.send("now@example.test")
    leaping.wait_for_state(now, "delivered")
    created = datetime.fromisoformat(leaping.show(now)["created_at"]).replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - created).total_seconds()) < 120
    [recipient] = leaping.show(later)["recipients"]
    assert (recipient["state"], recipient["tries"]) == ("deferred", 1)

    wall.write_text("+0")
    eventually(lambda: warnings(leaping) == [], "both agree again")
    eventually(lambda: "agrees with the gateway's again" in leaping.log(), "the log tells too", timeout=20)
