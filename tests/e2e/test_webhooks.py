"""Webhooks from the running program: what an endpoint of a customer gets, and that his own verifiers take it."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import resend

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink
from tests.harness.waiting import eventually


class Endpoint(ThreadingHTTPServer):
    """Remembers what it got; answers 500 while `down`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.down = False
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Endpoint)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if self.server.down else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.shutdown()
    server.server_close()


def events_of(endpoint: Endpoint, id: str) -> dict[str, dict[str, str]]:
    """Of one email: type → the headers of the POST that was answered last."""
    found: dict[str, dict[str, str]] = {}
    for headers, body in list(endpoint.got):
        told = json.loads(body)
        if told["data"].get("email_id") == id:
            found[told["type"]] = headers
    return found


def test_an_endpoint_is_told_signed_and_again(tmp_path: Path, endpoint: Endpoint) -> None:
    settings: dict[str, dict[str, Any]] = {
        "outbound": {"allow_networks": ["127.0.0.0/8"]},
        "webhooks": {"retry": ["200ms", "200ms", "200ms", "1s", "1s"], "allow_networks": ["127.0.0.0/8"]},
    }
    with DNSServer() as dns, Sink() as sink:
        dns.domain("example.test", "127.0.0.1")
        with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway:
            gateway.add_domain("sender.test", dns)
            key = gateway.ask("key", "create", "hooks", "--dialect", "resend")["key"]
            headers = {"authorization": f"Bearer {key}"}
            made = httpx.post(
                f"{gateway.url}/webhooks", json={"endpoint": endpoint.url, "events": ["*"]}, headers=headers
            ).json()
            secret = made["signing_secret"]
            endpoint.down = True
            id = gateway.send("joe@example.test")
            eventually(lambda: "email.delivered" in events_of(endpoint, id), "the first try")
            first = events_of(endpoint, id)["email.delivered"]["webhook-id"]
            endpoint.down = False
            seen = len(endpoint.got)

            def again() -> bool:
                return any(
                    told["webhook-id"] == first and json.loads(body)["type"] == "email.delivered"
                    for told, body in endpoint.got[seen:]
                )

            eventually(again, "the event comes again under the same id")
            told, body = next(one for one in endpoint.got[seen:] if one[0]["webhook-id"] == first)
            options: Any = {
                "payload": body.decode(),
                "headers": {
                    "id": told["svix-id"],
                    "timestamp": told["svix-timestamp"],
                    "signature": told["svix-signature"],
                },
                "webhook_secret": secret,
            }
            resend.Webhooks.verify(options)
            altered: Any = {**options, "payload": body.decode().replace("joe", "jon")}
            with pytest.raises(ValueError, match=r"signature"):
                resend.Webhooks.verify(altered)
            assert told["webhook-signature"] == told["svix-signature"]
            assert told["x-webhook-signature"] == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            assert json.loads(body)["data"]["to"] == ["joe@example.test"]
            attempts = gateway.ask("webhook", "attempts", made["id"])
            assert attempts
            assert gateway.stop() == 0
            assert "Traceback" not in gateway.log()
