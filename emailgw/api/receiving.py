"""`/emails/receiving` and `/receiving/rules`: mail that came in, with links to its content, and who wants it.

A message is parsed anew when it is shown: what is stored is what came. Links are the key of what they lead to.
"""

import asyncio
import base64
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of, unrestricted
from emailgw.api.limits import BodyLimits
from emailgw.api.links import LinkQuery, Links
from emailgw.api.operation import DescribedRoute, Operation, open_route
from emailgw.api.scope import visible
from emailgw.core.ids import is_uuid
from emailgw.core.receiving import Part, Received
from emailgw.errors import NotFound
from emailgw.mime.incoming import Opened
from emailgw.queue.inbox import Rules
from emailgw.queue.reception import open_safely
from emailgw.store.paging import Piece
from emailgw.store.received import ReceivedMail
from emailgw.wire.answers import Deleted, ListShown, show_deleted
from emailgw.wire.lists import PageQuery, cut, read_page, show_list
from emailgw.wire.receiving import (
    RawShown,
    ReceivedAttachment,
    ReceivedLine,
    ReceivedQuery,
    ReceivedShown,
    RuleRequest,
    RuleShown,
    part_id,
    read_rule,
    show_headers,
    show_part,
    show_received_line,
    show_rule,
)
from emailgw.wire.times import show_iso

MAX_INLINE = 10 << 20  # octets of images that are put into the HTML
NOT_SHOWN = {
    "content-disposition": "attachment",
    "x-content-type-options": "nosniff",
    "cache-control": "private",
}  # never shown by the browser itself: it may be anybody's HTML

_CID = re.compile(r"""(?<=["'(])cid:([^"')\s]{1,200})""", re.IGNORECASE)


class Receiving:
    def __init__(self, received: ReceivedMail, links: Links, clock: Callable[[], int]) -> None:
        self._received = received
        self._links = links
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        listed = Operation(summary="List received emails", query=PageQuery, answer=ListShown[ReceivedLine])
        show = Operation(summary="A received email with its content", query=ReceivedQuery, answer=ReceivedShown)
        remove = Operation(summary="Forget a received email", answer=Deleted)
        parts = Operation(
            summary="List a received email's attachments", query=PageQuery, answer=ListShown[ReceivedAttachment]
        )
        part = Operation(summary="An attachment, with a link to its content", answer=ReceivedAttachment)
        content = Operation(
            summary="The content of an attachment, by its link", query=LinkQuery, media="application/octet-stream"
        )
        raw = Operation(summary="The message as it came, by its link", query=LinkQuery, media="message/rfc822")
        return [
            guard.route("GET", "/emails/receiving", self.list, listed),
            guard.route("GET", "/emails/receiving/{id}", self.show, show),
            guard.route("DELETE", "/emails/receiving/{id}", self.remove, remove),
            guard.route("GET", "/emails/receiving/{id}/attachments", self.parts, parts),
            guard.route("GET", "/emails/receiving/{id}/attachments/{attachment}", self.part, part),
            open_route("GET", "/emails/receiving/{id}/attachments/{attachment}/content", self.content, content),
            open_route("GET", "/emails/receiving/{id}/raw", self.raw, raw),
        ]

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        page = read_page(request.query_params, uuids=True)
        piece = Piece(page.size, page.after, page.before, page.offset)
        found, more, total = await self._received.page(piece, visible((), key), page.number is not None)
        items = [show_received_line(one, key.dialect) for one in found]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, more, total, path, request.query_params))

    async def show(self, request: Request) -> Response:
        received = await self._visible(request)
        opened = await self._open(received.id)
        html = opened.html
        if html is not None and request.query_params.get("html_format") != "cid":
            html = await asyncio.to_thread(_with_images, html, opened)
        raw_url, expires_at = self._link(request, f"/emails/receiving/{received.id}/raw")
        raw: RawShown = {"download_url": raw_url, "expires_at": show_iso(expires_at)}
        shown: ReceivedShown = {
            **show_received_line(received, key_of(request).dialect),
            "object": "email",
            "html": html,
            "text": opened.text,
            "headers": show_headers(opened.headers),
            "raw": raw,
            "attachments": [
                show_part(received.id, part, *self._link(request, _content_path(received.id, part)))
                for part, _ in opened.attachments
            ],
        }
        return json_response(shown)

    async def remove(self, request: Request) -> Response:
        received = await self._visible(request)
        await self._received.remove(received.id)
        return json_response(show_deleted("email", received.id))

    async def parts(self, request: Request) -> Response:
        page = read_page(request.query_params)
        received = await self._visible(request)
        found = [part for part, _ in (await self._open(received.id)).attachments]
        shown, more = cut(found, page, [part_id(received.id, part.index) for part in found])
        items = [self._attachment(request, received, part) for part in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, more, len(found), path, request.query_params))

    async def part(self, request: Request) -> Response:
        received = await self._visible(request)
        part, _ = await self._named(received.id, request.path_params["attachment"])
        return json_response(self._attachment(request, received, part))

    async def content(self, request: Request) -> Response:
        self._must_be_signed(request)
        id, attachment = request.path_params["id"], request.path_params["attachment"]
        _, data = await self._named(id, attachment)
        return Response(data, 200, NOT_SHOWN, "application/octet-stream")

    async def raw(self, request: Request) -> Response:
        self._must_be_signed(request)
        return Response(await self._received.raw(request.path_params["id"]), 200, NOT_SHOWN, "message/rfc822")

    async def _visible(self, request: Request) -> Received:
        id = request.path_params["id"]
        received = await self._received.one(id) if is_uuid(id) else None
        if received is None or not key_of(request).sees(received.domain):
            raise NotFound("Email not found")
        return received

    async def _open(self, id: str) -> Opened:
        return await open_safely(await self._received.raw(id))

    async def _named(self, id: str, attachment: str) -> tuple[Part, bytes]:
        for part, data in (await self._open(id)).attachments:
            if part_id(id, part.index) == attachment:
                return part, data
        raise NotFound("Attachment not found")

    def _attachment(self, request: Request, received: Received, part: Part) -> ReceivedAttachment:
        link = self._link(request, _content_path(received.id, part))
        return {"object": "attachment", **show_part(received.id, part, *link)}

    def _link(self, request: Request, path: str) -> tuple[str, int]:
        expires_at = self._clock() + self._links.lifetime
        return f"{str(request.base_url).rstrip('/')}{path}?{self._links.sign(path, expires_at)}", expires_at

    def _must_be_signed(self, request: Request) -> None:
        query = request.query_params
        if not self._links.is_valid(
            request.url.path, query.get("expires", ""), query.get("signature", ""), self._clock()
        ):
            raise NotFound("The link is wrong or has expired")


class RuleResource:
    """Rules are made by keys that are good for every domain; a restricted one sees those of its own."""

    def __init__(self, rules: Rules, limits: BodyLimits) -> None:
        self._rules = rules
        self._limits = limits

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        add = Operation(
            summary="Say who wants mail to an address",
            body=RuleRequest,
            answer=RuleShown,
            statuses=(201,),
            errors=("validation_error",),
        )
        listed = Operation(summary="List the rules", query=PageQuery, answer=ListShown[RuleShown])
        show = Operation(summary="A rule, by id or address", answer=RuleShown)
        remove = Operation(summary="Remove a rule", answer=Deleted)
        return [
            guard.route("POST", "/receiving/rules", self.add, add),
            guard.route("GET", "/receiving/rules", self.list, listed),
            guard.route("GET", "/receiving/rules/{id}", self.show, show),
            guard.route("DELETE", "/receiving/rules/{id}", self.remove, remove),
        ]

    async def add(self, request: Request) -> Response:
        key = unrestricted(request)
        rule = await self._rules.add(read_rule(await self._limits.read(request)))
        return json_response(show_rule(rule, key.dialect), 201)

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        page = read_page(request.query_params)
        found = sorted(await self._rules.all(key.domains), key=lambda rule: rule.id, reverse=True)
        shown, more = cut(found, page, [rule.id for rule in found])
        items = [show_rule(rule, key.dialect) for rule in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, more, len(found), path, request.query_params))

    async def show(self, request: Request) -> Response:
        key = key_of(request)
        return json_response(show_rule(await self._rules.one(request.path_params["id"], key.domains), key.dialect))

    async def remove(self, request: Request) -> Response:
        unrestricted(request)
        rule = await self._rules.remove(request.path_params["id"])
        return json_response(show_deleted("receiving_rule", rule.id))


def _content_path(id: str, part: Part) -> str:
    return f"/emails/receiving/{id}/attachments/{part_id(id, part.index)}/content"


def _with_images(html: str, opened: Opened) -> str:
    """Images that stand beside the HTML put into it, as far as they are images and there is room."""
    images = {
        part.content_id: (part.content_type, data)
        for part, data in opened.attachments
        if part.content_id and part.content_type.startswith("image/")
    }
    room = MAX_INLINE

    def replace(match: re.Match[str]) -> str:
        nonlocal room
        kind, data = images.get(match[1], ("", b""))
        if not data or len(data) > room:
            return match[0]
        room -= len(data)
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"

    return _CID.sub(replace, html) if images else html
