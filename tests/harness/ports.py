"""Free ports on loopback addresses, chosen by the kernel."""

import socket


def free_port(*hosts: str) -> int:
    """A port that is free on all of `hosts` (127.0.0.1 if none are given) just now."""
    for _ in range(50):
        held: list[socket.socket] = []
        try:
            port = 0
            for host in hosts or ("127.0.0.1",):
                held.append(socket.create_server((host, port)))
                port = held[-1].getsockname()[1]
        except OSError:
            continue
        else:
            return port
        finally:
            for listener in held:
                listener.close()
    raise AssertionError(f"no port is free on all of {hosts}")
