"""Free ports on loopback addresses, below those that the kernel gives to clients.

A server that a test takes down for a while must find its port free again: of the kernel's range, somebody's connection
out may have it by then, even one to that very port, which reaches itself.
"""

import random
import socket

LOWEST, HIGHEST = 10_000, 32_000


def free_port(*hosts: str) -> int:
    """A port that is free on all of `hosts` (127.0.0.1 if none are given) just now."""
    for _ in range(200):
        held: list[socket.socket] = []
        port = random.randint(LOWEST, HIGHEST)
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
