"""Webhook endpoints, as the operator manages them."""

from collections.abc import Callable

import msgspec

from emailgw.control import webhook_requests as ask
from emailgw.core.events import Source
from emailgw.core.webhooks import Endpoint, EndpointStatus, WebhookAttempt
from emailgw.errors import Rejected
from emailgw.store.deliveries import Deliveries
from emailgw.webhooks.endpoints import Endpoints
from emailgw.wire.events import event_id, read_event_id
from emailgw.wire.times import show_iso
from emailgw.wire.webhooks import read_range, read_webhook

_END = (1 << 63) - 1
_MOVES = {
    "enable": EndpointStatus.ENABLED,
    "disable": EndpointStatus.DISABLED,
    "pause": EndpointStatus.PAUSED,
}


class WebhookOperations:
    def __init__(self, endpoints: Endpoints, deliveries: Deliveries, clock: Callable[[], int]) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._clock = clock

    async def run(self, request: ask.AnyWebhookRequest) -> msgspec.Struct:
        """The answer. Raises EmailgwError for what cannot be done."""
        match request:
            case ask.ListWebhooks():
                return await self.list()
            case ask.AddWebhook():
                return await self.add(request)
            case ask.ShowWebhook():
                return await self.show(request)
            case ask.ChangeWebhook():
                return await self.change(request)
            case ask.RotateWebhook():
                return await self.rotate(request)
            case ask.TestWebhook():
                return await self.test(request)
            case ask.ReplayWebhook():
                return await self.replay(request)
            case ask.ListWebhookAttempts():
                return await self.attempts(request)

    async def list(self) -> ask.WebhooksAnswer:
        """Newest first."""
        return ask.WebhooksAnswer(tuple([await self._shown(one) for one in await self._endpoints.all()]))

    async def add(self, request: ask.AddWebhook) -> ask.WebhookAnswer:
        """Raises Rejected."""
        fields = {name: getattr(request, name) for name in request.__struct_fields__}
        changes, _ = read_webhook(msgspec.json.encode({**fields, "tags": [_tag(text) for text in request.tags]}))
        return await self._whole(await self._endpoints.add(changes))

    async def show(self, request: ask.ShowWebhook) -> ask.WebhookAnswer:
        return await self._whole(await self._endpoints.named(request.webhook))

    async def change(self, request: ask.ChangeWebhook) -> ask.WebhookAnswer:
        """The webhook as it is afterwards; as it was, when it is deleted."""
        endpoint = await self._endpoints.named(request.webhook)
        if request.action == "delete":
            shown = await self._shown(endpoint)
            await self._endpoints.remove(endpoint)
            return shown
        if request.action == "resume":
            return await self._shown(await self._endpoints.resume(endpoint, Source.OPERATOR))
        if request.action not in _MOVES:
            raise Rejected(f"{request.action!r} is none of {', '.join(_MOVES)}, resume and delete")
        return await self._shown(await self._endpoints.move(endpoint, _MOVES[request.action], Source.OPERATOR))

    async def rotate(self, request: ask.RotateWebhook) -> ask.WebhookAnswer:
        endpoint = await self._endpoints.named(request.webhook)
        return await self._whole(await self._endpoints.rotate(endpoint, request.grace))

    async def test(self, request: ask.TestWebhook) -> ask.WebhookEventAnswer:
        endpoint = await self._endpoints.named(request.webhook)
        return ask.WebhookEventAnswer(event_id(await self._endpoints.test(endpoint, Source.OPERATOR)))

    async def replay(self, request: ask.ReplayWebhook) -> ask.WebhookReplayAnswer:
        """How many events it is told again. Raises Rejected."""
        endpoint = await self._endpoints.named(request.webhook)
        if request.event is not None:
            await self._endpoints.replay(endpoint, _event(request.event))
            return ask.WebhookReplayAnswer(1)
        if request.since is None:
            raise Rejected("name an event, or a time since when")
        fields = {"since": request.since, "until": request.until, "failed_only": request.failed_only}
        wanted = read_range(msgspec.json.encode(fields))
        count = await self._endpoints.replay_range(endpoint, wanted.since, wanted.until, wanted.failed_only)
        return ask.WebhookReplayAnswer(count)

    async def attempts(self, request: ask.ListWebhookAttempts) -> ask.WebhookAttemptsAnswer:
        endpoint = await self._endpoints.named(request.webhook)
        event = _event(request.event) if request.event is not None else None
        below = request.after if request.after is not None else _END
        found = await self._deliveries.attempts(endpoint.id, event, request.limit + 1, below)
        shown = found[: request.limit]
        return ask.WebhookAttemptsAnswer(
            tuple(map(_attempt, shown)), shown[-1].id if len(found) > request.limit else None
        )

    async def _whole(self, endpoint: Endpoint) -> ask.WebhookAnswer:
        shown = await self._shown(endpoint)
        return msgspec.structs.replace(shown, signing_secret=self._endpoints.secret(endpoint))

    async def _shown(self, endpoint: Endpoint) -> ask.WebhookAnswer:
        until = endpoint.old_until
        return ask.WebhookAnswer(
            id=endpoint.id,
            endpoint=endpoint.url,
            status=endpoint.status.value,
            reason=endpoint.reason,
            events=endpoint.events,
            domains=endpoint.domains,
            tags=tuple(name if value is None else f"{name}:{value}" for name, value in endpoint.tags),
            dialect=endpoint.dialect.value,
            batch=endpoint.batch,
            description=endpoint.description,
            pending=await self._deliveries.count_pending(endpoint.id),
            created_at=show_iso(endpoint.created_at),
            old_secret_until=show_iso(until) if until is not None and self._clock() < until else None,
        )


def _tag(text: str) -> dict[str, str | None]:
    name, colon, value = text.partition(":")
    return {"name": name, "value": value if colon else None}


def _event(text: str) -> int:
    id = read_event_id(text)
    if id is None:
        raise Rejected(f"{text!r} is no event's id")
    return id


def _attempt(attempt: WebhookAttempt) -> ask.WebhookAttemptEntry:
    return ask.WebhookAttemptEntry(
        id=attempt.id,
        event=event_id(attempt.event_id),
        sent_at=show_iso(attempt.at),
        status=attempt.status,
        duration=attempt.duration,
        response=attempt.response,
    )
