"""`POST /emails`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emailgw.api.guard import Guard, key_of
from emailgw.api.limits import BodyLimits
from emailgw.core.directory import Permission
from emailgw.queue.accept import Accept
from emailgw.queue.templates import TemplateEditor
from emailgw.wire.emails import decode_email, read_email


class Emails:
    def __init__(self, accept: Accept, templates: TemplateEditor, limits: BodyLimits) -> None:
        self._accept = accept
        self._templates = templates
        self._limits = limits

    def routes(self, guard: Guard) -> list[Route]:
        return [
            guard.route("POST", "/emails", self.send, Permission.SENDING),
        ]

    async def send(self, request: Request) -> Response:
        """202 with the id, once the message is on stable storage."""
        key = key_of(request)
        email = decode_email(await self._limits.read(request))
        template = await self._templates.fields_of(email.template.id) if email.template else None
        submission = read_email(email, key.id, template)
        message_id = await self._accept.submit(submission, key, "http")
        return Response(b'{"id":"%s"}' % message_id.encode(), 202, media_type="application/json")
