"""What all connections of a listener share: how many there may be, room for their messages, and patience.

One look a second at every connection serves all deadlines: ten thousand idle ones cost neither timers nor tasks.
"""

import asyncio
import collections
import ipaddress
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

LOOK_EVERY = 1.0  # seconds
GRACE = 30.0  # seconds in which a message need not keep the pace
FORGIVEN_AFTER = 600.0  # seconds since the last failed login
MOST_FAILURES = 10_000  # addresses and accounts whose failed logins are remembered
MOST_DOUBLINGS = 6


class Care(msgspec.Struct, frozen=True):
    """How a listener treats its clients. Times in milliseconds; `timeout` without a command. `min_rate`: octets a
    second that a message must come with, `longest` how long it may take in all; `room`: octets of all messages that
    come in at one time. Networks in CIDR form.
    """

    timeout: int
    max_connections: int
    max_connections_per_address: int
    greeting_delay: int = 0
    min_rate: int = 1000
    longest: int = 30 * 60_000
    room: int = 80 << 20
    proxy_networks: tuple[str, ...] = ()
    trusted_networks: tuple[str, ...] = ()
    login_delay: int = 1000


class Watched(Protocol):
    def look(self, now: float) -> None:
        """End what takes too long; `now` is the loop's time."""

    def shut_down(self) -> None:
        """Answer what was asked, and end."""


class Gate:
    def __init__(self, care: Care) -> None:
        self.care = care
        self._counts: collections.Counter[str] = collections.Counter()
        self._total = 0
        self._watched: set[Watched] = set()
        self._room = care.room
        self._proxies = Networks(care.proxy_networks)
        self._trusted = Networks(care.trusted_networks)
        self.failures = Failures(care.login_delay / 1000)

    async def run(self) -> None:
        """Look after the connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for watched in list(self._watched):
                watched.look(loop.time())

    def is_proxy(self, address: str) -> bool:
        return address in self._proxies

    def is_trusted(self, address: str) -> bool:
        return address in self._trusted

    def arrive(self, watched: Watched) -> bool:
        """A connection; False when there are too many. `leave` it in any case."""
        self._watched.add(watched)
        self._total += 1
        return self._total <= self.care.max_connections

    def admit(self, address: str) -> bool:
        """Count it for its client's address; False when that has too many. `dismiss` it in any case."""
        holder = holder_of(address)
        self._counts[holder] += 1
        return not address or self._counts[holder] <= self.care.max_connections_per_address

    def dismiss(self, address: str) -> None:
        holder = holder_of(address)
        self._counts[holder] -= 1
        if not self._counts[holder]:
            del self._counts[holder]

    def leave(self, watched: Watched) -> None:
        self._watched.discard(watched)
        self._total -= 1

    def take(self, octets: int) -> bool:
        """Room for more octets of messages; fewer than none gives some back."""
        if octets >= 0 and self._room - octets <= 0:
            return False
        self._room -= octets
        return True

    def shut_down(self) -> None:
        """Tell every client that the service ends."""
        for watched in list(self._watched):
            watched.shut_down()


def holder_of(address: str) -> str:
    """What limits for one address count by: over IPv6 a client has a whole /64 to choose its address from."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, 64), strict=False))


class Networks:
    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)


class Failures:
    """Failed logins by address and by account: each makes the next one slower. Who logs in is never slowed down, so
    nobody can lock an account by guessing at it.
    """

    def __init__(self, delay: float, clock: Callable[[], float] | None = None) -> None:
        self._delay = delay
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._counts: dict[str, tuple[int, float]] = {}

    def delay(self, *names: str) -> float:
        """Count a failure of each; the seconds to wait before saying so."""
        now = self._clock()
        if len(self._counts) >= MOST_FAILURES:
            self._counts = {k: v for k, v in self._counts.items() if v[1] > now - FORGIVEN_AFTER}
            if len(self._counts) >= MOST_FAILURES:
                self._counts.clear()
        most = 0
        for name in names:
            count, last = self._counts.get(name, (0, now))
            count = count + 1 if last > now - FORGIVEN_AFTER else 1
            self._counts[name] = (count, now)
            most = max(most, count)
        return float(self._delay * 2 ** min(most - 1, MOST_DOUBLINGS))
