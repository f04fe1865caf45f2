"""What owner and operator set for all mail: tracking of a domain, one host for its links, trusted proxies."""

import re
import smtplib
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_sending import arrived, parsed
from tests.e2e.test_tracking import BROWSER, events_of, html_of, sent
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.sink import Sink

BASE = "https://links.gateway.test/sub"
LINK = re.compile(rf'"{BASE}(/t/[^"]+)"')
HTML = '<html><body><a href="https://shop.test/a">one</a></body></html>'
VISITOR = "198.51.100.7"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    settings = {"tracking": {"hold": "300ms", "base_url": f"{BASE}/", "proxy_networks": ["127.0.0.2/32"]}}
    with Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as running:
        running.add_domain("sender.test", dns)
        yield running
        assert running.stop() == 0
        assert " fault " not in running.log()


def set_domain(gateway: Gateway, opens: bool, clicks: bool) -> None:
    headers = {"authorization": f"Bearer {gateway.key}"}
    [domain] = httpx.get(f"{gateway.url}/domains", headers=headers, timeout=10).json()["data"]
    wanted = {"open_tracking": opens, "click_tracking": clicks}
    answer = httpx.patch(f"{gateway.url}/domains/{domain['id']}", json=wanted, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("opens", "clicks"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_domain_says_what_is_tracked_of_its_mail(gateway: Gateway, sink: Sink, opens: bool, clicks: bool) -> None:
    set_domain(gateway, opens, clicks)
    to = f"domain-{opens}-{clicks}@example.test".lower()
    html = html_of(sent(gateway, sink, to, html=HTML)[1])
    assert ("<img" in html, 'href="https://shop.test/a"' not in html) == (opens, clicks)
    assert len(LINK.findall(html)) == opens + clicks  # all by way of the one host
    # A message that says otherwise wins, in what it says.
    html = html_of(sent(gateway, sink, f"not-{to}", html=HTML, tracking={"opens": not opens})[1])
    assert ("<img" in html, 'href="https://shop.test/a"' not in html) == (not opens, clicks)


@pytest.mark.parametrize(("peer", "believed"), [("127.0.0.2", True), ("127.0.0.3", False)])
def test_only_a_proxy_of_ours_says_who_visits(gateway: Gateway, sink: Sink, peer: str, believed: bool) -> None:
    id, message, _ = sent(
        gateway, sink, f"visitor-{believed}@example.test".lower(), html=HTML, tracking={"opens": False, "clicks": True}
    )
    [path] = LINK.findall(html_of(message))
    headers = {"user-agent": BROWSER, "x-forwarded-for": f"203.0.113.9, {VISITOR}"}
    with httpx.Client(transport=httpx.HTTPTransport(local_address=peer)) as client:
        assert client.get(gateway.url + unescape(path), headers=headers).status_code == 302
    [click] = events_of(gateway, id, "email.clicked", 1)
    assert click["data"]["click"]["ipAddress"] == (VISITOR if believed else peer)


@pytest.mark.parametrize(("said", "list"), [("on", None), ("news", "news"), ("off", ""), ("", "")])
def test_a_submission_says_how_to_unsubscribe(gateway: Gateway, sink: Sink, said: str, list: str | None) -> None:
    to = f"leaver-{said or 'nothing'}@example.test"
    steering = f"X-Emailgw-Unsubscribe: {said}\r\n" if said else ""
    mail = f"From: a@sender.test\r\nTo: {to}\r\nSubject: x\r\n{steering}\r\nHello.\r\n"
    with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=30) as client:
        client.login("resend", gateway.key)
        client.sendmail("a@sender.test", [to], mail)
    received = arrived(sink, to)
    assert b"x-emailgw" not in received.data.lower()
    message = parsed(received)
    if list == "":
        assert message["list-unsubscribe"] is None
        return
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    [path] = re.findall(rf"<{BASE}(/u/[^>]+)>", str(message["list-unsubscribe"]))
    page = httpx.get(gateway.url + path, timeout=10).text
    assert f"<strong>{to}</strong>" in page
    assert ("the list news of sender.test" in page) == (list == "news")
