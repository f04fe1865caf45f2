"""How certificates come about: from files, or by ACME with its challenges on a listener of their own."""

import contextlib
import socket
from pathlib import Path

from emailgw.api.challenge import Challenges
from emailgw.certify.keep import Shelf
from emailgw.certify.renewal import Renewal, RenewalSettings
from emailgw.config import Config
from emailgw.service.connections import Connections
from emailgw.service.core import Core
from emailgw.service.supervision import Supervisor, cancel
from emailgw.tls import Certificates

GRACE = 1  # seconds for a challenge under way when stopping


def open_certificates(config: Config) -> Certificates | None:
    """None where nothing speaks TLS. Raises ConfigError."""
    if config.tls.certificate:
        return Certificates(config.tls.certificate, config.tls.key)
    if config.acme.directory:
        pair = str(Path(config.data_dir) / "acme" / "certificate.pem")
        return Certificates(pair, pair, required=False)
    return None


async def serve_renewal(
    core: Core,
    certificates: Certificates,
    challenges: Challenges,
    listeners: list[socket.socket],
    supervisor: Supervisor,
    stack: contextlib.AsyncExitStack,
) -> Renewal:
    """Answer challenges and renew until the stack unwinds."""
    section = core.config.acme
    connections = Connections(challenges.app())
    for listener in listeners:
        await connections.listen(listener)
    stack.push_async_callback(connections.close, GRACE)
    settings = RenewalSettings(
        directory=section.directory,
        contact=section.contact,
        names=tuple(map(str, section.names)) or (core.host_name,),
        retry=tuple(map(int, section.retry)),
    )
    shelf = Shelf(Path(core.config.data_dir), core.vault)
    renewal = Renewal(settings, shelf, challenges.publish, certificates.reload, core.clock)
    stack.push_async_callback(cancel, supervisor.start("certificate renewal", renewal.run()))
    return renewal
