"""Links of a mail that arrived, followed through the real process: to where they lead, into the log, off a list."""

import email
import email.policy
import re
import smtplib
import sqlite3
import time
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.test_sending import arrived, parsed
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.signatures import verdicts
from tests.harness.sink import Sink
from tests.harness.waiting import eventually

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HTML = (
    '<html><body><p>Hi <a href="https://shop.test/a?x=1&amp;y=%C3%BC">one</a> <a href="mailto:a@b.test">mail</a>\n'
    "<a href='https://shop.test/b' data-no-track>two</a> <a href=\"https://shop.test/\xfc\">three</a>"
    "<a href='https://b\xfccher.test\\c'>four</a>"
    '<a href="{{{UNSUBSCRIBE_URL}}}">leave</a></p></body></html>'
)
LINK = re.compile(r'href="(https://links\.sender\.test(/t/[^"]+))"')
ALL = {"opens": True, "clicks": True}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    settings = {"tracking": {"hold": "300ms", "bulk": 3}}
    with Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as running:
        running.add_domain("sender.test", dns)
        yield running
        assert running.stop() == 0
        assert " fault " not in running.log()


def sent(gateway: Gateway, sink: Sink, to: str, **fields: Any) -> tuple[str, EmailMessage, bytes]:
    id = gateway.send(to, **fields)
    gateway.wait_for_state(id, "delivered")
    received = arrived(sink, to)
    return id, parsed(received), received.data


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert isinstance(body, EmailMessage)
    text: str = body.get_content()
    return text


def visit(gateway: Gateway, path: str, method: str = "GET", agent: str = BROWSER, **options: Any) -> httpx.Response:
    headers = {"user-agent": agent, "host": "links.sender.test", **options.pop("headers", {})}
    return httpx.request(method, gateway.url + path, headers=headers, timeout=10, **options)


def events_of(gateway: Gateway, id: str, type: str, count: int) -> list[dict[str, Any]]:
    def probe() -> Any:
        headers = {"authorization": f"Bearer {gateway.key}"}
        answer = httpx.get(f"{gateway.url}/events?type={type}&limit=100", headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        found = [event for event in answer.json()["data"] if event["data"]["email_id"] == id]
        return found if len(found) >= count else None

    found: list[dict[str, Any]] = eventually(probe, f"{count} events {type} of {id}")
    assert len(found) == count
    return found


def suppressed(gateway: Gateway) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.ask("suppression", "list")["suppressions"]
    return found


def test_each_link_leads_where_it_led_and_is_told_of(gateway: Gateway, sink: Sink, dns: DNSServer) -> None:
    id, message, data = sent(gateway, sink, "joe@example.test", html=HTML, tracking=ALL)
    assert verdicts(data, dns.nameserver) == {"rsa-sha256": True, "ed25519-sha256": True}
    html = html_of(message)
    links = LINK.findall(html)
    assert len(links) == 3
    assert 'href="mailto:a@b.test"' in html
    assert "href='https://shop.test/b' data-no-track" in html
    assert "/u/" in html
    assert "{{{" not in html

    answers = [visit(gateway, unescape(path)) for _, path in links]
    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert [answer.headers["location"] for answer in answers] == [
        "https://shop.test/a?x=1&y=%C3%BC",
        "https://shop.test/%C3%BC",
        "https://xn--bcher-kva.test/c",
    ]
    assert all("no-store" in answer.headers["cache-control"] for answer in answers)
    pixel = re.findall(r'<img src="https://links\.sender\.test(/t/[^"]+)"', html)
    picture = visit(gateway, pixel[0])
    assert (picture.headers["content-type"], len(picture.content)) == ("image/gif", 43)
    assert "no-store" in picture.headers["cache-control"]

    clicks = events_of(gateway, id, "email.clicked", 3)
    assert {click["data"]["click"]["link"] for click in clicks} == {
        "https://shop.test/a?x=1&y=\xfc".replace("\xfc", "%C3%BC"),
        "https://shop.test/\xfc",
        "https://b\xfccher.test\\c",
    }
    # Several links within a second: no person is so quick.
    assert [click["data"]["click"]["machine"] for click in clicks] == [True, True, True]
    [opened] = events_of(gateway, id, "email.opened", 1)
    assert opened["data"]["open"]["machine"] is False
    assert opened["data"]["open"]["userAgent"] == BROWSER
    visit(gateway, pixel[0])
    visit(gateway, pixel[0], "HEAD")
    visit(gateway, pixel[0], agent="Mozilla/5.0")
    shown = events_of(gateway, id, "email.opened", 4)
    assert sorted(event["data"]["open"]["machine"] for event in shown) == [False, False, True, True]
    # Of the person's two, the second says that it is no new one.
    people = [event["data"]["open"] for event in shown if not event["data"]["open"]["machine"]]
    assert sorted(one["repeat"] for one in people) == [False, True]


def test_a_changed_link_is_none(gateway: Gateway, sink: Sink) -> None:
    _, message, _ = sent(gateway, sink, "forger@example.test", html=HTML, tracking=ALL, unsubscribe=True)
    paths = [path for _, path in LINK.findall(html_of(message))]
    paths += re.findall(r"<https://links\.sender\.test(/u/[^>]+)>", str(message["list-unsubscribe"]))
    assert len(paths) == 4
    for path in paths:
        for at in (3, 10, 30, len(path) - 1):
            forged = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]
            assert visit(gateway, forged).status_code == 404
            assert visit(gateway, path[:at]).status_code == 404
        other = path.replace("/t/", "/u/") if path.startswith("/t/") else path.replace("/u/", "/t/")
        assert visit(gateway, other).status_code == 404
    assert visit(gateway, "/t/https://evil.test/").status_code == 404
    assert visit(gateway, paths[0] + "/").status_code == visit(gateway, "/t/" + paths[0][2:]).status_code == 404
    for path in ("/t/forged", "/u/forged", "/t/forged/more", "/u//forged/"):
        page = visit(gateway, path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "This link is not valid." in page.text
        assert "forged" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert visit(gateway, path, headers={"accept": "image/*"}).json()["name"] == "not_found"


def test_only_a_post_unsubscribes(gateway: Gateway, sink: Sink, dns: DNSServer) -> None:
    id, message, data = sent(gateway, sink, "Leaver@example.test", unsubscribe={"list": "news"})
    assert verdicts(data, dns.nameserver) == {"rsa-sha256": True, "ed25519-sha256": True}
    assert re.search(rb"h=[^;]*list-unsubscribe:list-unsubscribe-post", re.sub(rb"\s", b"", data), re.IGNORECASE)
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    field = str(message["list-unsubscribe"])
    [path] = re.findall(r"<https://links\.sender\.test(/u/[^>]+)>", field)
    assert re.search(r"<mailto:u-[a-z2-7]{40}@send\.sender\.test\?subject=unsubscribe>", field)

    for method in ("GET", "HEAD", "GET"):
        page = visit(gateway, path, method)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Shall <strong>leaver@example.test</strong> get no more mail from the list news" in page.text
    assert "<script" not in page.text
    assert suppressed(gateway) == []

    form = {"List-Unsubscribe": "One-Click"}
    assert visit(gateway, path, "POST", data=form).status_code == 200
    assert visit(gateway, path, "POST", files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    [entry] = suppressed(gateway)
    assert (entry["address"], entry["domain"], entry["list"]) == ("leaver@example.test", "sender.test", "news")
    [event] = events_of(gateway, id, "email.unsubscribed", 1)
    assert event["data"]["to"] == "leaver@example.test" or event["data"]["to"].lower() == "leaver@example.test"
    assert "You are unsubscribed" in visit(gateway, path).text

    # Of that list alone.
    refused = gateway.post({
        "from": "a@sender.test", "to": "leaver@example.test", "subject": "x", "text": "x",
        "unsubscribe": {"list": "news"},
    })  # fmt: skip
    assert refused.status_code == 422
    assert gateway.send("leaver@example.test", unsubscribe={"list": "offers"})
    assert gateway.send("leaver@example.test")

    assert "Shall" in visit(gateway, path, "POST", data={"action": "resubscribe"}).text
    assert suppressed(gateway) == []


def test_mailings_offer_to_unsubscribe(gateway: Gateway, sink: Sink) -> None:
    recipients = [{"to": f"many{number}@example.test", "variables": {"N": str(number)}} for number in range(3)]
    body = {
        "from": "a@sender.test",
        "subject": "News",
        "html": "<p>{{N}} <a href='{{{RESEND_UNSUBSCRIBE_URL}}}'>leave</a></p>",
        "recipients": recipients,
    }
    headers = {"authorization": f"Bearer {gateway.key}"}
    for name, wanted in (("many", True), ("few", False)):
        some = [{**one, "to": f"{name}{number}@example.test"} for number, one in enumerate(recipients)]
        html = body["html"] if wanted else "<p>{{N}}</p>"
        said = {**body, "html": html, "recipients": some if wanted else some[:2]}
        answer = httpx.post(f"{gateway.url}/emails/batch", json=said, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        message = parsed(arrived(sink, f"{name}0@example.test"))
        assert (message["list-unsubscribe-post"] is not None) == wanted
        if wanted:
            assert "href='https://links.sender.test/u/" in html_of(message)


@pytest.mark.alone
def test_links_work_while_the_store_is_busy(gateway: Gateway, sink: Sink) -> None:
    id, message, _ = sent(gateway, sink, "busy@example.test", html=HTML, tracking=ALL)
    [(_, path), *_] = LINK.findall(html_of(message))
    other = sqlite3.connect(gateway.data_dir / "emailgw.db", timeout=5, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")  # nobody else can write now
        for _ in range(3):
            began = time.monotonic()
            assert visit(gateway, path).status_code == 302
            assert time.monotonic() - began < 2
    finally:
        other.execute("ROLLBACK")
        other.close()
    clicks = events_of(gateway, id, "email.clicked", 3)
    assert [click["data"]["click"]["link"] for click in clicks] == ["https://shop.test/a?x=1&y=%C3%BC"] * 3


@pytest.mark.parametrize(
    ("fields", "tracked", "unsubscribe"),
    [
        ({}, False, False),
        ({"tracking": {"clicks": True}}, True, False),
        ({"unsubscribe": True}, False, True),
        ({"tracking": {"clicks": True}, "unsubscribe": {"list": "news"}}, True, True),
    ],
)
def test_a_message_that_comes_whole_asks_by_fields(
    gateway: Gateway, sink: Sink, fields: dict[str, Any], tracked: bool, unsubscribe: bool
) -> None:
    to = f"whole-{tracked}-{unsubscribe}@example.test".lower()
    raw = f"From: a@sender.test\r\nTo: {to}\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    raw += 'Content-Type: text/html\r\n\r\n<a href="https://shop.test/raw">x</a>\r\n'
    body = {"envelope_to": to, "raw_message": raw, **fields}
    headers = {"authorization": f"Bearer {gateway.key}"}
    answer = httpx.post(f"{gateway.url}/emails/mime", json=body, headers=headers, timeout=30)
    assert answer.status_code == 202, answer.text
    message = parsed(arrived(sink, to))
    assert bool(LINK.search(message.get_content())) == tracked
    assert (message["list-unsubscribe-post"] is not None) == unsubscribe


def test_raw_mail_is_changed_only_where_it_asks(gateway: Gateway, sink: Sink) -> None:
    raw = (
        "From: a@sender.test\r\nTo: {0}\r\nSubject: x\r\n{1}MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
        '<a href="https://shop.test/raw">x</a>\r\n'
    )
    for to, fields, tracked in (("raw0@example.test", "", False), ("raw1@example.test", "clicks", True)):
        with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=30) as client:
            client.login("resend", gateway.key)
            steering = f"X-Emailgw-Tracking: {fields}\r\n" if fields else ""
            client.sendmail("a@sender.test", [to], raw.format(to, steering))
        data = arrived(sink, to).data
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        assert bool(LINK.search(message.get_content())) == tracked
        assert b"emailgw-tracking" not in data.lower()
