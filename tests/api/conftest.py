"""One gateway for all tests of the HTTP API: the installed program, its DNS and the host that takes its mail."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.judge import Judge
from tests.harness.sink import Received, Sink
from tests.harness.waiting import eventually

BODY_LIMIT = 2 << 20
BODY_TIMEOUT = 1.5  # seconds
LARGE = "1MB"


class Api(NamedTuple):
    """`sendkit` and `resend` are keys of the two dialects; what is sent to `example.test` arrives in `sink`."""

    gateway: Gateway
    sink: Sink
    client: httpx.Client
    sendkit: str
    resend: str
    counter: "itertools.count[int]"

    def post(
        self, content: bytes | Any, key: str | None = None, path: str = "/emails", **headers: str
    ) -> httpx.Response:
        """`content`: raw octets, or something to encode as JSON."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {key or self.resend}", **headers}
        if isinstance(content, bytes):
            return self.client.post(path, content=content, headers=headers)
        return self.client.post(path, json=content, headers=headers)

    def get(self, path: str, key: str | None = None) -> httpx.Response:
        return self.client.get(path, headers={"authorization": f"Bearer {key or self.resend}"})

    def send(self, **fields: Any) -> tuple[str, str]:
        """Send a message that must be accepted, to an address of its own; its id and that address."""
        to = f"r{next(self.counter)}@example.test"
        response = self.post(fresh(to=to, **fields))
        assert response.status_code == 200, response.text
        assert set(response.json()) == {"id"}
        return response.json()["id"], to

    def delivered(self, to: str) -> Received:
        """What arrived for `to`."""

        def probe() -> list[Received]:
            return [message for message in list(self.sink.messages) if message.recipients == [to]]

        return eventually(probe, f"mail for {to} arrives")[0]

    def queued(self) -> float:
        """How many messages were ever accepted, by the gateway's own count."""
        lines = self.client.get("/metrics").text.splitlines()
        return sum([float(line.split()[-1]) for line in lines if line.startswith("emailgw_accepted_messages_total")])


def fresh(**fields: Any) -> dict[str, Any]:
    """A request body; a field that is None is left out."""
    body = {"from": "Ann <a@sender.test>", "to": "joe@example.test", "subject": "Hello", "text": "Hello.\n", **fields}
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with DNSServer() as dns, Sink() as sink:
        dns.domain("example.test", "127.0.0.1")
        settings: dict[str, dict[str, Any]] = {
            "http": {"max_body": f"{BODY_LIMIT >> 20}MB", "body_timeout": f"{int(BODY_TIMEOUT * 1000)}ms"}
        }
        directory = tmp_path_factory.mktemp("gateway")
        with (
            Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway,
            httpx.Client(base_url=gateway.url, timeout=30) as client,
        ):
            judge = Judge.of(gateway.url)
            client.event_hooks = {"response": [judge.watch]}
            gateway.add_domain("sender.test", dns)
            sendkit = gateway.key
            resend: str = gateway.ask("key", "create", "resend", "--dialect", "resend")["key"]
            yield Api(gateway, sink, client, sendkit, resend, itertools.count())
            assert gateway.stop() == 0
            assert "Traceback" not in gateway.log()
            assert " fault " not in gateway.log()
