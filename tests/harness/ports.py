"""Free ports on loopback addresses, below those that the kernel gives to clients.

A server that a test takes down for a while must find its port free again: of the kernel's range, somebody's connection
out may have it by then, even one to that very port, which reaches itself. Test processes side by side have no port in
common, and none gives a port twice before it has given all others: what is picked may be listened on later.
"""

import itertools
import os
import random
import socket
from collections.abc import Iterator

LOWEST, HIGHEST = 10_000, 32_000


def ports_of(worker: str, workers: int) -> range:
    """Those of one of the processes that pytest-xdist names gw0, gw1, …; of a process alone, all."""
    number = int(worker.removeprefix("gw") or 0) % workers  # one that replaces a crashed one counts on
    return range(LOWEST + number, HIGHEST + 1, workers)


_mine = ports_of(os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
_first = random.randrange(len(_mine))  # by chance: other runs on this machine pick theirs
_next: Iterator[int] = itertools.cycle((*_mine[_first:], *_mine[:_first]))


def free_port(*hosts: str) -> int:
    """A port that is free on all of `hosts` (127.0.0.1 if none are given) just now."""
    for port in itertools.islice(_next, 200):
        held: list[socket.socket] = []
        try:
            for host in hosts or ("127.0.0.1",):
                held.append(socket.create_server((host, port)))  # noqa: PERF401 (what it took before it failed is closed)
        except OSError:
            continue
        else:
            return port
        finally:
            for listener in held:
                listener.close()
    raise AssertionError(f"no port is free on all of {hosts}")
