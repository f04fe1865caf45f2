"""A real Postfix on a loopback address, with a configuration and a queue of its own; the system's own is not touched.

    with Postfix("127.0.0.2", port, routes={"relay.test": sink.port}, default_route=gateway.inbound_port) as postfix:
        ... mail for joe@relay.test sent to 127.0.0.2:port goes on to the sink, as far as the sink takes it ...

It takes mail for the domains of `routes` only, and hands each to 127.0.0.1 at the given port; everything else (its own
reports to senders) goes to `default_route`. It looks nothing up in the DNS. Only root can start it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.harness.need import need, need_root
from tests.harness.sink import certificate
from tests.harness.waiting import eventually

HOST_NAME = "mx.postfix.test"

_MAIN = """
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
daemon_directory = {daemons}
command_directory = {commands}
myhostname = {host_name}
mydestination =
mynetworks = 127.255.255.255/32
inet_interfaces = loopback-only
inet_protocols = ipv4
relay_domains = {domains}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
transport_maps = inline:{{ {transports} }}
relayhost = [127.0.0.1]:{default_route}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = may
smtpd_tls_cert_file = {directory}/certificate.pem
smtpd_tls_key_file = {directory}/key.pem
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
delay_warning_time = {delay_warning}s
"""
_MASTER = """
{host}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """`delay_warning`: seconds after which it tells the sender that mail is late; 0 is never."""

    def __init__(
        self, host: str, port: int, *, routes: dict[str, int], default_route: int, delay_warning: int = 0
    ) -> None:
        self._program = need("postfix")
        need_root()
        self.host = host
        self.port = port
        self._routes = routes
        self._default_route = default_route
        self._delay_warning = delay_warning
        # Its processes run as another user, who cannot enter pytest's directories.
        self._directory = Path(tempfile.mkdtemp(prefix="emailgw-postfix-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()  # the master process ends its children
            self._process.wait(15)
        shutil.rmtree(self._directory)

    def log(self) -> str:
        path = self._directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _configure(self) -> None:
        self._directory.chmod(0o755)
        chain, key = certificate(HOST_NAME)
        (self._directory / "certificate.pem").write_bytes(chain)
        (self._directory / "key.pem").write_bytes(key)
        (self._directory / "key.pem").chmod(0o600)
        transports = ", ".join(f"{{ {domain} = smtp:[127.0.0.1]:{port} }}" for domain, port in self._routes.items())
        main = _MAIN.format(
            directory=self._directory,
            daemons=_compiled_in("daemon_directory"),
            commands=_compiled_in("command_directory"),
            host_name=HOST_NAME,
            host=self.host,
            domains=", ".join(self._routes),
            transports=transports,
            default_route=self._default_route,
            delay_warning=self._delay_warning,
        )
        (self._directory / "main.cf").write_text(main)
        (self._directory / "master.cf").write_text(_MASTER.format(host=self.host, port=self.port))
        for name in ("queue", "data"):
            (self._directory / name).mkdir()
        shutil.chown(self._directory / "data", "postfix")

    def _start(self) -> None:
        """The master process as a child of ours and leader of its own children; `postfix start` would give neither."""
        configuration = ["-c", str(self._directory)]
        subprocess.run([self._program, *configuration, "check"], check=True, timeout=60)
        with (self._directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [f"{_compiled_in('daemon_directory')}/master", *configuration, "-d"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        eventually(self._is_up, "Postfix listens", 20)

    def _is_up(self) -> bool:
        assert self._process is not None
        output = (self._directory / "output").read_text(errors="replace")
        assert self._process.poll() is None, f"Postfix ended:\n{output}\n{self.log()}"
        return "daemon started" in self.log()


def _compiled_in(name: str) -> str:
    result = subprocess.run(
        [need("postconf"), "-d", "-h", name], capture_output=True, text=True, check=True, timeout=20
    )
    return result.stdout.strip()
