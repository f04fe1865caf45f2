"""The whole road: the installed program, a name server and a host that takes mail, all on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink


@pytest.fixture(scope="module")
def dns() -> Iterator[DNSServer]:
    with DNSServer() as server:
        server.domain("example.test", "127.0.0.1")
        yield server


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    """May send as sender.test, whose records are in the DNS. `example.test` has the sink as its MX host."""
    directory: Path = tmp_path_factory.mktemp("gateway")
    with Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port) as running:
        running.add_domain("sender.test", dns)
        yield running
        assert running.stop() == 0
        assert " fault " not in running.log()


@pytest.fixture(autouse=True)
def _forget_script(sink: Sink) -> Iterator[None]:
    yield
    sink.forget_script()
