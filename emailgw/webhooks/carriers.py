"""All carriers: reads on in the log whenever something was committed, and keeps one carrier for each enabled endpoint.

Started and stopped by `service`. An endpoint that is changed gets a new carrier; the old one finishes beside it.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from emailgw import metrics
from emailgw.core.webhooks import Endpoint, EndpointId, EndpointStatus
from emailgw.errors import StoreUnavailable
from emailgw.outhttp import OutHttpError
from emailgw.webhooks.carrier import DISK_PAUSE, FAULT_PAUSE, Carrier, Tools
from emailgw.webhooks.fanout import Fanout

log = logging.getLogger("emailgw.webhooks")

LONGEST_PAUSE = 0.25  # seconds: a bounce must be known soon, however much mail waits
PAUSE = 0.02  # seconds between two looks at the log: what is committed meanwhile is read together
IDLE_PAUSE = 0.25  # while nobody listens
LOOK = 60.0  # seconds after which to look without being woken


class Carriers:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._fanout = Fanout(tools.events, tools.webhooks)
        self._carriers: dict[EndpointId, tuple[Carrier, asyncio.Task[None]]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; then all carriers are stopped."""
        self._tools.deliveries.on_due = self._wake
        watch = asyncio.create_task(self._tools.courtesy.run(), name="courtesy")
        try:
            with self._tools.events.listening() as heard:
                heard.set()
                while True:
                    if await self._look(heard):
                        continue
                    try:
                        # Not wait_for: before Python 3.12 it loses a cancellation that meets its event.
                        async with asyncio.timeout(LOOK):
                            await heard.wait()
                    except TimeoutError:
                        pass
        finally:
            watch.cancel()
            self._tools.deliveries.on_due = None
            for id in list(self._carriers):
                self._dismiss(id)
            if self._stopping:
                await asyncio.wait(self._stopping)

    async def _look(self, heard: asyncio.Event) -> bool:
        """One round; whether the next is to follow at once."""
        heard.clear()
        courtesy, loop = self._tools.courtesy, asyncio.get_running_loop()
        started = loop.time()
        try:
            found = await courtesy.charged(self._fanout.once(self._tools.clock(), courtesy.busy))
        except StoreUnavailable as error:
            log.error("webhooks: %s", error)
            await asyncio.sleep(DISK_PAUSE)
            return True
        except Exception:
            log.exception("webhooks: reading the log")
            metrics.faults.labels("webhooks").inc()
            await asyncio.sleep(FAULT_PAUSE)
            return True
        self._keep(found.endpoints)
        for id in found.told:
            self._wake(id, id in found.urgent)
        pause = min(courtesy.wait(loop.time()), LONGEST_PAUSE)
        if not found.more:
            # Twice as long as the round took, too: many endpoints may cost a third of the time, not all of it.
            pause = max(pause, PAUSE if found.endpoints else IDLE_PAUSE, 2 * (loop.time() - started))
        await asyncio.sleep(pause)
        return found.more

    def _keep(self, endpoints: Sequence[Endpoint]) -> None:
        """Have the carriers that these endpoints need."""
        enabled = {one.id: _as_served(one) for one in endpoints if one.status is EndpointStatus.ENABLED}
        for id, (carrier, task) in list(self._carriers.items()):
            if task.done() or enabled.get(id) != carrier.endpoint:
                self._dismiss(id)
        for id, endpoint in enabled.items():
            if id not in self._carriers:
                carrier = Carrier(endpoint, self._tools)
                task = asyncio.create_task(self._carry(carrier), name=f"webhooks of {id}")
                self._carriers[id] = carrier, task
        metrics.webhook_endpoints.set(len(enabled))

    async def _carry(self, carrier: Carrier) -> None:
        try:
            await self._tools.courtesy.charged(carrier.run())
        except OutHttpError as error:
            log.error("webhooks: %s: %s", carrier.endpoint.id, error)
            await asyncio.Event().wait()  # until its URL is changed
        except Exception:
            log.exception("webhooks: %s", carrier.endpoint.id)
            metrics.faults.labels("webhooks").inc()
            await asyncio.sleep(LOOK)  # then a new one is made

    def _dismiss(self, id: EndpointId) -> None:
        _, task = self._carriers.pop(id)
        task.cancel()
        if not task.done():
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
            # What it gives back, and what failed last, is due before the leases end that its successor saw.
            task.add_done_callback(lambda _: self._wake(id))

    def _wake(self, id: EndpointId, urgent: bool = False) -> None:
        if id in self._carriers:
            self._carriers[id][0].wake(urgent)


def _as_served(endpoint: Endpoint) -> Endpoint:
    """Without what changes while it is served."""
    return msgspec.structs.replace(endpoint, failures=0)
