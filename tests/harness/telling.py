"""Rows of webhook deliveries, as the reader of the log makes them, for tests of the store."""

from collections.abc import Iterable

from emailgw.core.webhooks import EndpointId
from emailgw.store.open import Store
from tests.harness.mail import NOW


async def tell(store: Store, events: Iterable[int], *endpoints: EndpointId) -> None:
    """Endpoints are to be told of events, whether these exist or not."""
    for event in events:
        for endpoint in endpoints:
            await store.deliveries.replay(endpoint, event, "email.sent", NOW)
