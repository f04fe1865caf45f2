"""Attachments by URL: what is fetched, and from where never."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Api, fresh
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port


class _Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/report.pdf")
            self.end_headers()
        elif self.path == "/report.pdf?x=1":
            self.send_response(200)
            self.send_header("Content-Type", "application/pdf")
            self.end_headers()
            self.wfile.write(b"%PDF-")
        elif self.path == "/large":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(300):
                    self.wfile.write(bytes(64 * 1024))
            except OSError:
                pass
        else:
            self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def files() -> Iterator[Any]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        server.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One that may fetch from this machine."""
    directory: Path = tmp_path_factory.mktemp("paths")
    settings: dict[str, dict[str, Any]] = {
        "outbound": {"allow_networks": ["127.0.0.0/8"]},
        "http": {"max_body": "2MB"},
        "queue": {"retry": ["1h"]},
    }
    with (
        DNSServer() as dns,
        Gateway(directory, nameserver=dns.nameserver, mx_port=free_port(), settings=settings) as gateway,
    ):
        gateway.add_domain("sender.test", dns)
        yield gateway


def attach(url: str, **fields: Any) -> dict[str, Any]:
    return fresh(to="delivered@emailgw.test", attachments=[{"path": url, **fields}])


def test_a_document_is_fetched(gateway: Gateway, files: Any) -> None:
    url = f"http://127.0.0.1:{files.server_port}/report.pdf?x=1"
    before = len(files.seen)
    answer = gateway.post({**attach(url), "attachments": [{"path": url}, {"path": url, "filename": "b.pdf"}]})
    assert answer.status_code == 202, answer.text
    assert len(files.seen) == before + 1


@pytest.mark.parametrize("path", ["missing", "moved", "large"])
def test_what_cannot_be_had(gateway: Gateway, files: Any, path: str) -> None:
    answer = gateway.post(attach(f"http://127.0.0.1:{files.server_port}/{path}"))
    assert (answer.status_code, answer.json()["name"]) == (422, "invalid_attachment")
    why = {"missing": "404", "moved": "redirect", "large": "more than"}[path]
    assert why in answer.json()["message"]


NO_URLS = (
    "file:///etc/passwd",
    "ftp://example.test/x",
    "/etc/passwd",
    "http://",
    "https:///x",
    "http://u:p@example.test/",
    "http://[::1",
    "x" * 3000,
    "",
    "http://127.0.0.1:1/",
)


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url(gateway: Gateway, url: str) -> None:
    assert gateway.post(attach(url)).json()["name"] == "invalid_attachment"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "0.0.0.0",
                                  "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00::1]"])  # fmt: skip
def test_nothing_inside_is_reached(api: Api, files: Any, host: str) -> None:
    before = len(files.seen)
    answer = api.post(attach(f"http://{host}:{files.server_port}/report.pdf?x=1"))
    assert (answer.status_code, answer.json()["name"]) == (422, "invalid_attachment")
    assert len(files.seen) == before
