"""What became of mail: lists, single messages and their attachments. What the key may not see does not exist."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.links import LinkQuery, Links
from emailgw.api.operation import DescribedRoute, Operation, open_route
from emailgw.api.scope import asked_domain, visible
from emailgw.core.directory import ApiKey
from emailgw.core.ids import MessageId, is_uuid
from emailgw.core.model import Attachment, Message
from emailgw.errors import NotFound
from emailgw.queue.templates import fill
from emailgw.store.directory import Directory
from emailgw.store.figures import Figures
from emailgw.store.history import History
from emailgw.store.messages import Messages
from emailgw.store.paging import Piece
from emailgw.wire.answers import ListShown
from emailgw.wire.figures import FiguresQuery, FiguresShown, read_figures, show_figures
from emailgw.wire.listing import (
    SHOWN_EVENTS,
    AttachmentShown,
    EmailsQuery,
    attachment_id,
    read_filter,
    show_attachment,
)
from emailgw.wire.lists import PageQuery, cut, read_page, show_list
from emailgw.wire.reading import EmailLine, EmailShown, show_email, show_line


class Reading:
    def __init__(
        self,
        history: History,
        messages: Messages,
        figures: Figures,
        directory: Directory,
        links: Links,
        clock: Callable[[], int],
    ) -> None:
        self._history = history
        self._messages = messages
        self._figures = figures
        self._directory = directory
        self._links = links
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        listed = Operation(summary="List emails", query=EmailsQuery, answer=ListShown[EmailLine])
        figures = Operation(
            summary="Counts, rates and times to delivery",
            query=FiguresQuery,
            answer=FiguresShown,
        )
        show = Operation(summary="An email with its recipients and events", answer=EmailShown)
        attachments = Operation(
            summary="List an email's attachments", query=PageQuery, answer=ListShown[AttachmentShown]
        )
        attachment = Operation(summary="An attachment, with a link to its content", answer=AttachmentShown)
        content = Operation(
            summary="The content of an attachment, by its link", query=LinkQuery, media="application/octet-stream"
        )
        return [
            guard.route("GET", "/emails", self.list, listed),
            guard.route("GET", "/emails/metrics", self.figures, figures),
            guard.route("GET", "/emails/{id}", self.show, show),
            guard.route("GET", "/emails/{id}/attachments", self.attachments, attachments),
            guard.route("GET", "/emails/{id}/attachments/{attachment}", self.attachment, attachment),
            open_route("GET", "/emails/{id}/attachments/{attachment}/content", self.download, content),
        ]

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        query = request.query_params
        page = read_page(query, uuids=True)
        wanted = read_filter(query, self._clock(), await asked_domain(self._directory, query))
        wanted = msgspec.structs.replace(wanted, domains=visible(wanted.domains, key))
        piece = Piece(page.size, page.after, page.before, page.offset)
        found = await self._messages.page(wanted, piece, SHOWN_EVENTS, count=page.number is not None)
        items = [show_line(line, key.dialect) for line in found.lines]
        path = str(request.url.replace(query=""))
        shown = show_list(items, page, found.has_more, found.total, path, query, found.cursor, found.is_exact)
        return json_response(shown)

    async def figures(self, request: Request) -> Response:
        """Counted from the event log, up to this moment."""
        key = key_of(request)
        query = request.query_params
        domain = await asked_domain(self._directory, query) or query.get("domain")
        question = read_figures(query, self._clock(), visible((domain.lower(),) if domain else (), key))
        await self._figures.catch_up()
        return json_response(show_figures(question, await self._figures.lines(question.wanted), key.dialect))

    async def show(self, request: Request) -> Response:
        """The message with its recipients and events."""
        key = key_of(request)
        message = await self._visible_message(request, key)
        story = await self._history.story(message.id)
        content = fill(await self._history.content(message), message.variables)
        shown = show_email(story.message, content, story.recipients, story.events, story.origin, key.dialect)
        return json_response(shown)

    async def attachments(self, request: Request) -> Response:
        page = read_page(request.query_params)
        message = await self._visible_message(request, key_of(request))
        found = await self._attachments_of(message)
        shown, has_more = cut(list(found), page, list(found))
        items = [self._show(request, message, id, *found[id]) for id in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(found), path, request.query_params))

    async def attachment(self, request: Request) -> Response:
        message = await self._visible_message(request, key_of(request))
        found = await self._attachments_of(message)
        id = request.path_params["attachment"]
        if id not in found:
            raise NotFound("Attachment not found")
        return json_response(self._show(request, message, id, *found[id]))

    async def download(self, request: Request) -> Response:
        """What a link leads to; the link is the key. Never shown by the browser itself: it may be anybody's HTML."""
        query = request.query_params
        path = _content_path(request.path_params["id"], request.path_params["attachment"])
        if not self._links.is_valid(path, query.get("expires", ""), query.get("signature", ""), self._clock()):
            raise NotFound("The link is wrong or has expired")
        message = await self._history.message(MessageId(request.path_params["id"]))
        attachment, _ = (await self._attachments_of(message))[request.path_params["attachment"]]
        headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff", "cache-control": "private"}
        return Response(attachment.data, 200, headers, "application/octet-stream")

    async def _visible_message(self, request: Request, key: ApiKey) -> Message:
        id = request.path_params["id"]
        if not is_uuid(id):
            raise NotFound("Email not found")
        message = await self._history.message(MessageId(id))
        if not key.sees(message.author.domain):
            raise NotFound("Email not found")
        return message

    async def _attachments_of(self, message: Message) -> dict[str, tuple[Attachment, bool]]:
        """By id, each with whether it is shown inside the HTML."""
        content = await self._history.content(message)
        return {
            attachment_id(message.id, index): (attachment, bool(content.html and attachment.content_id))
            for index, attachment in enumerate(content.attachments)
        }

    def _show(
        self, request: Request, message: Message, id: str, attachment: Attachment, inline: bool
    ) -> AttachmentShown:
        path = _content_path(message.id, id)
        expires_at = self._clock() + self._links.lifetime
        url = f"{str(request.base_url).rstrip('/')}{path}?{self._links.sign(path, expires_at)}"
        return show_attachment(attachment, id, url, expires_at, inline)


def _content_path(message_id: str, id: str) -> str:
    return f"/emails/{message_id}/attachments/{id}/content"
