"""One gateway with its DNS and a client in each dialect, for the tests of domains, keys and suppressions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.judge import Judge
from tests.harness.sink import Sink


class World:
    def __init__(self, directory: Path, **settings: Any) -> None:
        self.dns = DNSServer()
        self.sink = Sink()
        self._directory = directory
        self._settings = settings

    def __enter__(self) -> "World":
        self.dns.__enter__()
        self.sink.__enter__()
        self.dns.domain("there.test", "127.0.0.1")
        self.gateway = Gateway(
            self._directory, nameserver=self.dns.nameserver, mx_port=self.sink.port, settings=self._settings
        )
        self.gateway.start()
        self.records = self.gateway.add_domain("sender.test", self.dns)
        judge = Judge.of(self.gateway.url)
        self.client = httpx.Client(base_url=self.gateway.url, timeout=30, event_hooks={"response": [judge.watch]})
        self.resend_key: str = self.gateway.ask("key", "create", "resend", "--dialect", "resend")["key"]
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.gateway.stop()
        self.sink.__exit__(None, None, None)
        self.dns.__exit__(None, None, None)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key or self.gateway.key}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.client.request(method, path, headers=headers, **options)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("gateway")) as world:
        yield world


@pytest.fixture
def resend(world: World) -> Iterator[Any]:
    """The unmodified SDK, pointed at the gateway."""
    import resend

    before = resend.api_url, resend.api_key
    resend.api_url, resend.api_key = world.gateway.url, world.resend_key
    yield resend
    resend.api_url, resend.api_key = before
