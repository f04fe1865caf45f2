"""The unit: what systemd says about it, what the program tells systemd, and both together in a Debian that is booted.

The booted one runs in a container (systemd-nspawn) on this machine's network, so that the test reaches its ports.
"""

import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import PROGRAM, Gateway
from tests.harness.need import need
from tests.harness.sink import Sink
from tests.harness.waiting import eventually
from tests.packaging.roots import PROJECT, debian, one_at_a_time

UNIT = PROJECT / "systemd" / "emailgw.service"
INSTALLED = "/usr/local/bin/emailgw"
EXPOSURE = 1.6  # of 10. Half of it is what a mail host needs: the network, its resolver's sockets, port 25.


def exec_start() -> list[str]:
    found = re.search(r"^ExecStart=(.+)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


def make_user() -> tuple[str, ...]:
    """The command that the unit's first lines tell to run."""
    found = re.search(r"^#.*(useradd .+)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    return tuple(shlex.split(found[1]))


# The unit by itself.


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """With a program that is there: whether it exists is looked at as well."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(INSTALLED, PROGRAM[0]))
    verified = subprocess.run(
        [need("systemd-analyze"), "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_its_exposure_is_low() -> None:
    judged = subprocess.run(
        [need("systemd-analyze"), "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}", UNIT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout


def test_the_program_knows_its_command_line(tmp_path: Path) -> None:
    program, *arguments = exec_start()
    assert program == INSTALLED
    helped = subprocess.run([*PROGRAM, *arguments, "--help"], capture_output=True, text=True, check=False)
    assert helped.returncode == 0, helped.stderr
    assert "Run the gateway" in helped.stdout


# The program by itself: sd_notify(3).


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd would listen on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener


def supervised(directory: Path, supervisor: socket.socket, **settings: str) -> Gateway:
    environment = {"NOTIFY_SOCKET": str(supervisor.getsockname()), **settings}
    program = [need("env"), *(f"{name}={value}" for name, value in environment.items()), *PROGRAM]
    return Gateway(directory, nameserver="127.0.0.1:1", mx_port=1, program=program)


def begin(gateway: Gateway) -> None:
    """Start without waiting for anything."""
    with gateway.log_path.open("ab") as log:
        command = [*gateway.program, "-c", str(gateway.config_path), "serve"]
        gateway.process = subprocess.Popen(command, stdout=log, stderr=log)


def greeting(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        return connection.recv(4)


def test_ready_means_that_http_and_smtp_answer(tmp_path: Path, supervisor: socket.socket) -> None:
    gateway = supervised(tmp_path, supervisor)
    begin(gateway)
    try:
        assert supervisor.recv(100) == b"READY=1"
        assert httpx.get(f"{gateway.url}/healthz").status_code == 200
        assert greeting(gateway.inbound_port) == b"220 "
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGTERM)
        assert supervisor.recv(100) == b"STOPPING=1"
    finally:
        assert gateway.stop() == 0, gateway.log()
    supervisor.setblocking(False)
    with pytest.raises(BlockingIOError):
        supervisor.recv(100)


@pytest.mark.parametrize("door", ["http_port", "inbound_port"])
def test_never_ready_when_a_port_is_taken(tmp_path: Path, supervisor: socket.socket, door: str) -> None:
    gateway = supervised(tmp_path, supervisor)
    with socket.create_server(("127.0.0.1", getattr(gateway, door))):
        begin(gateway)
        assert gateway.process is not None
        assert gateway.process.wait(20) != 0
    supervisor.setblocking(False)
    with pytest.raises(BlockingIOError):
        supervisor.recv(100)


def test_the_watchdog_is_fed_as_often_as_systemd_asks(tmp_path: Path, supervisor: socket.socket) -> None:
    gateway = supervised(tmp_path, supervisor, WATCHDOG_USEC="200000")
    begin(gateway)
    try:
        assert [supervisor.recv(100) for _ in range(4)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    finally:
        assert gateway.stop() == 0, gateway.log()


# Both together.


class Booted:
    """A Debian whose systemd has been told to start the unit. Its disk is what `root` holds; changes are forgotten."""

    def __init__(self, root: Path, binary: Path, unit: Path, gateway: Gateway) -> None:
        shown = {binary: INSTALLED, unit: f"/etc/systemd/system/{UNIT.name}", gateway.directory: "/etc/emailgw"}
        self.log_path = gateway.directory.parent / "console"
        with self.log_path.open("wb") as log:
            self._container = subprocess.Popen(
                [
                    need("systemd-nspawn"), "--quiet", "--boot", f"--directory={root}", "--volatile=overlay",
                    # It needs no systemd on this machine to register with.
                    "--register=no", "--keep-unit", "--machine=emailgw-test", "--console=pipe",
                    *(f"--bind-ro={path}:{place}" for path, place in shown.items()),
                    "--", f"--unit={UNIT.name}", "--show-status=no",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.leader = ""

    def run(self, *command: str) -> str:
        """The output of a command in there."""
        done = subprocess.run(
            [need("nsenter"), f"--target={self.leader}", "--mount", "--pid", "--uts", "--ipc", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", UNIT.name).strip()

    def wait_for(self, name: str, value: str, timeout: float = 30) -> None:
        try:
            eventually(lambda: self.show(name) == value, f"{name} is {value}", timeout, every=0.1)
        except AssertionError as error:
            log = self.run("journalctl", "--no-pager", "--lines=50")
            raise AssertionError(f"{error}\n{self.log_path.read_text()}\n{log}") from None

    def unpacked(self) -> list[str]:
        """What lies in the service's own /tmp, and in everybody's."""
        return self.run("sh", "-c", "ls -d /tmp/systemd-private-*-emailgw.service-*/tmp/* /tmp/_MEI* || true").split()

    def boot(self) -> None:
        """Returns when its systemd answers."""
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")

        def answers() -> bool:
            assert self._container.poll() is None, self.log_path.read_text()
            # The first child only makes the one that becomes systemd: whom we see first depends on the machine.
            found = children.read_text().split()
            self.leader = found[0] if found else ""
            return bool(found) and self.show("LoadState") == "loaded"

        eventually(answers, "systemd answers", 120)

    def shut_down(self) -> None:
        self._container.terminate()
        try:
            self._container.wait(30)
        except subprocess.TimeoutExpired:
            self._container.kill()
            self._container.wait(10)
            raise


@pytest.fixture(scope="module")
def systemd_root() -> Path:
    need("systemd-nspawn")
    return debian("systemd", "systemd", then=make_user())


def privileged_port() -> int:
    """A free one that only root, or who has CAP_NET_BIND_SERVICE, may listen on."""
    for port in range(700, 1000):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("no privileged port is free")


@pytest.fixture
def dns() -> Iterator[DNSServer]:
    with DNSServer() as server:
        server.domain("example.test", "127.0.0.1")
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, dns: DNSServer, sink: Sink) -> Gateway:
    """The configuration, as it is bound to /etc/emailgw; the container runs it."""
    made = Gateway(tmp_path / "etc", nameserver=dns.nameserver, mx_port=sink.port)
    made.inbound_port = privileged_port()
    text = re.sub(r"(\[inbound\]\nlisten = ).*", rf'\1["127.0.0.1:{made.inbound_port}"]', made.config_path.read_text())
    made.config_path.write_text(text.replace(str(made.data_dir), "/var/lib/emailgw"))
    made.directory.chmod(0o755)
    made.config_path.chmod(0o644)
    return made


@pytest.fixture
def booted(systemd_root: Path, binary: Path, gateway: Gateway, tmp_path: Path) -> Iterator[Booted]:
    """With the program of `make binary`, and a watchdog that is soon worried."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert "\nWatchdogSec=60\n" in text
    unit.write_text(text.replace("\nWatchdogSec=60\n", "\nWatchdogSec=2\n"))
    with one_at_a_time("booted"):  # a root can be booted once at a time
        made = Booted(systemd_root, binary, unit, gateway)
        try:
            made.boot()
            yield made
        finally:
            made.shut_down()


def test_a_booted_debian_runs_it(booted: Booted, gateway: Gateway, dns: DNSServer, sink: Sink) -> None:
    booted.wait_for("ActiveState", "active")
    assert booted.run("stat", "--format=%U", f"/proc/{booted.show('MainPID')}").strip() == "emailgw"
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200
    assert greeting(gateway.inbound_port) == b"220 "

    # Mail goes out in spite of all that is forbidden.
    gateway.program = [need("nsenter"), f"--target={booted.leader}", "--mount", "--pid", INSTALLED]
    gateway.config_path = Path("/etc/emailgw/emailgw.toml")
    gateway.add_domain("sender.test", dns)
    gateway.wait_for_state(gateway.send("now@example.test"), "delivered")
    assert sink.messages[0].recipients == ["now@example.test"]
    assert httpx.get(f"{gateway.url}/metrics").status_code == 200

    fed = booted.show("WatchdogTimestampMonotonic")
    eventually(lambda: booted.show("WatchdogTimestampMonotonic") != fed, "the watchdog is fed")

    # Killed without a chance to clean up: systemd starts it anew, in a fresh /tmp.
    before = booted.unpacked()
    assert len(before) == 1
    booted.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", UNIT.name)
    booted.wait_for("NRestarts", "1")
    booted.wait_for("ActiveState", "active")
    after = booted.unpacked()
    assert len(after) == 1
    assert after != before

    booted.run("systemctl", "stop", UNIT.name)
    assert (booted.show("ActiveState"), booted.show("Result")) == ("inactive", "success")
    assert booted.unpacked() == []


def test_a_wrong_configuration_is_not_tried_again(booted: Booted, gateway: Gateway) -> None:
    booted.wait_for("ActiveState", "active")
    gateway.config_path.write_text("colour = 1\n")
    booted.run("systemctl", "restart", UNIT.name)
    booted.wait_for("ActiveState", "failed")
    assert (booted.show("ExecMainStatus"), booted.show("NRestarts")) == ("78", "0")
