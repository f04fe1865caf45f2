"""`POST /emails`, `GET /emails/{id}`."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.limits import BodyLimits
from emailgw.core.directory import ApiKey
from emailgw.core.ids import MessageId, is_uuid
from emailgw.errors import NotFound
from emailgw.queue.accept import Accept
from emailgw.store.history import History
from emailgw.wire.emails import read_email, show_email

_encoder = msgspec.json.Encoder()


class Emails:
    def __init__(self, accept: Accept, history: History, limits: BodyLimits) -> None:
        self._accept = accept
        self._history = history
        self._limits = limits

    async def send(self, request: Request) -> Response:
        """202 with the id, once the message is on stable storage."""
        key: ApiKey = request.state.key
        submission = read_email(await self._limits.read(request), key.id)
        message_id = await self._accept.submit(submission, key, "http")
        return Response(b'{"id":"%s"}' % message_id.encode(), 202, media_type="application/json")

    async def show(self, request: Request) -> Response:
        """The message with its recipients and events; one of another key's owner does not exist."""
        key: ApiKey = request.state.key
        message_id = request.path_params["id"]
        if not is_uuid(message_id):
            raise NotFound(f"there is no message {message_id[:80]!r}")
        story = await self._history.story(MessageId(message_id))
        if story.message.key_id != key.id:
            raise NotFound(f"there is no message {message_id}")
        content = await self._history.content(story.message)
        shown = show_email(story.message, content, story.recipients, story.events, key.dialect)
        return Response(_encoder.encode(shown), media_type="application/json")
