"""What became of mail: `GET /emails/{id}`. A message that the key may not see does not exist."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.core.ids import MessageId, is_uuid
from emailgw.errors import NotFound
from emailgw.queue.templates import fill
from emailgw.store.history import History
from emailgw.wire.reading import show_email


class Reading:
    def __init__(self, history: History) -> None:
        self._history = history

    def routes(self, guard: Guard) -> list[Route]:
        return [guard.route("GET", "/emails/{id}", self.show)]

    async def show(self, request: Request) -> Response:
        """The message with its recipients and events; one that the key may not see does not exist."""
        key = key_of(request)
        message_id = request.path_params["id"]
        if not is_uuid(message_id):
            raise NotFound("Email not found")
        story = await self._history.story(MessageId(message_id))
        if not key.sees(story.message.author.domain):
            raise NotFound("Email not found")
        content = fill(await self._history.content(story.message), story.message.variables)
        return json_response(show_email(story.message, content, story.recipients, story.events, key.dialect))
