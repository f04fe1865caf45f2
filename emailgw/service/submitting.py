"""How mail is submitted by SMTP: with STARTTLS, with TLS from the start, in clear from trusted networks, and by
`emailgw sendmail` over a Unix socket.
"""

import asyncio
import contextlib
import os
import shutil
import socket
from pathlib import Path

from emailgw.config import Config, Endpoint
from emailgw.core.directory import ApiKey
from emailgw.errors import CannotListen
from emailgw.listeners import BACKLOG
from emailgw.queue.keyring import LOCAL
from emailgw.service.core import Core
from emailgw.service.supervision import Supervisor, cancel
from emailgw.smtpd.gate import Care, Gate
from emailgw.smtpd.protocol import Server
from emailgw.smtpd.submission import Doors, Submissions
from emailgw.smtpd.terms import Offers
from emailgw.tls import Certificates

SOCKET = "submit.sock"
ROOM = 2  # messages of the largest size that come in at one time; each costs some copies more while it is stored

Bound = dict[str, list[socket.socket]]


def submission_endpoints(config: Config) -> dict[str, tuple[Endpoint, ...]]:
    """By the name of the setting."""
    section = config.submission
    return {
        "submission.listen": section.listen,
        "submission.listen_tls": section.listen_tls,
        "submission.listen_plain": section.listen_plain,
    }


async def serve_submission(
    core: Core,
    bound: Bound,
    certificates: Certificates | None,
    supervisor: Supervisor,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Serve until the stack unwinds. Raises CannotListen."""
    section = core.config.submission
    max_size = int(min(section.max_size, core.config.http.max_body))
    gate = Gate(
        Care(
            timeout=section.timeout,
            max_connections=section.max_connections,
            max_connections_per_address=section.max_connections_per_address,
            greeting_delay=section.greeting_delay,
            min_rate=section.min_rate,
            room=ROOM * max_size,
            proxy_networks=tuple(section.proxy_networks),
            trusted_networks=tuple(section.trusted_networks),
            login_delay=section.login_delay,
        )
    )
    offers = Offers(
        host_name=core.host_name,
        max_size=max_size,
        max_recipients=section.max_recipients,
        junk=section.junk_limit,
        auth=True,
        dsn=True,
    )
    doors = Doors(core.accept, core.keys, core.rates, core.once, core.templates, core.clock)

    async def trusted_key() -> ApiKey | None:
        return await core.keys.named(section.trusted_key)

    async def local_key() -> ApiKey | None:
        return LOCAL

    tls = certificates.offered if certificates is not None else None
    strangers = Submissions(doors, gate.failures).open
    trusted = Submissions(doors, gate.failures, trusted_key if section.trusted_key else None).open
    local = Submissions(doors, gate.failures, local_key).open
    servers = {
        "submission.listen": Server("submission", offers, gate, strangers, tls),
        "submission.listen_tls": Server("submission", offers, gate, strangers, tls, implicit_tls=True),
        "submission.listen_plain": Server("submission", offers, gate, trusted, tls, only_trusted=True),
    }
    stack.push_async_callback(cancel, supervisor.start("submission", gate.run()))
    await listen(servers, bound, stack)
    await _listen_on_socket(
        Server("submission", offers, gate, local, None), socket_path(core.config), section.socket_group, stack
    )
    stack.callback(gate.shut_down)


async def listen(servers: dict[str, Server], bound: Bound, stack: contextlib.AsyncExitStack) -> None:
    """Take connections on sockets that are bound already."""
    loop = asyncio.get_running_loop()
    for name, server in servers.items():
        for listener in bound.pop(name, []):
            listening = await loop.create_server(server.protocol, sock=listener, backlog=BACKLOG)
            stack.callback(listening.close)


def socket_path(config: Config) -> Path:
    return Path(config.submission.socket) if config.submission.socket else Path(config.data_dir) / SOCKET


async def _listen_on_socket(server: Server, path: Path, group: str, stack: contextlib.AsyncExitStack) -> None:
    """For root and the daemon's own user; with a group, for its members as well; with `*`, for everybody."""
    path.unlink(missing_ok=True)  # the data directory's lock is ours, so it is a dead process's
    mask = os.umask(0o177)
    try:
        listening = await asyncio.get_running_loop().create_unix_server(server.protocol, str(path), backlog=BACKLOG)
        stack.callback(path.unlink, missing_ok=True)
        stack.callback(listening.close)
        if group == "*":
            path.chmod(0o666)
        elif group:
            shutil.chown(path, group=group)
            path.chmod(0o660)
    except (OSError, LookupError) as error:
        raise CannotListen(f"submission.socket: cannot listen on {path} for the group {group!r}: {error}") from None
    finally:
        os.umask(mask)
