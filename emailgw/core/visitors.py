"""Whether a person opened a message or clicked a link, or a machine that looks at mail before or instead of him.

Tables and pure decisions; `queue.visits` records what they say. A machine's visit is an event like any other, marked
with the reason; it never counts as a person's.

Proxies that fetch pictures when their user looks at the mail (Gmail's, Yahoo's, Outlook's) stand for that person.
Apple's fetches all pictures of all mail whether it is read or not, and tells nothing; nor does Gmail's when it fetches
some before anybody looks, under the name of a browser of its own.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from emailgw.core.ids import RecipientId

BURST = 3_000  # milliseconds in which nobody follows three different links of one message
PAIR = 1_000  # or two
HEAD = "HEAD request"
EARLY = 10_000  # milliseconds after delivery in which nobody follows two
AT_ONCE = 1_000  # or one

# And a mail program that says no more than a previewer does: Outlook for Windows fetches pictures itself.
PERSONS_PROGRAM = re.compile(
    r"GoogleImageProxy|YahooMailProxy|OutlookImageProxy|\bMicrosoft Outlook [\d.]+", re.IGNORECASE
)

# User agents by what they are; the first that matches counts.
AGENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Apple Mail Privacy Protection", re.compile(r"Mozilla/5\.0")),
    ("Gmail's prefetch", re.compile(r"Mozilla/5\.0 .* Chrome/42\.0\.2311\.135 .*Edge/12\.246 Mozilla/5\.0")),
    (
        "security scanner",
        re.compile(
            r".*(?:barracuda|proofpoint|mimecast|messagelabs|symantec|fortiguard|fortisandbox|ironport|umbrella|sophos|"
            r"zscaler|forcepoint|trendmicro|trend micro|netcraft|urlscan|virustotal|checkpoint|trustwave|mailguard|"
            r"safelinks|cloudmark|abnormal|vade|spamhaus|phish)",
            re.IGNORECASE,
        ),
    ),
    (
        "link preview",
        re.compile(
            r".*(?:facebookexternalhit|whatsapp|slackbot|slack-img|telegrambot|twitterbot|linkedinbot|discordbot|"
            r"skypeuripreview|bingpreview|google-pagerenderer|viber|iframely|embedly|microsoft office)",
            re.IGNORECASE,
        ),
    ),
    ("bot", re.compile(r".*(?:bot\b|bot[/ ;]|crawler|spider|slurp|archiver|monitor|headlesschrome|phantomjs|puppeteer|"
                       r"playwright|selenium)", re.IGNORECASE)),
    (
        "program",
        re.compile(
            r"(?:curl|wget|python|go-http-client|java|libwww-perl|lwp|ruby|php|node|axios|got|undici|aiohttp|httpx|"
            r"apache-httpclient|okhttp|reqwest|dart|libcurl|faraday|scrapy|guzzle|perl|powershell|winhttp|postmanruntime|insomnia)\b",
            re.IGNORECASE,
        ),
    ),
)  # fmt: skip
# The very names: longer ones begin alike.
_WHOLE = frozenset({"Apple Mail Privacy Protection", "Gmail's prefetch"})
_PREFETCH = {
    "sec-purpose": "prefetch prerender preview",
    "purpose": "prefetch preview",
    "x-purpose": "prefetch preview",
    "x-moz": "prefetch",
}


class Visit(msgspec.Struct, frozen=True):
    """`link`: what was clicked, None for the pixel. `machine`: why it is none of a person's, as far as the request
    itself tells.
    """

    at: int
    recipient_id: RecipientId
    link: str | None
    ip: str
    user_agent: str
    machine: str | None = None


def machine_by_request(method: str, headers: Mapping[str, str]) -> str | None:
    """Why a request is a machine's; None for what may be a person's. `headers`: names in lower case."""
    for name, words in _PREFETCH.items():
        said = headers.get(name, "").lower()
        if said and any(word in said for word in words.split()):
            return "prefetch"
    if method == "HEAD":
        return HEAD
    agent = headers.get("user-agent", "")[:1_000].strip()
    if not agent:
        return "no user agent"
    if PERSONS_PROGRAM.search(agent):
        return None
    for reason, pattern in AGENTS:
        if (pattern.fullmatch if reason in _WHOLE else pattern.match)(agent):
            return reason
    return None


def machine_by_pace(visit: Visit, visits: Sequence[Visit], delivered_at: int | None) -> str | None:
    """Why a click is a machine's by what happened around it. `visits`: of the same recipient, this one among them."""
    if visit.link is None:
        return None
    if delivered_at is not None and visit.at < delivered_at + AT_ONCE:
        return "clicked at once"
    if any(other.machine == HEAD and _is_same(other, visit) for other in visits):
        return HEAD  # browsers ask for no page so; scanners under a browser's name do, and then fetch it
    others = [other for other in visits if other.link is not None and other.link != visit.link]

    def within(span: int) -> int:
        return len({other.link for other in others if abs(other.at - visit.at) <= span})

    if within(PAIR) >= 1 or within(BURST) >= 2:
        return "several links at once"
    if (
        delivered_at is not None
        and visit.at < delivered_at + EARLY
        and any(other.at < delivered_at + EARLY for other in others)
    ):
        return "several links just after delivery"
    return None


def _is_same(one: Visit, other: Visit) -> bool:
    """By the same program to the same place, at about the same time."""
    alike = (one.link, one.ip, one.user_agent) == (other.link, other.ip, other.user_agent)
    return alike and abs(one.at - other.at) <= BURST
