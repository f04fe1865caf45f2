"""Every scripted dialog against the real process: gateways without TLS, with everything, without room, and busy."""

import base64
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.harness.dialogs import Script, play, scripts
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.sink import Sink, certificate

TRUSTED = "127.0.0.1"
BALANCER = "127.0.0.3"
STRANGER = "127.0.0.2"
OTHERS = ("127.0.0.4", "127.0.0.5")


class Place(NamedTuple):
    port: int
    source: str = TRUSTED
    implicit: bool = False


class World(NamedTuple):
    places: dict[str, Place]
    words: dict[str, dict[str, str]]  # by the gateway that knows them
    gateways: dict[str, Gateway]


def new_key(gateway: Gateway, **fields: Any) -> str:
    response = httpx.post(
        f"{gateway.url}/api-keys",
        json={"name": "dialog", **fields},
        headers={"authorization": f"Bearer {gateway.key}"},
        timeout=20,
    )
    assert response.status_code in (200, 201), response.text
    token: str = response.json()["token"]
    return token


def plain(secret: str) -> str:
    return base64.b64encode(f"\0resend\0{secret}".encode()).decode()


def words_of(gateway: Gateway) -> dict[str, str]:
    return {
        "plain": plain(gateway.key),
        "wrong": plain("re_wrong"),
        "user": base64.b64encode(b"apikey").decode(),
        "secret": base64.b64encode(gateway.key.encode()).decode(),
        "other_plain": plain(new_key(gateway, domain="other.test")),
        "poor_plain": plain(new_key(gateway, daily_quota=1)),
        "long": "x" * 100_000,
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("dialogs")
    dns.add("_dmarc.bank.test", "TXT", '"v=DMARC1; p=none; sp=reject"')
    chain, key = certificate("gw.test")
    (directory / "chain.pem").write_bytes(chain)
    (directory / "key.pem").write_bytes(key)
    care = {"login_delay": "10ms", "max_size": "1MB", "max_recipients": 20}
    ports = {name: free_port() for name in ("starttls", "implicit")}
    bare = Gateway(directory / "bare", nameserver=dns.nameserver, mx_port=sink.port, settings={"submission": care})
    full = Gateway(
        directory / "full",
        nameserver=dns.nameserver,
        mx_port=sink.port,
        settings={
            "tls": {"certificate": str(directory / "chain.pem"), "key": str(directory / "key.pem")},
            "submission": {
                **care,
                "listen": [f"127.0.0.1:{ports['starttls']}"],
                "listen_tls": [f"127.0.0.1:{ports['implicit']}"],
                "trusted_networks": ["127.0.0.1/32", "127.0.0.9/32"],
                "trusted_key": "first",
                "proxy_networks": [f"{BALANCER}/32"],
            },
            "inbound": {"greeting_delay": "300ms", "timeout": "1s", "max_size": "100KB"},
            "receiving": {
                "recipient_rate": 3,
                "spam_header": "^X-Spam-Flag: YES",
                "spam_action": "reject",
                "dmarc": "reject",
            },
        },
    )
    # No disk has so much free space.
    narrow = Gateway(directory / "narrow", nameserver=dns.nameserver, mx_port=sink.port,
                     settings={"queue": {"min_free_space": "1000000GB"}})  # fmt: skip
    busy = Gateway(
        directory / "busy",
        nameserver=dns.nameserver,
        mx_port=sink.port,
        settings={
            "submission": {"max_connections": 1},
            "inbound": {"max_connections_per_address": 1},
            "receiving": {"recipient_rate": 1, "spam_header": "^X-Spam-Flag: YES", "spam_action": "reject"},
        },
    )
    for gateway, name in ((bare, "test"), (full, "first"), (narrow, "test"), (busy, "test")):
        gateway.ask("domain", "add", "sender.test")
        gateway.ask("domain", "add", "other.test")
        gateway.ask("domain", "add", "receiving.test")
        gateway.ask("domain", "receive", "on", "receiving.test")
        gateway.ask("receive", "add", "joe@receiving.test")
        gateway.key = gateway.ask("key", "create", name)["key"]
    with bare, full, narrow, busy, contextlib.ExitStack() as held:
        for port in (busy.submission_port, busy.inbound_port):  # what makes it busy
            connection = held.enter_context(socket.create_connection(("127.0.0.1", port), 20, (TRUSTED, 0)))
            assert connection.recv(100).startswith(b"220 ")
        yield World(
            places={
                "submission": Place(bare.submission_port),
                "inbound": Place(bare.inbound_port),
                "starttls": Place(ports["starttls"]),
                "starttls_untrusted": Place(ports["starttls"], STRANGER),
                "implicit": Place(ports["implicit"], implicit=True),
                "trusted": Place(full.submission_port),
                "proxied": Place(ports["starttls"], BALANCER),
                "care": Place(full.inbound_port),
                "inbound_tls": Place(full.inbound_port),
                "narrow": Place(narrow.submission_port),
                "narrow_inbound": Place(narrow.inbound_port),
                "crowded": Place(busy.submission_port),
                "crowded_inbound": Place(busy.inbound_port),
                "choosy_spam": Place(busy.inbound_port, OTHERS[0]),
                "choosy_rate": Place(busy.inbound_port, OTHERS[1]),
            },
            words={"bare": words_of(bare), "full": words_of(full), "narrow": {"plain": plain(narrow.key)}},
            gateways={"bare": bare, "full": full, "narrow": narrow, "busy": busy},
        )
        held.close()
        for gateway in (bare, full, narrow, busy):
            assert gateway.stop() == 0
            assert " fault " not in gateway.log()
            assert gateway.key not in gateway.log()


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_dialog(world: World, path: Path) -> None:
    script = Script(path)
    place = world.places[script.place]
    owner = {"submission": "bare", "inbound": "bare", "narrow": "narrow"}.get(script.place, "full")
    words = world.words[owner]
    play(script, ("127.0.0.1", place.port), words, source=place.source, implicit=place.implicit)
