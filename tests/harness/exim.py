"""A real Exim on a loopback address, with a configuration and a spool of its own; the system's own is not touched.

    with Exim("127.0.0.3", port, domain="exim.test", next_hop=sink.port, default_route=gateway.inbound_port) as exim:
        ... mail for joe@exim.test sent to 127.0.0.3:port is put into a mailbox ...

It takes everything for `domain` and finds out later: `joe` has a mailbox, that of `full` is full, mail for `small` goes
on to 127.0.0.1 at `next_hop`, the host of `late` does not answer; nobody else exists. What it has to say goes to
127.0.0.1 at `default_route`. It looks nothing up in the DNS. Only root can start it. With `sends` it also takes mail
for that domain, signs it with DKIM, and hands it to `default_route`.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Self

from tests.harness.need import missing, need_root
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

HOST_NAME = "mx.exim.test"
USER = "Debian-exim"
PLACES = (Path(__file__).parents[2] / ".work/peers/exim/usr/sbin/exim4", Path("/usr/sbin/exim4"))

_CONFIGURATION = """
exim_path = {program}
exim_user = {user}
exim_group = {user}
primary_hostname = {host_name}
spool_directory = {directory}/spool
log_file_path = {directory}/log/%slog
pid_file_path = {directory}/pid
local_interfaces = <; [{host}]:{port}
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
keep_environment =
add_environment =
message_logs = false
deliver_drop_privilege
delay_warning = 1s
delay_warning_condition = true
acl_smtp_rcpt = taking

begin acl
taking:
  accept domains = {domain}{also}
  deny

begin routers
senders:
  driver = manualroute
  domains = ! {domain}
  route_list = * 127.0.0.1
  self = send
  transport = senders
late:
  driver = manualroute
  local_parts = late
  route_list = * 127.0.0.1
  self = send
  transport = nobody
joe:
  driver = accept
  local_parts = joe
  transport = joe
full:
  driver = accept
  local_parts = full
  transport = full
elsewhere:
  driver = manualroute
  local_parts = small
  route_list = * 127.0.0.1
  self = send
  transport = elsewhere
  cannot_route_message = Unknown user

begin transports
senders:
  driver = smtp
  port = {default_route}
  allow_localhost
{signing}
nobody:
  driver = smtp
  port = {nobody}
  allow_localhost
joe:
  driver = appendfile
  file = {directory}/spool/joe
  user = {user}
full:
  driver = appendfile
  file = {directory}/spool/full
  quota = 100
  user = {user}
elsewhere:
  driver = smtp
  port = {next_hop}
  allow_localhost

begin retry
full@{domain} quota
* * F,1h,1s
"""


_SIGNING = """  dkim_domain = {domain}
  dkim_selector = {selector}
  dkim_private_key = {key}
"""


class Sends(NamedTuple):
    """To whom Exim sends, and as whom it signs that. `key`: PEM."""

    to: str
    author: str
    selector: str
    key: bytes


class Exim:
    def __init__(
        self, host: str, port: int, *, domain: str, next_hop: int, default_route: int, sends: Sends | None = None
    ) -> None:
        found = next((place for place in PLACES if place.exists()), None)
        if found is None:
            missing("Exim is not there; `make peers` unpacks it when run as root on Debian")
        need_root()
        self._program = str(found)
        self.host = host
        self.port = port
        self._domain = domain
        self._next_hop = next_hop
        self._default_route = default_route
        self._sends = sends
        # Its processes run as another user, who cannot enter pytest's directories.
        self._directory = Path(tempfile.mkdtemp(prefix="emailgw-exim-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)
        shutil.rmtree(self._directory, ignore_errors=True)  # a queue runner may still be at its last message

    def log(self) -> str:
        logs = sorted((self._directory / "log").glob("*log"))
        return "\n".join(path.read_text(errors="replace") for path in logs)

    def _start(self) -> None:
        """In the foreground as a child of ours, with a queue run each second."""
        configuration = self._directory / "exim.conf"
        signing = ""
        if self._sends is not None:
            key = self._directory / "dkim.pem"
            key.write_bytes(self._sends.key)
            signing = _SIGNING.format(domain=self._sends.author, selector=self._sends.selector, key=key)
        configuration.write_text(
            _CONFIGURATION.format(
                program=self._program,
                user=USER,
                host_name=HOST_NAME,
                directory=self._directory,
                host=self.host,
                port=self.port,
                domain=self._domain,
                also=f" : {self._sends.to}" if self._sends is not None else "",
                signing=signing,
                next_hop=self._next_hop,
                default_route=self._default_route,
                nobody=free_port(),
            )
        )
        self._directory.chmod(0o755)
        for name in ("spool", "log"):
            (self._directory / name).mkdir()
            shutil.chown(self._directory / name, USER, USER)
        with (self._directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [self._program, "-C", str(configuration), "-bdf", "-q1s"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        eventually(self._is_up, "Exim listens", 20)

    def _is_up(self) -> bool:
        assert self._process is not None
        output = (self._directory / "output").read_text(errors="replace")
        assert self._process.poll() is None, f"Exim ended:\n{output}\n{self.log()}"
        return "listening for SMTP" in self.log()
