"""`POST /emails/validate`: what can be known of an address without asking its mail host. A sending key may ask."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Operation
from emailgw.core.directory import Permission
from emailgw.core.dns import Lookup
from emailgw.queue.validation import evaluate
from emailgw.wire.validation import (
    Evaluations,
    ValidateRequest,
    ValidationShown,
    read_validation,
    show_validation,
    yes_no,
)


class ValidationResource:
    def __init__(self, open_lookup: Callable[[], Lookup], limits: BodyLimits, clock: Callable[[], int]) -> None:
        self._open_lookup = open_lookup
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        validate = Operation(
            summary="What can be known of an address without asking its mail host",
            body=ValidateRequest,
            answer=ValidationShown,
        )
        return [guard.route("POST", "/emails/validate", self.validate, validate, Permission.SENDING)]

    async def validate(self, request: Request) -> Response:
        email = read_validation(await self._limits.read(request))
        lookup = self._open_lookup()
        try:
            found = await evaluate(email, lookup)
        finally:
            await lookup.close()
        findings: Evaluations = {
            "has_valid_syntax": yes_no(found.syntax),
            "has_valid_dns": yes_no(found.dns),
            "mailbox_exists": yes_no(found.dns),
            "is_role_address": yes_no(found.role),
            "is_disposable": yes_no(found.disposable),
            "is_random_input": yes_no(found.random),
        }
        shown = show_validation(
            found.email, found.is_good, findings, found.block_reason, found.suggestion, self._clock()
        )
        return json_response(shown)
