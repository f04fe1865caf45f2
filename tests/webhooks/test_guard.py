"""What must never be dialled, whatever an endpoint's URL or its DNS says."""

import re
from pathlib import Path

import pytest

from tests.harness.endpoint import WebhookEndpoint
from tests.webhooks.world import LOOPBACK, World

FORMS = ["127.0.0.1", "[::1]", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]",
         "[64:ff9b::7f00:1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "localhost"]  # fmt: skip


@pytest.mark.parametrize("host", FORMS)
async def test_special_addresses_are_refused(tmp_path: Path, host: str) -> None:
    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, allow_networks=(), retry=(1,)) as world:
            told = await world.add(endpoint.url(host=host))
            await world.happen()
            await world.until(told, "failed", 1)
            attempts = await world.store.deliveries.attempts(told.id, None, 10, 1 << 62)
        assert endpoint.received() == []
    assert [attempt.status for attempt in attempts] == [None, None]
    # What only looks like an address (127.1) is turned down by the client itself.
    assert all(re.search("must not be reached|not a canonical", attempt.response) for attempt in attempts)


async def test_a_name_that_changes_is_checked_at_each_connection(tmp_path: Path) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.1", "10.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers, ["10.0.0.1"])

    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, LOOPBACK, resolve, retry=(1,)) as world:
            told = await world.add(endpoint.url("/close", host="hook.test"))
            await world.happen()
            await world.until(told, "delivered", 1)
            await world.happen()
            await world.until(told, "failed", 1)
        [posted] = endpoint.received()
    assert posted.headers["host"] == f"hook.test:{endpoint.port}"
