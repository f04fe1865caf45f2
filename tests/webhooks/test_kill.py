"""The whole program, killed between a POST and its record: the same event comes again, under the same id."""

import asyncio
from pathlib import Path

from emailgw.store.open import open_store
from emailgw.vault import Vault
from tests.harness.dns import DNSServer
from tests.harness.endpoint import WebhookEndpoint
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink
from tests.harness.waiting import eventually
from tests.webhooks.world import make_endpoint


async def _add(data_dir: Path, url: str) -> None:
    store = await open_store(data_dir)
    await store.webhooks.add(make_endpoint(Vault.open(data_dir), url, events=("email.delivered",)))
    await store.close()


def test_a_kill_between_post_and_record(tmp_path: Path) -> None:
    settings = {"webhooks": {"allow_networks": ["127.0.0.0/8"]}}
    with DNSServer() as dns, Sink() as sink, WebhookEndpoint(tmp_path / "ledger") as endpoint:
        dns.domain("example.test", "127.0.0.1")
        gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port, settings=settings)
        gateway.start()
        gateway.add_domain("sender.test", dns)
        gateway.stop()
        asyncio.run(_add(gateway.data_dir, endpoint.url("/slow/1")))
        gateway.start()
        try:
            id = gateway.send("joe@example.test")
            eventually(endpoint.received, "the POST came")  # it is in the ledger a second before its answer
            gateway.kill()
            gateway.start()
            first, second = eventually(lambda: endpoint.received()[1:] and endpoint.received()[:2], "it came again")
            assert gateway.stop() == 0
        finally:
            gateway.kill()
        assert (first.id, first.body) == (second.id, second.body)
        assert first.json["data"]["email_id"] == id
        assert " fault " not in gateway.log()
