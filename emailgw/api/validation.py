"""`POST /emails/validate`: what can be known of an address without asking its mail host. A sending key may ask."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard
from emailgw.api.limits import BodyLimits
from emailgw.core.directory import Permission
from emailgw.core.dns import Lookup
from emailgw.queue.validation import evaluate
from emailgw.wire.validation import read_validation, show_validation


class ValidationResource:
    def __init__(self, open_lookup: Callable[[], Lookup], limits: BodyLimits, clock: Callable[[], int]) -> None:
        self._open_lookup = open_lookup
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[Route]:
        return [guard.route("POST", "/emails/validate", self.validate, Permission.SENDING)]

    async def validate(self, request: Request) -> Response:
        email = read_validation(await self._limits.read(request))
        lookup = self._open_lookup()
        try:
            found = await evaluate(email, lookup)
        finally:
            await lookup.close()
        findings = {
            "has_valid_syntax": found.syntax,
            "has_valid_dns": found.dns,
            "mailbox_exists": found.dns,
            "is_role_address": found.role,
            "is_disposable": found.disposable,
            "is_random_input": found.random,
        }
        shown = show_validation(
            found.email, found.is_good, findings, found.block_reason, found.suggestion, self._clock()
        )
        return json_response(shown)
