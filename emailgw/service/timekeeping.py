"""Tells the operator that the machine's clock has leapt, as long as it stays so: the program keeps its own time then.

Without a word, dates of events and of scheduled mail would differ from the machine's for no visible reason.
"""

import asyncio
import logging

from emailgw import metrics
from emailgw.clock import Clock

log = logging.getLogger("emailgw")

EVERY = 5  # seconds


def clock_warnings(clock: Clock) -> list[str]:
    """For `/healthz` and the log; empty while both agree."""
    leap = clock.leap
    if not leap:
        return []
    by = f"{abs(leap) / 3_600_000:,.1f} hours {'ahead' if leap > 0 else 'back'}"
    return [
        f"the machine's clock has leapt {by}; the gateway goes on by the time it had, so that no mail expires or is "
        "tried again at once: set the clock right, or restart the gateway if the new time is right"
    ]


async def watch(clock: Clock) -> None:
    """Log each leap and its end. Until cancelled."""
    warned = False
    while True:
        warnings = clock_warnings(clock)
        metrics.clock_leap.set(clock.leap / 1000)
        for warning in warnings if not warned else ():
            log.warning("%s", warning)
        if warned and not warnings:
            log.info("the machine's clock agrees with the gateway's again")
        warned = bool(warnings)
        await asyncio.sleep(EVERY)
