"""What Debian's testssl.sh finds on each listener that speaks TLS: versions, ciphers, renegotiation, compression."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.need import need
from tests.harness.ports import free_port
from tests.harness.sink import certificate

LISTENERS = ["submission with STARTTLS", "submission with TLS", "inbound with STARTTLS", "https"]
NOT_OFFERED = ["SSLv2", "SSLv3", "TLS1", "TLS1_1", *(f"cipherlist_{kind}" for kind in (
    "NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE"))]  # fmt: skip
# Versions, kinds of ciphers, renegotiation, compression; the rest is OpenSSL's own business and takes minutes.
CHECKS = ["-p", "-s", "-R", "-C"]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """The words that lead testssl.sh to each listener."""
    directory: Path = tmp_path_factory.mktemp("tls")
    chain, key = certificate("localhost")
    (directory / "chain.pem").write_bytes(chain)
    (directory / "key.pem").write_bytes(key)
    starttls, implicit, https = (f"127.0.0.1:{free_port()}" for _ in range(3))
    many = {"max_connections_per_address": 1000}
    gateway = Gateway(
        directory / "gateway",
        nameserver="127.0.0.1:9",
        mx_port=1,
        settings={
            "tls": {"certificate": str(directory / "chain.pem"), "key": str(directory / "key.pem")},
            "http": {"listen_tls": [https]},
            "submission": {"listen": [starttls], "listen_tls": [implicit], **many},
            "inbound": many,
        },
    )
    inbound = f"127.0.0.1:{gateway.inbound_port}"
    with gateway:
        yield dict(
            zip(LISTENERS, [["-t", "smtp", starttls], [implicit], ["-t", "smtp", inbound], [https]], strict=True)
        )
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()


@pytest.mark.parametrize("listener", LISTENERS)
def test_nothing_weak_is_offered(places: dict[str, list[str]], tmp_path: Path, listener: str) -> None:
    told = tmp_path / "found.json"
    subprocess.run(
        [need("testssl"), "--quiet", "--warnings", "off", "--nodns", "none", "--jsonfile", told,
         *CHECKS, *places[listener]],
        timeout=300, check=True, capture_output=True,
    )  # fmt: skip
    found = {line["id"]: line for line in json.loads(told.read_text())}
    for name in NOT_OFFERED:
        assert found[name]["finding"] == "not offered", found[name]
    for name in ("TLS1_2", "TLS1_3", "cipherlist_STRONG"):
        assert found[name]["finding"].startswith("offered"), found[name]
    assert found["secure_renego"]["finding"] == "supported"
    assert found["secure_client_renego"]["finding"] == "not vulnerable"
    assert found["CRIME_TLS"]["finding"].startswith("not vulnerable")
    troubles = [line for line in found.values() if line["severity"] not in ("OK", "INFO", "DEBUG")]
    assert troubles == []


def test_no_handshake_is_lost(places: dict[str, list[str]]) -> None:
    """A client's first octets may come at any moment: before the listener looks, while it does, and after."""
    host, _, port = places["submission with TLS"][0].rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def greeted(_: int) -> bool:
        with socket.create_connection((host, int(port)), 20) as plain, context.wrap_socket(plain) as connection:
            return connection.recv(100).startswith(b"220 ")

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(greeted, range(400)))
