"""When a certificate is ordered, and what happens if that fails: nothing, but a log line, a figure, and another try.

Ordered when the server advises it (ARI, RFC 9773), else at two thirds of its lifetime, spread by a little so that many
gateways do not ask at once; at once when there is none, when it names the wrong hosts, or when the operator asks. Mail
never waits for it.
"""

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from emailgw import metrics
from emailgw.certify.keep import Held, Shelf
from emailgw.certify.order import Issued, OrderFailed, Publish, ask_when, order
from emailgw.errors import EmailgwError

T = TypeVar("T")

log = logging.getLogger("emailgw.tls")

DAY = 86_400_000
LOOK_EVERY = 3_600_000  # milliseconds: clocks leap, machines sleep
SPREAD = 0.03  # of the lifetime
LAST_CALL = 6  # this part of the lifetime is left at least, whatever the server advises
ASK_EVERY = 6 * 3_600_000  # milliseconds between two questions for advice


class RenewalSettings(msgspec.Struct, frozen=True):
    """`retry`: waits after failures in milliseconds, the last one repeats."""

    directory: str
    contact: str
    names: tuple[str, ...]
    retry: tuple[int, ...]


class RenewalStatus(msgspec.Struct, frozen=True):
    """`due_at`: when the next order is made. `trouble`: why the last one failed; `hint`: what to do about it."""

    held: Held | None
    due_at: int
    trouble: str
    hint: str


def due_at(held: Held | None, names: tuple[str, ...], spread: float, now: int, advised: int | None = None) -> int:
    """When to order, `spread` between 0 and 1. `advised`: by the server, which may know of a revocation to come."""
    if held is None or set(held.names) != set(names) or held.not_before > now + DAY:
        return now
    lifetime = held.not_after - held.not_before
    if advised is not None:
        return min(advised, held.not_after - lifetime // LAST_CALL)
    return held.not_before + int(lifetime * (2 / 3 - SPREAD * spread))


class Renewal:
    """`install`: called after a new certificate is in its file. `publish`: makes a challenge's answer visible."""

    def __init__(
        self,
        settings: RenewalSettings,
        shelf: Shelf,
        publish: Publish,
        install: Callable[[], None],
        clock: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._shelf = shelf
        self._publish = publish
        self._install = install
        self._clock = clock
        self._spread = random.random()
        self._failures = 0
        self._not_before = 0
        self._trouble = self._hint = ""
        self._advised: int | None = None
        self._ask_at = 0
        self._ordering = asyncio.Lock()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            now = self._clock()
            held = self._shelf.held()
            if held is not None:
                metrics.certificate_expires.set(held.not_after / 1000)
            if held is not None and now >= self._ask_at:
                await self._ask(now)
            at = self._next(held, now)
            if at <= now:
                with contextlib.suppress(EmailgwError):  # it was told, and is tried again
                    await self.renew()
                continue
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(at - now, LOOK_EVERY) / 1000)

    async def _ask(self, now: int) -> None:
        self._ask_at = now + ASK_EVERY
        with contextlib.suppress(OSError):
            chain = await asyncio.to_thread(self._shelf.pair.read_bytes)
            self._advised = await _in_thread(lambda: ask_when(self._settings.directory, chain))

    async def renew(self) -> Held:
        """Order now. Raises EmailgwError, and then what there was stays."""
        async with self._ordering:
            try:
                issued = await _in_thread(self._order)
                await asyncio.to_thread(self._shelf.put, issued)
            except (OrderFailed, OSError) as error:
                self._failed(str(error), getattr(error, "retry_after", 0), getattr(error, "hint", "see the disk"))
                raise EmailgwError(f"no certificate: {error}") from error
            self._failures, self._trouble, self._hint = 0, "", ""
            self._advised, self._ask_at = None, 0
            metrics.certificate_trouble.set(0)
            # A server whose certificates are due as they come shall not be asked without end.
            self._not_before = self._clock() + self._settings.retry[0]
            metrics.certificate_orders.labels("issued").inc()
            self._install()
            self._changed.set()
        held = self._shelf.held()
        if held is None:
            raise EmailgwError("the new certificate cannot be read back")
        log.info("new certificate for %s", ", ".join(held.names))
        return held

    @property
    def trouble(self) -> str:
        """Why the last order failed, empty when it did not."""
        return self._trouble

    def status(self) -> RenewalStatus:
        held = self._shelf.held()
        return RenewalStatus(held, self._next(held, self._clock()), self._trouble, self._hint)

    def _next(self, held: Held | None, now: int) -> int:
        return max(due_at(held, self._settings.names, self._spread, now, self._advised), self._not_before)

    def _order(self) -> Issued:
        settings = self._settings
        return order(settings.directory, settings.contact, self._shelf.account(), settings.names, self._publish)

    def _failed(self, reason: str, retry_after: int, hint: str) -> None:
        waits = self._settings.retry
        wait = max(waits[min(self._failures, len(waits) - 1)], retry_after * 1000)
        self._failures += 1
        self._trouble, self._hint = reason, hint
        self._not_before = self._clock() + wait
        metrics.certificate_orders.labels("failed").inc()
        metrics.certificate_trouble.set(1)
        log.error("no new certificate: %s; next try in %d s; %s", reason, wait // 1000, hint)


async def _in_thread(work: Callable[[], T]) -> T:
    """Not in the pool: what hangs in a request must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | Exception) -> None:
        if done.cancelled():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)

    def run() -> None:
        result: T | Exception
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  (handed over to whoever waits)
            result = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name="acme", daemon=True).start()
    return await done
