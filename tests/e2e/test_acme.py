"""Certificates by ACME against a server that checks everything: first start, renewal, and every way it can fail."""

import datetime
import re
import smtplib
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import httpx

from tests.harness.acme import AcmeServer
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.sink import Sink
from tests.harness.waiting import eventually

NAMES = ["gw.test", "mail.gw.test"]


def gateway_with(directory: Path, acme: AcmeServer, dns: DNSServer, sink: Sink, url: str = "", **more: Any) -> Gateway:
    section = {
        "directory": url or acme.url,
        "contact": "admin@gw.test",
        "agree_to_terms": True,
        "names": NAMES,
        "listen": [f"127.0.0.1:{acme.challenge_port}"],
        "retry": ["200ms"],
        **more,
    }
    tls = {name: {"listen_tls": [f"127.0.0.1:{free_port()}"]} for name in ("submission", "http")}
    settings = {"acme": section, **tls}
    return Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings)


def tls_ports(gateway: Gateway) -> list[int]:
    """Where TLS is spoken from the start: submission and HTTPS."""
    return [int(port) for port in re.findall(r"listen_tls = \[\"127.0.0.1:(\d+)\"\]", gateway.config_path.read_text())]


def shakes_hands(port: int) -> bool:
    """False when the server hangs up on it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            context.wrap_socket(connection).close()
        except (ssl.SSLError, ConnectionError):
            return False
        return True


def offers_tls(gateway: Gateway) -> bool:
    with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
        client.ehlo()
        return client.has_extn("starttls")


def shown_certificate(gateway: Gateway) -> bytes:
    """What a new session is shown, in DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True) or b""


def figure(gateway: Gateway, outcome: str) -> float:
    lines = httpx.get(f"{gateway.url}/metrics", timeout=20).text.splitlines()
    start = f'emailgw_certificate_orders_total{{outcome="{outcome}"}}'
    return sum([float(line.split()[-1]) for line in lines if line.startswith(start)])


def test_a_bare_server_gets_its_certificate_and_keeps_it(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    with AcmeServer(free_port()) as acme, gateway_with(tmp_path, acme, dns, sink) as gateway:
        eventually(lambda: offers_tls(gateway), "STARTTLS is offered", 30)
        assert sorted(acme.issued[0]) == sorted(NAMES)
        first = shown_certificate(gateway)
        assert first
        shown = gateway.ask("tls", "show")
        assert sorted(shown["names"]) == sorted(NAMES)
        assert shown["trouble"] == ""
        assert shown["not_after"] > shown["renews_at"] > shown["not_before"]
        kept = [tmp_path / "data/acme" / name for name in ("certificate.pem", "account.sealed")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600, 0o600]
        assert b"PRIVATE" not in kept[1].read_bytes()
        # Renewed by hand, without dropping a session that is open.
        with smtplib.SMTP("127.0.0.1", gateway.inbound_port, timeout=20) as client:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
            gateway.ask("tls", "renew")
            assert client.noop()[0] == 250
        assert shown_certificate(gateway) != first
        assert len(acme.accounts) == 1
        assert figure(gateway, "issued") == 2
        for port in (acme.challenge_port, gateway.http_port):
            answer = httpx.get(f"http://127.0.0.1:{port}/.well-known/acme-challenge/nothing", timeout=20)
            assert answer.status_code == 404
        assert httpx.get(f"http://127.0.0.1:{acme.challenge_port}/emails", timeout=20).status_code == 404
        assert gateway.stop() == 0
        before = len(acme.issued)
        gateway.start()
        assert offers_tls(gateway)  # from the first moment on
        assert shown_certificate(gateway) != first
        assert len(acme.issued) == before
        assert "PRIVATE" not in gateway.log()


def test_failures_are_told_and_tried_again_while_mail_goes_on(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    with AcmeServer(free_port()) as acme:
        right = acme.challenge_port
        acme.challenge_port = free_port()  # nobody answers there: the wrong challenge
        with gateway_with(tmp_path, acme, dns, sink, listen=[f"127.0.0.1:{right}"]) as gateway:
            shown = eventually(
                lambda: (answer := gateway.ask("tls", "show"))["trouble"] and answer, "the failure is told", 30
            )
            assert shown["names"] == []
            assert "validation failed: gw.test: found nothing" in shown["trouble"]
            assert "port 80 must be open" in shown["hint"]
            assert "hint: each name's A and AAAA" in gateway.run("tls", "show").stderr
            health = httpx.get(f"{gateway.url}/healthz", timeout=20)
            assert health.status_code == 200
            assert health.json()["warnings"] == [
                "no certificate could be ordered: `emailgw tls show` says why and what to do"
            ]
            assert "emailgw_certificate_trouble 1.0" in httpx.get(f"{gateway.url}/metrics", timeout=20).text
            assert not offers_tls(gateway)
            assert [shakes_hands(port) for port in tls_ports(gateway)] == [False, False]
            gateway.add_domain("sender.test", dns)
            gateway.wait_for_state(gateway.send("acme@example.test"), "delivered")
            assert eventually(lambda: figure(gateway, "failed") >= 2, "it is tried again", 30)
            acme.faults.append("badNonce")  # the library gets another one
            acme.challenge_port = right
            eventually(lambda: offers_tls(gateway), "STARTTLS is offered", 30)
            assert [shakes_hands(port) for port in tls_ports(gateway)] == [True, True]
            assert gateway.ask("tls", "show")["trouble"] == ""
            assert httpx.get(f"{gateway.url}/healthz", timeout=20).json() == {"status": "ok"}
            kept = shown_certificate(gateway)
            acme.faults.append("serverInternal")
            result = gateway.run("tls", "renew", check=False)
            assert result.returncode == 1
            assert "serverInternal" in result.stderr
            assert shown_certificate(gateway) == kept
            # A rate limit is waited out, however short the configured waits are.
            acme.faults.append("rateLimited")
            assert "rateLimited" in gateway.run("tls", "renew", check=False).stderr
            assert "next try in 21600 s" in gateway.log()
            assert gateway.stop() == 0


def test_a_certificate_near_its_end_is_renewed_by_itself(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    with AcmeServer(free_port()) as acme:
        acme.lifetime = datetime.timedelta(hours=1.2)  # an hour of it is over
        with gateway_with(tmp_path, acme, dns, sink, retry=["1h"]) as gateway:
            eventually(lambda: offers_tls(gateway), "STARTTLS is offered", 30)
            assert gateway.stop() == 0
            assert len(acme.issued) == 1  # due at once, but the server is not asked without end
        acme.lifetime = datetime.timedelta(days=90)
        with gateway_with(tmp_path, acme, dns, sink) as gateway:
            eventually(lambda: len(acme.issued) == 2, "ordered again", 30)
        # Other names at the next start: the old certificate does not do.
        with gateway_with(tmp_path, acme, dns, sink, names=["other.gw.test"]) as gateway:
            eventually(lambda: acme.issued[-1] == ["other.gw.test"], "ordered for the new name", 30)


def test_the_servers_advice_is_taken(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    """A certificate with months to live is renewed when the server wants it (ARI)."""
    with AcmeServer(free_port()) as acme:
        now = datetime.datetime.now(datetime.UTC)
        acme.window = (now + datetime.timedelta(days=20), now + datetime.timedelta(days=21))
        with gateway_with(tmp_path, acme, dns, sink) as gateway:
            eventually(lambda: offers_tls(gateway), "STARTTLS is offered", 30)

            def advised() -> bool:
                renews_at = datetime.datetime.fromisoformat(gateway.ask("tls", "show")["renews_at"])
                return datetime.timedelta(days=19) < renews_at - now < datetime.timedelta(days=22)

            eventually(advised, "the advice counts", 30)
            assert gateway.stop() == 0
        assert len(acme.issued) == 1
        acme.window = (now - datetime.timedelta(days=2), now - datetime.timedelta(days=1))
        with gateway_with(tmp_path, acme, dns, sink):
            eventually(lambda: len(acme.issued) == 2, "ordered at once", 30)


def test_a_server_that_hangs_does_not_keep_the_process(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, AcmeServer(free_port()) as acme:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/directory"
        gateway = gateway_with(tmp_path, acme, dns, sink, url=url)
        with gateway:
            silent.settimeout(20)
            connection, _ = silent.accept()
            with connection:
                assert gateway.stop() == 0
