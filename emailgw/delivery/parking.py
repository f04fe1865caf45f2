"""Sessions that nobody uses just now, for the next mail that goes to the same host: thousands of domains share one.

A lane that is done leaves its session here. It waits for some seconds, as it would have waited with its lane, and then
ends politely. Used by `agent`; one per process.
"""

import asyncio
from typing import NamedTuple

from emailgw.delivery.session import Session
from emailgw.delivery.settings import TLSLevel
from emailgw.delivery.trace import Trace

MOST = 100  # sessions: each is a socket, and a place at somebody's host


class Place(NamedTuple):
    """What a session is good for: the host by its name and address, and what was asked of its TLS."""

    host: str
    address: str
    port: int
    level: TLSLevel


class Parking:
    """`idle`: milliseconds that a session may wait; 0: none waits. `quit`: those that its end may take. `most`: that
    wait at a time.
    """

    def __init__(self, idle: int, quit: int, most: int = MOST) -> None:
        self._idle = idle / 1000
        self._quit = quit
        self._most = most
        self._parked: dict[Session, tuple[Place, asyncio.TimerHandle]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def park(self, place: Place, session: Session) -> None:
        """Leave a session that somebody may go on with."""
        if not self._idle:
            self._leave(session)
            return
        if len(self._parked) >= self._most:
            self._leave(next(iter(self._parked)))
        timer = asyncio.get_running_loop().call_later(self._idle, self._leave, session)
        self._parked[session] = place, timer

    def take(self, place: Place) -> Session | None:
        """One that was left there last and can still be used."""
        waiting = [session for session, (where, _) in self._parked.items() if where == place]
        while waiting:
            session = waiting.pop()
            _, timer = self._parked.pop(session)
            timer.cancel()
            if session.is_usable:
                return session
            session.abort()
        return None

    async def close(self) -> None:
        """End all of them."""
        for session in list(self._parked):
            self._leave(session)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _leave(self, session: Session) -> None:
        _, timer = self._parked.pop(session, (None, None))
        if timer is not None:
            timer.cancel()
        task = asyncio.create_task(session.quit(Trace(self._quit)))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
