"""An endpoint's bad day against the whole program, ten thousand times as fast, judged by the ledger of what it took.

Mail is sent all day, through a door and to a sink of its own. The endpoint is down, slow, redirecting, asks to be left
in peace, cuts its answers short; after a quiet while it has taken every event of every message that was accepted, each
under one id.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.harness.dns import DNSServer
from tests.harness.endpoint import Posted, WebhookEndpoint
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink
from tests.harness.waiting import eventually

# The default schedule: 5 s, 5, 30 min, 2, 5, 10, 10 h; then longer than the test lasts, so that only what is pulled
# forward comes in time.
RETRY = ["5ms", "30ms", "180ms", "720ms", "1800ms", "3600ms", "3600ms", "20m", "20m"]
WEBHOOKS = {"retry": RETRY, "lifetime": "1h", "timeout": "1s", "allow_networks": ["127.0.0.0/8"]}
EVENTS = ("email.sent", "email.delivered")
# What the endpoint does one after the other, each until it has been asked, and the status that its ledger then shows.
DAY = (
    ("/slow/0.2", 200),
    ("/redirect", 302),
    ("/later/1", 429),
    ("/later-date/1", 429),
    ("/cut", 0),
    ("/slow/5", 200),  # which the gateway does not wait for
    ("/status/500", 500),
    ("/close", 200),
)
DOWN = 20  # messages accepted while nobody listens


@contextmanager
def world(directory: Path) -> Iterator[Gateway]:
    with DNSServer() as dns, Sink() as sink, ExitStack() as stack:
        dns.domain("example.test", "127.0.0.1")
        gateway = Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings={"webhooks": WEBHOOKS})
        stack.callback(gateway.kill)
        with gateway:
            gateway.add_domain("sender.test", dns)
            yield gateway
        assert " fault " not in gateway.log()


class Load(threading.Thread):
    """Sends mail until it is ended; `accepted` is written after the 202."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(daemon=True)
        self._gateway = gateway
        self._over = threading.Event()
        self.accepted: list[str] = []

    def run(self) -> None:
        while not self._over.wait(0.2):
            self.accepted.append(self._gateway.send("joe@example.test"))

    def end(self) -> None:
        self._over.set()
        self.join(30)
        assert not self.is_alive()


def live_through(endpoint: WebhookEndpoint, does: str, status: int) -> None:
    before = len(endpoint.received())
    endpoint.do(does)
    eventually(
        lambda: any(posted.status == status for posted in endpoint.received()[before:]), f"it did {does}", timeout=90
    )


def parts(posted: Posted) -> list[tuple[str, str]]:
    """(email, type) of all that it tells of."""
    told = posted.json if isinstance(posted.json, list) else [posted.json]
    return [(one["data"]["email_id"], one["type"]) for one in told]


@pytest.mark.parametrize("batch", [1, 20])
def test_nothing_is_lost_on_a_bad_day(tmp_path: Path, batch: int) -> None:
    endpoint = WebhookEndpoint(tmp_path / "ledger")
    with world(tmp_path / "gateway") as gateway:
        made = gateway.ask(
            "webhook", "add", endpoint.url(), *(f"--event={name}" for name in EVENTS), "--batch", str(batch)
        )
        load = Load(gateway)
        load.start()
        eventually(lambda: len(load.accepted) >= DOWN, "mail is accepted", timeout=60)
        with endpoint:
            for does, status in DAY:
                live_through(endpoint, does, status)
        eventually(lambda: len(load.accepted) >= 2 * DOWN, "mail is accepted", timeout=60)
        load.end()
        endpoint.do("")
        wanted = {(id, name) for id in load.accepted for name in EVENTS}
        with endpoint:

            def taken() -> bool:
                got = {part for posted in endpoint.received() if posted.status == 200 for part in parts(posted)}
                return wanted <= got

            eventually(taken, "the ledger is whole", timeout=120, every=0.2)
            posts = endpoint.received()
        shown = gateway.ask("webhook", "show", made["id"])
        assert (shown["status"], shown["reason"]) == ("enabled", "")
    bodies = defaultdict(set)
    ids = defaultdict(set)
    for posted in posts:
        bodies[posted.id].add(posted.body)
        for part in parts(posted):
            ids[part].add(posted.id)
    assert all(len(one) == 1 for one in bodies.values())  # an id never means anything else
    assert all(len(one) == 1 for one in ids.values())  # an event never has two


def test_mail_is_delivered_while_its_endpoints_hang(tmp_path: Path) -> None:
    with WebhookEndpoint(tmp_path / "ledger") as endpoint, world(tmp_path / "gateway") as gateway:
        for url in (endpoint.url("/silent"), "http://127.0.0.1:9/", endpoint.url("/slow/0.9"), endpoint.url("/ok")):
            gateway.ask("webhook", "add", url, "--event=*")
        ids = [gateway.send("joe@example.test") for _ in range(15)]
        for id in ids:
            gateway.wait_for_state(id, "delivered")
        got = [posted for posted in endpoint.received() if posted.path == "/silent"]
        assert 1 <= len(got) < 2 * len(ids)  # it hangs, and is not asked for each event
        eventually(
            lambda: {
                part for posted in endpoint.received() if posted.path == "/ok" for part in parts(posted)
            } >= {(id, "email.delivered") for id in ids},
            "the fast one is told of all",
        )  # fmt: skip
