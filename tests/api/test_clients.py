"""Clients that are slow, vanish, or never finish; and that nothing secret is left where others read."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import BODY_TIMEOUT, Api, fresh
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port


def connect(gateway: Gateway, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gateway.http_port), timeout=10)
    connection.sendall(data)
    return connection


def head(key: str, length: int) -> bytes:
    return (
        f"POST /emails HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def read_all(connection: socket.socket) -> bytes:
    """Until the other side closes, at most for the socket's time-out."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.alone
def test_slow_clients_hurt_nobody_else(api: Api) -> None:
    slow = [connect(api.gateway, head(api.resend, 1000) + b'{"from": ') for _ in range(50)]
    slow += [connect(api.gateway, b"POST /emails HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(50)]
    slow += [connect(api.gateway, b"") for _ in range(50)]
    slow += [connect(api.gateway, b"GET /emails/x HTTP/1.1\r\n" + b"X: y\r\n" * 10) for _ in range(20)]
    try:
        started = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: api.post(fresh()).status_code, range(40)))
        assert answers == [200] * 40
        assert time.monotonic() - started < 5
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.alone
def test_a_slow_body_is_cut_off(api: Api) -> None:
    with connect(api.gateway, head(api.resend, 1000) + b'{"from": ') as connection:
        started = time.monotonic()
        answer = connection.recv(65536)
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
        assert BODY_TIMEOUT - 0.1 < time.monotonic() - started < BODY_TIMEOUT + 3
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["statusCode"] == 408


def test_a_client_that_vanishes_leaves_nothing_or_everything(api: Api) -> None:
    """At every hundredth octet of the request, head and body."""
    before = api.queued()
    content = json.dumps(fresh(text="x" * 1500)).encode()
    whole = head(api.resend, len(content)) + content
    for end in range(0, len(whole) - 1, 100):
        connect(api.gateway, whole[:end]).close()
    api.send()
    assert api.queued() == before + 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"EHLO x\r\nMAIL FROM:<a@b.test>\r\n",
        b"\0" * 5000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"/" * 200_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
        b"POST /emails HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /emails HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /emails HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http(api: Api, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", api.gateway.http_port), timeout=3) as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
        except OSError:
            answer = b""
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5"))
    assert b"Traceback" not in answer
    api.send()


def test_many_at_once_are_all_answered(api: Api) -> None:
    before = api.queued()
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda i: api.post(fresh(to=f"m{i}@example.test")).json()["id"], range(200)))
    assert len(set(answers)) == 200
    assert api.queued() == before + 200


def test_secrets_are_written_nowhere(api: Api) -> None:
    """Neither keys of applications nor private DKIM keys, in clear, in the data directory or in the log."""
    _, to = api.send(subject="a subject nobody logs", text="a body nobody logs")
    api.delivered(to)
    api.post(b"not json")
    api.get("/emails/x", "re_wrongkeywrongkey")
    private_marks = [b"PRIVATE KEY", bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("300506032b6570")]
    secrets = [api.sendkit.encode(), api.resend.encode(), b"wrongkeywrongkey"]
    seen = 0
    for path in api.gateway.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            seen += len(content)
            for mark in (*secrets, *private_marks):
                assert mark not in content, path
    assert seen > 10_000
    log = api.gateway.log().encode()
    assert to.encode() in log  # it is the log of this traffic
    for mark in (*secrets, b"nobody logs", b"PRIVATE KEY"):
        assert mark not in log
    assert (api.gateway.data_dir.stat().st_mode & 0o777) == 0o700
    for name in ("emailgw.db", "master.key", "control.sock"):
        assert (api.gateway.data_dir / name).stat().st_mode & 0o077 == 0 or name == "emailgw.db"


def test_the_key_is_not_in_the_process_list(api: Api) -> None:
    assert api.gateway.process is not None
    command_line = Path(f"/proc/{api.gateway.process.pid}/cmdline").read_bytes()
    assert api.resend.encode() not in command_line


@pytest.mark.parametrize("with_length", [True, False])
def test_sigterm_with_an_unfinished_body(tmp_path: Path, with_length: bool) -> None:
    """A client that never finishes its request does not keep the process."""
    settings: dict[str, dict[str, Any]] = {"http": {"body_timeout": "10m"}}
    with DNSServer() as dns:
        gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=free_port(), settings=settings)
        gateway.start()
        gateway.add_domain("sender.test")
        start = head(gateway.key, 1000)
        if not with_length:
            start = start.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")
        stuck = connect(gateway, start + (b"" if not with_length else b'{"from"'))
        idle = connect(gateway, b"")
        httpx.get(f"{gateway.url}/healthz").raise_for_status()
        started = time.monotonic()
        assert gateway.stop(timeout=30) == 0
        assert time.monotonic() - started < 30
        stuck.close()
        idle.close()
        assert " fault " not in gateway.log()
