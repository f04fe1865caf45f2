"""Sockets to listen on, from the configured addresses; called by `service`. Bound early, so that a taken port is told
before anything else is touched.
"""

import ipaddress
import socket

from emailgw.config import Endpoint
from emailgw.errors import CannotListen

BACKLOG = 1024


def own_addresses(endpoints: tuple[Endpoint, ...]) -> tuple[str, ...]:
    """Where we receive mail: an MX host there is us. Loopback and wildcard addresses say nothing."""
    addresses: list[str] = []
    for endpoint in endpoints:
        try:
            address = ipaddress.ip_address(endpoint.host)
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified):
            addresses.append(str(address))
    return tuple(addresses)


def bind(endpoints: tuple[Endpoint, ...], key: str) -> list[socket.socket]:
    """Raises CannotListen: the address may be free again when the program is started anew."""
    listeners: list[socket.socket] = []
    for endpoint in endpoints:
        try:
            found = socket.getaddrinfo(
                endpoint.host or "0.0.0.0", endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            listeners.append(socket.create_server(found[0][4][:2], family=found[0][0], backlog=BACKLOG))
        except OSError as error:
            close_all(listeners)
            raise CannotListen(f"{key}: cannot listen on {endpoint}: {error.strerror or error}") from None
        listeners[-1].setblocking(False)
    return listeners


def listening_on(listeners: list[socket.socket]) -> str:
    """Their addresses, for people."""
    return ", ".join("{}:{}".format(*listener.getsockname()[:2]) for listener in listeners)


def close_all(listeners: list[socket.socket]) -> None:
    """Those that nobody took over."""
    for listener in listeners:
        listener.close()
