"""One delivery after another to one next hop, over at most one session at a time. Used by a lane of the queue.

The failure policy is Postfix's (`src/smtp/smtp_trouble.c`): trouble of a host's (scope site) goes on to the next host
and counts only at the last one; what a host says about the message or the recipient ends the try. A 4xx to RCPT ends
it, too, where Postfix would ask the next host: greylisting hosts keep their lists apart, and one that is asked at
every host never sees the same client twice in time.
"""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator

import msgspec

from emailgw.core.events import Attempt, Delays
from emailgw.core.lines import has_only_crlf
from emailgw.core.model import Envelope
from emailgw.core.status import DeliveryStatus, LocalCause, Scope
from emailgw.delivery.mx import Route
from emailgw.delivery.parking import Parking, Place
from emailgw.delivery.router import Router
from emailgw.delivery.session import Session, open_session
from emailgw.delivery.settings import DeliverySettings, TLSLevel
from emailgw.delivery.trace import Trace

LARGE = 1 << 20  # octets from which on a message is looked at in a thread, so that other lanes do not wait
MAX_ADDRESSES = 10  # dialled in one try

_UNSAFE_PATH = re.compile(r"[\x00-\x20\x7f<>]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Agent:
    """`now`: milliseconds UTC, for time stamps and deadlines. `tls`: the policy of this next hop, if it has one.
    `parking`: where sessions wait for whoever has mail for the same host; without it they end with the agent.
    """

    def __init__(
        self,
        router: Router,
        settings: DeliverySettings,
        nexthop: str,
        now: Callable[[], int],
        tls: TLSLevel | None = None,
        parking: Parking | None = None,
    ) -> None:
        self._router = router
        self._settings = settings
        self._nexthop = nexthop
        self._now = now
        self._level = tls or settings.tls
        self._parking = parking
        self._session: Session | None = None

    async def deliver(self, envelope: Envelope, deadline: int) -> Attempt:
        """One try, over before `deadline` (milliseconds UTC by `now`) and before the settings' `try_limit`.

        Whatever DNS and hosts do is in the attempt's status. Raises ValueError for an envelope that is not fit for
        the wire; cancelled, it closes the session first.
        """
        if len(envelope.data) > LARGE:
            await asyncio.to_thread(_must_be_sound, envelope)
        else:
            _must_be_sound(envelope)
        started_at = self._now()
        trace = Trace(min(self._settings.try_limit, deadline - started_at))
        try:
            status = await self._try(envelope, trace)
        except BaseException:
            self._drop()
            raise
        return Attempt(
            status=status,
            started_at=started_at,
            delays=Delays(connect=trace.connect_time, transmit=trace.elapsed - trace.connect_time),
            host=trace.host,
            address=trace.address,
            port=self._settings.mx_port if trace.host else None,
            tls=trace.tls,
            transcript=trace.transcript,
        )

    async def close(self) -> None:
        """End the session politely, within the time-out for QUIT."""
        session, self._session = self._session, None
        if session is None:
            return
        if self._parking is not None and session.is_usable:
            self._parking.park(self._place(session.host, session.address), session)
        else:
            await session.quit(Trace(self._settings.timeouts.quit))

    async def _try(self, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        session = self._session
        if session is not None and session.is_usable:
            status = await self._send_on(session, envelope, trace)
            if status.scope is not Scope.SITE:
                return status
        elif session is not None:
            await self.close()
        self._drop()
        return await self._try_hosts(envelope, trace)

    async def _try_hosts(self, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        """Host after host, address after address, until one has something to say about message or recipient."""
        status = LocalCause.NO_ANSWER.status(f"no time left to connect to a host of {self._nexthop}")
        try:
            async with asyncio.timeout(trace.seconds(self._settings.try_limit)):
                route = await self._router.route(self._nexthop)
        except TimeoutError:
            return LocalCause.DNS_TROUBLE.status(f"no time left to look up the hosts of {self._nexthop}")
        trace.connect_time = trace.elapsed
        if isinstance(route, DeliveryStatus):
            return route
        for host, address in itertools.islice(_targets(route), MAX_ADDRESSES):
            if trace.is_over:
                break
            trace.host, trace.address, trace.tls = host, address, None
            if self._parking is not None and (parked := self._parking.take(self._place(host, address))) is not None:
                self._session = parked
                status = await self._send_on(parked, envelope, trace)
                if status.scope is not Scope.SITE:
                    return status
                self._drop()
                trace.tls = None
            opened = await open_session(host, address, self._settings, self._level, trace)
            trace.connect_time = trace.elapsed
            if isinstance(opened, Session):
                self._session = opened
                status = await self._send(opened, envelope, trace)
            else:
                status = opened
            if status.scope is not Scope.SITE:
                return status
            self._drop()
        if status.status.is_permanent:  # every host says that it never takes mail: nothing to slow down for
            status = msgspec.structs.replace(status, scope=Scope.RECIPIENT)
        return status

    async def _send_on(self, session: Session, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        """Over a session that was used before."""
        status = await self._send(session, envelope, trace)
        if status.scope is Scope.SITE:
            # Hosts close sessions that idle or last too long; that says nothing about the site, a new one will.
            trace.remark("that was a used session; trying a new one")
        return status

    def _place(self, host: str, address: str) -> Place:
        return Place(host, address, self._settings.mx_port, self._level)

    async def _send(self, session: Session, envelope: Envelope, trace: Trace) -> DeliveryStatus:
        trace.host, trace.address, trace.tls = session.host, session.address, session.tls
        return await session.send(envelope, trace)

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.abort()


def _targets(route: Route) -> Iterator[tuple[str, str]]:
    return ((host.name, address) for host in route.hosts for address in host.addresses)


def _must_be_sound(envelope: Envelope) -> None:
    """Nothing we send may be read as two messages or commands: a bare CR or LF is a bug of ours, not the remote's."""
    data = envelope.data
    if not data.endswith(b"\r\n") or not has_only_crlf(data):
        raise ValueError("the lines of a message must all end with CR LF")
    if _UNSAFE_PATH.search(envelope.reverse_path) or _CONTROL.search(str(envelope.recipient)):
        raise ValueError("an envelope address has a character that would break its command")
