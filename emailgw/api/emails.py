"""`POST /emails`, `GET /emails/{id}`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.limits import BodyLimits
from emailgw.core.directory import Permission
from emailgw.core.ids import MessageId, is_uuid
from emailgw.errors import NotFound
from emailgw.queue.accept import Accept
from emailgw.store.history import History
from emailgw.wire.emails import read_email, show_email


class Emails:
    def __init__(self, accept: Accept, history: History, limits: BodyLimits) -> None:
        self._accept = accept
        self._history = history
        self._limits = limits

    def routes(self, guard: Guard) -> list[Route]:
        return [
            guard.route("POST", "/emails", self.send, Permission.SENDING),
            guard.route("GET", "/emails/{id}", self.show),
        ]

    async def send(self, request: Request) -> Response:
        """202 with the id, once the message is on stable storage."""
        key = key_of(request)
        submission = read_email(await self._limits.read(request), key.id)
        message_id = await self._accept.submit(submission, key, "http")
        return Response(b'{"id":"%s"}' % message_id.encode(), 202, media_type="application/json")

    async def show(self, request: Request) -> Response:
        """The message with its recipients and events; one that the key may not see does not exist."""
        key = key_of(request)
        message_id = request.path_params["id"]
        if not is_uuid(message_id):
            raise NotFound("Email not found")
        story = await self._history.story(MessageId(message_id))
        if not key.sees(story.message.author.domain):
            raise NotFound("Email not found")
        content = await self._history.content(story.message)
        return json_response(show_email(story.message, content, story.recipients, story.events, key.dialect))
