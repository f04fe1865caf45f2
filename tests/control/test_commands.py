"""Every command, beside a running daemon and without one: the same answers, exit statuses, and nothing but lines."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import PROGRAM, Gateway
from tests.harness.ports import free_port
from tests.harness.sink import Say, Sink
from tests.harness.waiting import eventually


class Operator:
    """Someone at the command line. `daemon`: whether one runs."""

    def __init__(self, gateway: Gateway, sink: Sink, daemon: bool) -> None:
        self.gateway = gateway
        self.sink = sink
        self.daemon = daemon

    def __call__(self, line: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        result = self.gateway.run(*line.split(), check=False)
        assert result.returncode == status, f"{line}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        assert "Traceback" not in result.stderr
        return result

    def json(self, line: str) -> Any:
        result = self(f"{line} --json")
        return json.loads(result.stdout)

    def fails(self, line: str, status: int) -> str:
        """A command that must fail with this status; its only line on stderr."""
        result = self(line, status)
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if not line.startswith(("Usage:", "Try ")) and line]
        assert len(lines) == 1, lines
        return lines[0]

    def put(self, to: str = "joe@slow.test") -> str:
        """A message that stays in the queue: its host is down, or nobody delivers."""
        id: str = self.json(f"send --from a@sender.test --to {to}")["id"]
        if self.daemon:
            eventually(lambda: not self.recipient(id)["being_delivered"] and self.recipient(id)["tries"], "it is tried")
        return id

    def recipient(self, id: str) -> Any:
        return self.json(f"queue show {id}")["recipients"][0]

    def state(self, id: str) -> str:
        state: str = self.recipient(id)["state"]
        return state


@pytest.fixture(scope="module", params=["daemon", "alone"])
def operator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with DNSServer() as dns, Sink() as sink:
        dns.domain("example.test", "127.0.0.1")
        dns.domain("slow.test", "127.0.0.1")
        sink.on("RCPT", Say("450 4.2.1 Not today"), about="slow.test", always=True)
        settings = {"queue": {"retry": ["1h"]}}
        gateway = Gateway(
            tmp_path_factory.mktemp("gateway"), nameserver=dns.nameserver, mx_port=sink.port, settings=settings
        )
        daemon = request.param == "daemon"
        if daemon:
            gateway.start()
        gateway.add_domain("sender.test", dns)
        yield Operator(gateway, sink, daemon)
        assert gateway.stop() == 0


beside_a_daemon = pytest.mark.parametrize("operator", ["daemon"], indirect=True)

# Domains and keys.


def test_a_domain_comes_with_the_records_to_publish(operator: Operator) -> None:
    added = operator.json("domain add New.Example.Test")
    assert added["name"] == "new.example.test"
    purposes = {record["purpose"]: record for record in added["records"]}
    assert {"DKIM", "SPF", "bounces", "DMARC"} <= set(purposes)
    assert [record["purpose"] for record in added["records"]].count("DKIM") == 2
    where = {"name": "send.new.example.test", "type": "MX", "value": "gw.test", "priority": 10}
    assert where.items() <= purposes["bounces"].items()
    shown_again = operator.json("domain show new.example.test")
    assert sorted(map(str, shown_again.pop("records"))) == sorted(map(str, added["records"]))
    assert shown_again == {name: value for name, value in added.items() if name != "records"}
    assert "new.example.test" in [domain["name"] for domain in operator.json("domain list")]
    shown = operator("domain show new.example.test").stdout
    for record in added["records"]:
        [line] = [line for line in shown.splitlines() if line.startswith(f"{record['name']}. {record['type']}")
                  and record["value"] in line]  # fmt: skip
        assert line


def test_an_international_domain(operator: Operator) -> None:
    assert operator.json("domain add bücher.test")["name"] == "xn--bcher-kva.test"
    assert operator.json("domain show BÜCHER.test")["name"] == "xn--bcher-kva.test"


@pytest.mark.parametrize(("line", "words"), [
    ("domain add sender.test", "exists already"),
    ("domain add not_a/domain", "not a valid domain name"),
    ("domain add 127.0.0.1", "IP address"),
    ("domain show nowhere.test", "no domain"),
    ("key revoke nobody", "no API key"),
    ("queue show nonsense", "neither"),
    ("queue show 0193b1a0-0000-7000-8000-000000000000", "no message"),
    ("queue hold 123456789", "no recipient"),
    ("send --from a@sender.test --to nonsense", "not an address"),
    ("send --from a@foreign.test --to joe@example.test", "not verified"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(operator: Operator, line: str, words: str) -> None:
    assert words in operator.fails(line, 1)


@pytest.mark.parametrize("line", [
    "nonsense", "queue nonsense", "domain add", "queue hold", "send --to a@b.test", "queue list --limit 0",
    "key create x --dialect klingon", "queue list --state delivered", "serve now",
])  # fmt: skip
def test_wrong_usage(operator: Operator, line: str) -> None:
    operator.fails(line, 64)


def test_a_key_is_shown_once(operator: Operator) -> None:
    made = operator.json("key create app --dialect resend")
    assert made["key"].startswith("re_")
    assert len(made["key"]) >= 45  # 256 random bits and the prefix
    [listed] = [key for key in operator.json("key list") if key["id"] == made["id"]]
    assert listed["revoked_at"] is None
    assert made["key"] not in operator("key list").stdout
    assert made["key"] not in json.dumps(operator.json("key list"))
    operator(f"key revoke {made['id']}")
    assert "before" in operator.fails(f"key revoke {made['id']}", 1)
    [listed] = [key for key in operator.json("key list") if key["id"] == made["id"]]
    assert listed["revoked_at"] is not None


def test_a_key_alone_is_on_stdout(operator: Operator) -> None:
    """So that a script can keep it."""
    result = operator("key create script")
    assert len(result.stdout.split()) == 1
    assert result.stderr.startswith("hint: ")


# The queue.


def test_what_waits_is_listed(operator: Operator) -> None:
    id = operator.put("listed@slow.test")
    answer = operator.json("queue list --nexthop slow.test")
    [mine] = [recipient for recipient in answer["recipients"] if recipient["message_id"] == id]
    assert (mine["address"], mine["nexthop"]) == ("listed@slow.test", "slow.test")
    assert mine["state"] == ("deferred" if operator.daemon else "queued")
    assert answer["counts"][mine["state"]] >= 1
    assert "listed@slow.test" in operator("queue list").stdout
    assert operator.json("queue list --nexthop other.test")["recipients"] == []
    page = operator.json("queue list --limit 1")
    assert len(page["recipients"]) == 1
    assert page["more"] == page["recipients"][0]["id"]
    assert page["more"] not in [r["id"] for r in operator.json(f"queue list --after {page['more']}")["recipients"]]


def test_a_message_is_shown_with_its_story(operator: Operator) -> None:
    id = operator.put()
    shown = operator.json(f"queue show {id}")
    assert shown["id"] == id
    assert [event["type"] for event in shown["events"]] == (["queued", "deferred"] if operator.daemon else ["queued"])
    by_number = operator.json(f"queue show {shown['recipients'][0]['id']}")
    assert by_number == shown
    text = operator(f"queue show {id}").stdout
    assert "joe@slow.test" in text
    assert "queued" in text


def test_hold_and_release(operator: Operator) -> None:
    id = operator.put()
    assert operator.json(f"queue hold {id}") == {"changed": 1, "skipped": []}
    assert operator.state(id) == "held"
    operator(f"queue hold {id}", 1)  # it is held already
    operator(f"queue retry {id}", 1)
    assert operator.json(f"queue release {id}")["changed"] == 1
    assert operator.state(id) == "deferred"
    operator(f"queue release {id}", 1)
    types = [event["type"] for event in operator.json(f"queue show {id}")["events"]]
    assert types[types.index("held") :][:2] == ["held", "released"]


def test_cancel_is_for_good(operator: Operator) -> None:
    id = operator.put()
    assert operator.json(f"queue cancel {id}")["changed"] == 1
    assert operator.state(id) == "cancelled"
    for action in ("hold", "release", "retry", "cancel"):
        result = operator(f"queue {action} {id}", 1)
        assert "cancelled" in result.stderr
    assert operator.json(f"queue show {id}")["events"][-1]["source"] == "operator"


def test_retry_is_at_once(operator: Operator) -> None:
    id = operator.put("again@slow.test")
    assert operator.json(f"queue retry {id}")["changed"] == 1
    if operator.daemon:
        eventually(lambda: operator.recipient(id)["tries"] == 2, "it is tried again")


def test_actions_on_a_next_hop(operator: Operator) -> None:
    ids = [operator.put(f"{name}@slow.test") for name in "ab"]
    assert operator.json("queue hold --nexthop slow.test")["changed"] >= 2
    assert [operator.state(id) for id in ids] == ["held", "held"]
    assert operator.json("queue release --nexthop slow.test")["changed"] >= 2
    assert operator.json("queue cancel --all")["changed"] >= 2
    assert sum(operator.json("queue list")["counts"].values()) == 0


def test_a_test_send(operator: Operator) -> None:
    result = operator("send --from a@sender.test --to send@example.test --wait 20 --json")
    if operator.daemon:
        [recipient] = json.loads(result.stdout)["recipients"]
        assert recipient["state"] == "delivered"
    else:
        assert "no daemon is running" in result.stderr
        operator("queue cancel --all")


@beside_a_daemon
def test_a_test_send_that_fails(operator: Operator) -> None:
    operator.sink.on("RCPT", Say("550 5.1.1 No such user"), about="nobody@")
    result = operator("send --from a@sender.test --to nobody@example.test --wait 20", 1)
    assert "bounced 5.1.1" in result.stdout


# The data directory.


@beside_a_daemon
def test_a_second_daemon_is_refused_and_told_who_the_first_is(operator: Operator) -> None:
    assert operator.gateway.process is not None
    text = operator.gateway.config_path.read_text()
    gateway = operator.gateway
    for port in (gateway.http_port, gateway.inbound_port, gateway.submission_port):
        text = text.replace(str(port), str(free_port()))
    other = operator.gateway.directory / "second.toml"
    other.write_text(text)
    result = subprocess.run(
        [*operator.gateway.program, "-c", str(other), "serve"], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 75
    [line] = [line for line in result.stderr.splitlines() if line.startswith("emailgw: ")]
    assert f"pid {operator.gateway.process.pid}" in line


def test_the_socket_is_its_owners(operator: Operator) -> None:
    path = operator.gateway.data_dir / "control.sock"
    if operator.daemon:
        assert path.stat().st_mode & 0o777 == 0o600
    else:
        assert not path.exists()


@beside_a_daemon
@pytest.mark.parametrize("line", [b"nonsense\n", b"{}\n", b'{"ask": "nonsense"}\n', b"[" * 100_000 + b"\n", b"\xff\n",
                                  b'{"ask": "queue.change", "action": 5}\n'])  # fmt: skip
def test_nonsense_on_the_socket(operator: Operator, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(operator.gateway.data_dir / "control.sock"))
        client.sendall(line)
        answer = b""
        while not answer.endswith(b"\n"):
            piece = client.recv(65536)
            assert piece, "closed without an answer"
            answer += piece
    assert json.loads(answer)["error"]
    operator("queue list")


def test_a_socket_that_a_dead_daemon_left(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, nameserver="127.0.0.1:9", mx_port=free_port())
    gateway.start()
    gateway.kill()
    assert (gateway.data_dir / "control.sock").exists()
    gateway.add_domain("sender.test")  # the command finds that nobody answers, and does it itself
    gateway.start()
    assert [domain["name"] for domain in gateway.ask("domain", "list")] == ["sender.test"]
    assert gateway.stop() == 0


def test_init_may_be_run_again(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, nameserver="127.0.0.1:9", mx_port=free_port())
    gateway.config_path.unlink()
    line = ["init", "--domain", "first.test", "--data-dir", str(gateway.data_dir), "--http", f"127.0.0.1:{free_port()}",
            "--inbound", f"127.0.0.1:{free_port()}", "--ehlo-name", "gw.test", "--json"]  # fmt: skip
    first = json.loads(gateway.run(*line).stdout)
    assert first["domain"]["name"] == "first.test"
    assert first["key"]
    text = gateway.config_path.read_text()
    second = json.loads(gateway.run(*line).stdout)
    assert second["key"] is None
    assert gateway.config_path.read_text() == text
    assert len(gateway.ask("domain", "list")) == 1
    assert "curl" in gateway.run(*[word for word in line if word != "--json"]).stdout
    assert gateway.run("check").returncode == 0


def test_version_and_help() -> None:
    for option in ("--version", "--help", "-h"):
        result = subprocess.run([*PROGRAM, option], capture_output=True, text=True, timeout=30, check=True)
        assert "emailgw" in result.stdout
