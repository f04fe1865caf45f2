"""`POST /emails/{id}/share` and what its link leads to: an email shown to whoever has the link, until it expires.

The page runs nothing and loads nothing: the email's HTML stands in a frame that may do neither, since anybody may have
written it.
"""

import html
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.limits import BodyLimits
from emailgw.api.links import LinkQuery, Links
from emailgw.api.operation import DescribedRoute, Operation, open_route
from emailgw.core.ids import MessageId, is_uuid
from emailgw.core.model import Content, Message
from emailgw.errors import NotFound
from emailgw.queue.templates import fill
from emailgw.store.history import History
from emailgw.wire.reading import show_mailbox
from emailgw.wire.sharing import EmailShared, ShareRequest, read_share
from emailgw.wire.times import show_iso

# A frame without content of its own inherits this: its images may be inline, its styles are its own.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1rem; }
th { text-align: left; padding-right: 1rem; } pre { white-space: pre-wrap; }
iframe { width: 100%; height: 80vh; border: 1px solid #8884; background: #fff; }
"""


class Sharing:
    def __init__(self, history: History, links: Links, limits: BodyLimits, clock: Callable[[], int]) -> None:
        self._history = history
        self._links = links
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        share = Operation(
            summary="Make a link that shows an email without a key",
            body=ShareRequest,
            optional=True,
            answer=EmailShared,
        )
        shown = Operation(summary="A shared email, by its link", query=LinkQuery, media="text/html")
        return [
            guard.route("POST", "/emails/{id}/share", self.share, share),
            open_route("GET", "/emails/{id}/shared", self.show, shown),
        ]

    async def share(self, request: Request) -> Response:
        key = key_of(request)
        lifetime = read_share(await self._limits.read(request))
        message = await self._message(request.path_params["id"])
        if not key.sees(message.author.domain):
            raise NotFound("Email not found")
        expires_at = self._clock() + lifetime
        path = f"/emails/{message.id}/shared"
        url = f"{str(request.base_url).rstrip('/')}{path}?{self._links.sign(path, expires_at)}"
        answer: EmailShared = {"object": "email", "id": message.id, "url": url, "expires_at": show_iso(expires_at)}
        return json_response(answer)

    async def show(self, request: Request) -> Response:
        query = request.query_params
        path = f"/emails/{request.path_params['id']}/shared"
        if not self._links.is_valid(path, query.get("expires", ""), query.get("signature", ""), self._clock()):
            raise NotFound("The link is wrong or has expired")
        message = await self._message(request.path_params["id"])
        page = _page(message, fill(await self._history.content(message), message.variables))
        headers = {
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "private, no-store",
        }
        return Response(page, 200, headers, "text/html; charset=utf-8")

    async def _message(self, id: str) -> Message:
        if not is_uuid(id):
            raise NotFound("Email not found")
        return await self._history.message(MessageId(id))


def _page(message: Message, content: Content) -> str:
    lines = {
        "From": show_mailbox(content.author),
        "To": ", ".join(map(show_mailbox, message.to)),
        "Subject": message.subject,
        "Sent": show_iso(message.date),
    }
    head = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in lines.items())
    if content.html is not None:
        body = f'<iframe sandbox="" srcdoc="{html.escape(content.html)}"></iframe>'
    else:
        body = f"<pre>{html.escape(content.text or '')}</pre>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(message.subject)}</title>'
        f"<style>{STYLE}</style></head><body><table>{head}</table><hr>{body}</body></html>"
    )
