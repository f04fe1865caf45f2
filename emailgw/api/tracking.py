"""The links in mail: the pixel and clicks at `/t/…`, unsubscribing at `/u/…`, on whatever host they are asked for.

No key: the signature in the link is the permission, and a changed link is 404. A visit asks no store: it is noted, and
answered at once. GET shows a page and unsubscribes nobody; POST does (RFC 8058), by one click or by the page's form.
"""

import base64
import hashlib
import html
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Endpoint, Operation, open_route
from emailgw.core.address import AddressError, parse_domain
from emailgw.core.visitors import Visit, machine_by_request
from emailgw.errors import NotFound
from emailgw.mime.tokens import Kind, Token, Tokens
from emailgw.queue.unsubscribing import Unsubscribing
from emailgw.queue.visits import VisitLog

# One transparent pixel.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
_SAFE_IN_URL = "%/:=&?~#+!$,;'@()*[]|-._"
_PARTS = re.compile(r"(https?://)([^/\\?#]*@)?([^/\\?#:]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_LONGEST_AGENT = 500
_LARGEST_FORM = 16 << 10

_PRIVATE = {"cache-control": "no-store, no-cache, private, max-age=0", "x-robots-tag": "noindex, nofollow"}
_REDIRECT = {**_PRIVATE, "referrer-policy": "no-referrer"}
STYLE = (
    "body{font:18px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#222;"
    "background:#fff}button{font:inherit;padding:.6rem 1.2rem;border:1px solid #444;border-radius:.3rem;"
    "background:#1a4fa3;color:#fff;cursor:pointer}@media(prefers-color-scheme:dark){body{color:#eee;background:#111}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = {
    **_REDIRECT,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class TrackingResource:
    """`proxies`: networks whose word in X-Forwarded-For counts."""

    def __init__(
        self,
        tokens: Tokens,
        visits: VisitLog,
        unsubscribing: Unsubscribing,
        body_timeout: int,
        proxies: tuple[str, ...],
        clock: Callable[[], int],
    ) -> None:
        self._tokens = tokens
        self._visits = visits
        self._unsubscribing = unsubscribing
        self._limits = BodyLimits(_LARGEST_FORM, body_timeout)
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        self._clock = clock

    def routes(self) -> list[DescribedRoute]:
        visit = Operation(
            summary="A link in a mail: the picture that tells of an opening, or on to where the link leads",
            media="image/gif",
            statuses=(200, 302),
            tag="Links in mail",
        )
        page = Operation(
            summary="The page to unsubscribe on; it unsubscribes nobody by itself",
            media="text/html",
            tag="Links in mail",
        )
        unsubscribe = Operation(
            summary="Unsubscribe, by one click (RFC 8058) or the page's form; `action=resubscribe` takes it back",
            media="text/html",
            tag="Links in mail",
        )
        return [
            open_route("GET", "/t/{token:path}", _for_people(self.visit), visit),
            open_route("GET", "/u/{token:path}", _for_people(self.page), page),
            open_route("POST", "/u/{token:path}", _for_people(self.unsubscribe), unsubscribe),
        ]

    async def visit(self, request: Request) -> Response:
        token = self._token(request)
        if token.kind is Kind.UNSUBSCRIBE:
            raise NotFound("This link is not valid.")
        link = token.target if token.kind is Kind.CLICK else None
        machine = machine_by_request(request.method, request.headers)
        self._visits.note(Visit(self._clock(), token.recipient_id, link, self._ip(request), _agent(request), machine))
        if link is None:
            return Response(PIXEL, 200, _PRIVATE, "image/gif")
        return Response(None, 302, {**_REDIRECT, "location": _location(link)})

    async def page(self, request: Request) -> Response:
        token = self._unsubscribe_token(request)
        return _page(token, done=await self._unsubscribing.is_unsubscribed(token))

    async def unsubscribe(self, request: Request) -> Response:
        token = self._unsubscribe_token(request)
        form = parse_qs((await self._limits.read(request)).decode("utf-8", "replace"))
        if form.get("action") == ["resubscribe"]:
            await self._unsubscribing.resubscribe(token)
        else:  # one click, in whatever encoding; a body that says nothing is a wish all the same
            await self._unsubscribing.unsubscribe(token, self._ip(request), _agent(request))
        return _page(token, done=await self._unsubscribing.is_unsubscribed(token))

    def _unsubscribe_token(self, request: Request) -> Token:
        token = self._token(request)
        if token.kind is not Kind.UNSUBSCRIBE:
            raise NotFound("This link is not valid.")
        return token

    def _token(self, request: Request) -> Token:
        token = self._tokens.read(request.path_params["token"])
        if token is None:
            raise NotFound("This link is not valid.")
        return token

    def _ip(self, request: Request) -> str:
        """The client's, as the last proxy that we trust tells it."""
        peer = request.client.host if request.client else ""
        said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            address = ipaddress.ip_address(peer)
            if any(address in proxy for proxy in self._proxies):
                return str(ipaddress.ip_address(said))
        except ValueError:
            pass
        return peer


def _for_people(endpoint: Endpoint) -> Endpoint:
    """With a page for who follows a link that is not valid in a browser; programs get the API's error."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotFound as error:
            if "text/html" not in request.headers.get("accept", "").lower():
                raise
            body = _html("This link does not work", f"{error} It may have been cut off, or changed on its way.")
            return Response(body, 404, _PAGE, "text/html; charset=utf-8")

    return answered


def _location(link: str) -> str:
    """The link as a browser that reads it in a page asks for it (WHATWG URL §4.4): a header field is ASCII, and not all
    who follow it mend the host and the slashes.
    """
    parts = _PARTS.fullmatch(link)
    if parts is not None and not (link.isascii() and "\\" not in link):
        scheme, user, host, path, rest = parts.groups("")
        try:
            host = parse_domain(host)
        except AddressError:
            pass
        link = scheme + user + host + path.replace("\\", "/") + rest
    return quote(link, safe=_SAFE_IN_URL)


def _agent(request: Request) -> str:
    return "".join(c for c in request.headers.get("user-agent", "")[:_LONGEST_AGENT] if c.isprintable())


def _page(token: Token, *, done: bool) -> Response:
    """Without scripts; what it says is also what the button does."""
    address = html.escape(token.address)
    of = html.escape(f"the list {token.list} of {token.domain}" if token.list else token.domain)
    if done:
        title, action, button = "You are unsubscribed", "resubscribe", "Subscribe again"
        words = f"<strong>{address}</strong> gets no more mail from {of}."
    else:
        title, action, button = "Unsubscribe", "unsubscribe", "Unsubscribe"
        words = f"Shall <strong>{address}</strong> get no more mail from {of}?"
    form = f'<form method="post"><button name="action" value="{action}">{button}</button></form>'
    return Response(_html(title, words, form), 200, _PAGE, "text/html; charset=utf-8")


def _html(title: str, words: str, form: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><main><h1>{title}</h1><p role="status">{words}</p>{form}</main></body></html>'
    )
