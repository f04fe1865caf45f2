"""The installed program as a process, with a configuration and a data directory of its own.

with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port) as gateway:
    gateway.add_domain("sender.test")
    id = gateway.post({"from": "a@sender.test", ...}).json()["id"]
    gateway.wait_for_state(id, "delivered")
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from tests.harness.ports import free_port
from tests.harness.waiting import eventually

PROGRAM = [str(Path(sys.executable).with_name("emailgw"))]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}


def toml(value: Any) -> str:
    return json.dumps(value)  # strings, numbers, booleans and lists of them look the same in TOML


class Gateway:
    """`settings`: more sections and keys, as `{"queue": {"retry": ["1s"]}}`. Start it with `with` or `start()`."""

    def __init__(
        self,
        directory: Path,
        *,
        nameserver: str,
        mx_port: int,
        settings: dict[str, dict[str, Any]] | None = None,
        program: list[str] | None = None,
    ) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.config_path = directory / "emailgw.toml"
        self.http_port = free_port()
        self.inbound_port = free_port()
        self.submission_port = free_port()  # plain: AUTH without TLS, being on loopback
        self.log_path = directory / "log"
        self.program = program or PROGRAM
        self.key = ""
        self.process: subprocess.Popen[bytes] | None = None
        sections: dict[str, dict[str, Any]] = {
            "http": {"listen": [f"127.0.0.1:{self.http_port}"]},
            "inbound": {"listen": [f"127.0.0.1:{self.inbound_port}"]},
            "submission": {"listen_plain": [f"127.0.0.1:{self.submission_port}"]},
            "dns": {"nameservers": [nameserver], "timeout": "2s"},
            "delivery": {"mx_port": mx_port, "allow_networks": ["127.0.0.0/8"]},
            "queue": {"retry": ["300ms"], "jitter": 0.0},
        }
        for name, section in (settings or {}).items():
            sections.setdefault(name, {}).update(section)
        lines = [f"data_dir = {toml(str(self.data_dir))}", 'ehlo_name = "gw.test"']
        for name, section in sections.items():
            lines += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in section.items())]
        directory.mkdir(parents=True, exist_ok=True)
        self.config_path.write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The process.

    def start(self, timeout: float = 20) -> None:
        """Returns when it answers that it is healthy."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "-c", str(self.config_path), "serve"], stdout=log, stderr=log, env=ENVIRONMENT
            )
        eventually(self._is_healthy, "the gateway answers", timeout)

    def stop(self, timeout: float = 35) -> int:
        """SIGTERM; its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None
        return status

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def _is_healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the gateway ended with {self.process.returncode}:\n{self.log()}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # The command line.

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`emailgw ARGUMENTS` with this configuration."""
        result = subprocess.run(
            [*self.program, "-c", str(self.config_path), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=ENVIRONMENT,
            check=False,
        )
        if check:
            assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def ask(self, *arguments: str) -> Any:
        """What a command answers with --json."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def add_domain(self, name: str, dns: Any = None) -> list[dict[str, Any]]:
        """Add a sending domain, make a key if there is none, publish its records in `dns`; the records."""
        records: list[dict[str, Any]] = self.ask("domain", "add", name)["records"]
        if dns is not None:
            for record in records:
                publish(dns, record)
        if not self.key:
            self.key = self.ask("key", "create", "test")["key"]
        return records

    # The API.

    def post(self, body: Any, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return httpx.post(f"{self.url}/emails", json=body, headers=headers, timeout=30, **options)

    def send(self, to: str | list[str], **fields: Any) -> str:
        """Post a small message; its id."""
        body = {"from": "Sender <a@sender.test>", "to": to, "subject": "Hello", "text": "Hello.\n", **fields}
        response = self.post(body)
        assert response.status_code == 202, response.text
        id: str = response.json()["id"]
        return id

    def show(self, id: str) -> Any:
        response = httpx.get(f"{self.url}/emails/{id}", headers={"authorization": f"Bearer {self.key}"}, timeout=30)
        assert response.status_code == 200, response.text
        return response.json()

    def wait_for_state(self, id: str, state: str, timeout: float = 20) -> Any:
        """The message, once all its recipients are in `state`."""

        def probe() -> Any:
            shown = self.show(id)
            return shown if all(r["state"] == state for r in shown["recipients"]) else None

        try:
            return eventually(probe, f"{id} is {state}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.show(id), indent=1)}\n{self.log()[-3000:]}") from None


def publish(dns: Any, record: dict[str, Any]) -> None:
    """Put a record that `domain add` printed into the test's DNS."""
    if record["type"] == "TXT":
        value = record["value"]
        # A TXT string holds 255 octets; longer values are several strings.
        pieces = [value[start : start + 255] for start in range(0, len(value), 255)]
        dns.add(record["name"], "TXT", " ".join(f'"{piece}"' for piece in pieces))
    else:
        dns.mx(record["name"], (record["priority"], record["value"]))
