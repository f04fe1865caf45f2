"""Who is a person: by what a request says, and by the pace of what happens."""

import msgspec
import pytest

from emailgw.core.ids import RecipientId
from emailgw.core.visitors import Visit, machine_by_pace, machine_by_request

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        GMAIL,
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/4.0 (compatible; MSIE 7.0; Trident/7.0; Microsoft Outlook 16.0.5134; ms-office)",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
        "Safari/537.36 Edge/12.246",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0",
    ],
)
def test_people_and_the_proxies_they_read_by(agent: str) -> None:
    assert machine_by_request("GET", {"user-agent": agent}) is None


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0", "Apple Mail Privacy Protection"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
            "Safari/537.36 Edge/12.246 Mozilla/5.0",
            "Gmail's prefetch",
        ),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.17328; Pro)", "link preview"),
        ("Microsoft Office Existence Discovery", "link preview"),
        ("okhttp/4.12.0", "program"),
        ("", "no user agent"),
        ("curl/8.5.0", "program"),
        ("python-requests/2.32", "program"),
        ("Go-http-client/2.0", "program"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
        ("Mozilla/5.0 (compatible; YandexBot/3.0)", "bot"),
        ("Mozilla/5.0 (X11) HeadlessChrome/120.0", "bot"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "link preview"),
        ("WhatsApp/2.23 A", "link preview"),
        ("facebookexternalhit/1.1", "link preview"),
        ("BarracudaCentral", "security scanner"),
        ("Mozilla/5.0 (compatible; proofpoint URL Defense)", "security scanner"),
    ],
)
def test_machines_by_their_names(agent: str, reason: str) -> None:
    assert machine_by_request("GET", {"user-agent": agent}) == reason


@pytest.mark.parametrize(
    ("name", "value"),
    [("purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("x-moz", "prefetch"), ("x-purpose", "preview")],
)
def test_prefetchers(name: str, value: str) -> None:
    assert machine_by_request("GET", {"user-agent": FIREFOX, name: value}) == "prefetch"
    assert machine_by_request("GET", {"user-agent": FIREFOX, name: ""}) is None


def test_head_is_no_visit() -> None:
    assert machine_by_request("HEAD", {"user-agent": FIREFOX}) == "HEAD request"


def test_who_asks_by_head_as_well_is_none() -> None:
    """As security scanners do under a browser's name; mail programs ask so on their user's behalf before a browser."""
    head = Visit(60_000, RecipientId(1), "a", "192.0.2.1", FIREFOX, "HEAD request")
    same = Visit(61_000, RecipientId(1), "a", "192.0.2.1", FIREFOX)
    later = msgspec.structs.replace(same, at=64_000)
    browser = msgspec.structs.replace(same, user_agent="Mozilla/5.0 (X11; rv:141.0) Gecko Firefox/141.0")
    visits = [head, same, later, browser]
    assert [machine_by_pace(visit, visits, 0) for visit in visits[1:]] == ["HEAD request", None, None]


def paces(delivered_at: int | None, *visits: tuple[int, str | None]) -> list[str | None]:
    made = [Visit(at, RecipientId(1), link, "", FIREFOX) for at, link in visits]
    return [machine_by_pace(visit, made, delivered_at) for visit in made]


@pytest.mark.parametrize(
    ("delivered_at", "visits", "machine"),
    [
        (0, [(60_000, "a")], [False]),
        (0, [(60_000, "a"), (70_000, "b")], [False, False]),
        (0, [(60_000, "a"), (60_500, "a")], [False, False]),  # a double click
        (0, [(60_000, "a"), (60_500, "b")], [True, True]),
        (0, [(60_000, "a"), (61_400, "b"), (62_800, "c")], [True, True, True]),
        (0, [(60_000, "a"), (62_000, "b")], [False, False]),
        (0, [(500, "a")], [True]),
        (0, [(2_000, "a")], [False]),
        (0, [(2_000, "a"), (6_000, "b")], [True, True]),
        (None, [(2_000, "a"), (6_000, "b")], [False, False]),
        (0, [(100, None), (60_000, None)], [False, False]),  # a picture may be shown at once
        (0, [(60_000, None), (60_500, "a")], [False, False]),
        (1_000, [(400, "a")], [True]),  # faster than our own record of the delivery
    ],
)
def test_pace(delivered_at: int | None, visits: list[tuple[int, str | None]], machine: list[bool]) -> None:
    assert [reason is not None for reason in paces(delivered_at, *visits)] == machine
