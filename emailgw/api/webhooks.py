"""`/webhooks`: endpoints, what each was told, and telling it again. An endpoint belongs to the whole gateway, so a key
that is restricted to domains may do none of it.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, unrestricted
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Operation
from emailgw.core.directory import ApiKey
from emailgw.core.events import Source
from emailgw.core.webhooks import Endpoint, EndpointStatus
from emailgw.errors import NotFound, Rejected
from emailgw.store.deliveries import Deliveries, Listed
from emailgw.store.events import EventLog
from emailgw.webhooks.endpoints import GRACE, Endpoints
from emailgw.wire.answers import Deleted, ListShown, show_deleted
from emailgw.wire.event_lists import read_event_piece
from emailgw.wire.events import event_id, read_event_id, show_payload
from emailgw.wire.keys import RotateRequest, read_grace
from emailgw.wire.lists import PageQuery, cut, read_page, show_list
from emailgw.wire.webhooks import (
    Replayed,
    ReplayRequest,
    WebhookAttemptShown,
    WebhookEventLine,
    WebhookEventNamed,
    WebhookEventShown,
    WebhookEventsQuery,
    WebhookRequest,
    WebhookShown,
    read_delivery_status,
    read_range,
    read_webhook,
    show_attempt,
    show_delivery,
    show_webhook,
)

_END = (1 << 63) - 1
_REFUSED = ("validation_error",)  # for the state that it is in
_MOST_ATTEMPTS = 1_000  # of one event that are shown


class WebhookResource:
    def __init__(
        self, endpoints: Endpoints, deliveries: Deliveries, log: EventLog, limits: BodyLimits, clock: Callable[[], int]
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._log = log
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        create = Operation(summary="Make a webhook", body=WebhookRequest, answer=WebhookShown, statuses=(201,))
        listed = Operation(summary="List webhooks", query=PageQuery, answer=ListShown[WebhookShown])
        show = Operation(summary="A webhook, with its secret", answer=WebhookShown)
        edit = Operation(summary="Change a webhook", body=WebhookRequest, optional=True, answer=WebhookShown)
        remove = Operation(summary="Delete a webhook, with all that it was told", answer=Deleted)
        rotate = Operation(
            summary="Give a webhook a new secret; both sign for a while",
            body=RotateRequest,
            optional=True,
            answer=WebhookShown,
        )
        test = Operation(summary="Send a webhook an event `webhook.test`", answer=WebhookEventNamed, errors=_REFUSED)
        again = Operation(
            summary="Tell a webhook again what it was told in a time", body=ReplayRequest, answer=Replayed
        )
        events = Operation(
            summary="What a webhook was or is to be told", query=WebhookEventsQuery, answer=ListShown[WebhookEventLine]
        )
        event = Operation(summary="One event for a webhook, with its payload", answer=WebhookEventShown)
        replay = Operation(summary="Tell a webhook of an event again", answer=WebhookEventNamed, errors=_REFUSED)
        attempts = Operation(
            summary="Tries to tell a webhook of an event", query=PageQuery, answer=ListShown[WebhookAttemptShown]
        )
        moves = {
            "enable": ("Enable a webhook: it is told of what happens from now on", self.enable),
            "disable": ("Disable a webhook: what happens is not kept for it", self.disable),
            "pause": ("Pause a webhook: what happens is kept for it", self.pause),
            "resume": ("Resume a paused webhook: it is told of what it missed", self.resume),
        }
        return [
            guard.route("POST", "/webhooks", self.create, create),
            guard.route("GET", "/webhooks", self.list, listed),
            guard.route("GET", "/webhooks/{id}", self.show, show),
            guard.route("PATCH", "/webhooks/{id}", self.edit, edit),
            guard.route("PUT", "/webhooks/{id}", self.edit, edit),
            guard.route("DELETE", "/webhooks/{id}", self.remove, remove),
            guard.route("POST", "/webhooks/{id}/signing-secret/rotate", self.rotate, rotate),
            guard.route("POST", "/webhooks/{id}/test", self.test, test),
            guard.route("POST", "/webhooks/{id}/replay", self.replay_range, again),
            *(
                guard.route(
                    "POST",
                    f"/webhooks/{{id}}/{verb}",
                    move,
                    Operation(summary=text, answer=WebhookShown, errors=_REFUSED),
                )
                for verb, (text, move) in moves.items()
            ),
            guard.route("GET", "/webhooks/{id}/events", self.events, events),
            guard.route("GET", "/webhooks/{id}/events/{event_id}", self.event, event),
            guard.route("POST", "/webhooks/{id}/events/{event_id}/replay", self.replay, replay),
            guard.route("GET", "/webhooks/{id}/events/{event_id}/attempts", self.attempts, attempts),
        ]

    async def create(self, request: Request) -> Response:
        """201 with the webhook and its secret. Payloads are in the asking key's dialect unless it says otherwise."""
        key = unrestricted(request)
        changes, status = read_webhook(await self._limits.read(request))
        if status is EndpointStatus.DISABLED:
            raise Rejected("A webhook is enabled when it is made.", name="invalid_parameter")
        endpoint = await self._endpoints.add({"dialect": key.dialect, **changes})
        return json_response(self._shown(endpoint, key), 201)

    async def list(self, request: Request) -> Response:
        key = unrestricted(request)
        page = read_page(request.query_params)
        endpoints = await self._endpoints.all()
        shown, has_more = cut(endpoints, page, [endpoint.id for endpoint in endpoints])
        items = [show_webhook(endpoint, key.dialect, self._clock()) for endpoint in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(endpoints), path, request.query_params))

    async def show(self, request: Request) -> Response:
        key, endpoint = await self._named(request)
        pending = await self._deliveries.count_pending(endpoint.id)
        secret = self._endpoints.secret(endpoint)
        return json_response(show_webhook(endpoint, key.dialect, self._clock(), secret, pending))

    async def edit(self, request: Request) -> Response:
        key, endpoint = await self._named(request)
        changes, status = read_webhook(await self._limits.read(request))
        if changes:
            endpoint = await self._endpoints.edit(endpoint, changes)
        if status is not None:
            endpoint = await self._endpoints.move(endpoint, status, Source.API)
        return json_response(self._shown(endpoint, key))

    async def remove(self, request: Request) -> Response:
        _, endpoint = await self._named(request)
        await self._endpoints.remove(endpoint)
        return json_response(show_deleted("webhook", endpoint.id))

    async def rotate(self, request: Request) -> Response:
        """The webhook with its new secret; the old one signs as well for `grace` seconds, a day unless given."""
        key, endpoint = await self._named(request)
        grace = read_grace(await self._limits.read(request))
        endpoint = await self._endpoints.rotate(endpoint, GRACE if grace is None else grace * 1000)
        return json_response(self._shown(endpoint, key))

    async def enable(self, request: Request) -> Response:
        return await self._moved(request, lambda one: self._endpoints.move(one, EndpointStatus.ENABLED, Source.API))

    async def disable(self, request: Request) -> Response:
        return await self._moved(request, lambda one: self._endpoints.move(one, EndpointStatus.DISABLED, Source.API))

    async def pause(self, request: Request) -> Response:
        return await self._moved(request, lambda one: self._endpoints.move(one, EndpointStatus.PAUSED, Source.API))

    async def resume(self, request: Request) -> Response:
        return await self._moved(request, lambda one: self._endpoints.resume(one, Source.API))

    async def test(self, request: Request) -> Response:
        _, endpoint = await self._named(request)
        return json_response(_named(await self._endpoints.test(endpoint, Source.API)))

    async def replay_range(self, request: Request) -> Response:
        _, endpoint = await self._named(request)
        wanted = read_range(await self._limits.read(request))
        count = await self._endpoints.replay_range(endpoint, wanted.since, wanted.until, wanted.failed_only)
        shown: Replayed = {"object": "replay", "replayed": count}
        return json_response(shown)

    async def events(self, request: Request) -> Response:
        """Newest first, by the ids of events."""
        key, endpoint = await self._named(request)
        query = request.query_params
        piece = read_event_piece({name: value for name, value in query.items() if name != "order"})
        page = piece.page
        size = page.offset + page.size
        above = piece.above if piece.above is not None else 0
        below = piece.below if piece.below is not None else _END
        wanted = read_delivery_status(query)
        found = await self._deliveries.list(endpoint.id, size + 1, above, below, piece.newest_first, wanted)
        listed = found[page.offset : size]
        items = [_line(one, key) for one in (listed if piece.newest_first else listed[::-1])]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, len(found) > size, None, path, query))

    async def event(self, request: Request) -> Response:
        key, endpoint = await self._named(request)
        listed = await self._deliveries.one(endpoint.id, _event(request))
        told = listed.told
        shown: WebhookEventShown = {**_line(listed, key), "payload": None}
        if told is not None:
            content = told.message.content_id if told.message is not None else None
            headers = (await self._log.headers([content])).get(content, ()) if content is not None else ()
            name = listed.delivery.name
            shown["payload"] = show_payload(told.event, told.message, endpoint.dialect, headers, name)
        return json_response(shown)

    async def replay(self, request: Request) -> Response:
        """Also of an event that it was never told of."""
        _, endpoint = await self._named(request)
        id = _event(request)
        await self._endpoints.replay(endpoint, id)
        return json_response(_named(id))

    async def attempts(self, request: Request) -> Response:
        key, endpoint = await self._named(request)
        page = read_page(request.query_params)
        id = _event(request)
        await self._deliveries.one(endpoint.id, id)
        found = await self._deliveries.attempts(endpoint.id, id, _MOST_ATTEMPTS, _END)
        shown, has_more = cut(found, page, [str(attempt.id) for attempt in found])
        items = [show_attempt(attempt, key.dialect) for attempt in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(found), path, request.query_params))

    async def _named(self, request: Request) -> tuple[ApiKey, Endpoint]:
        key = unrestricted(request)
        return key, await self._endpoints.one(request.path_params["id"])

    async def _moved(self, request: Request, move: Callable[[Endpoint], Awaitable[Endpoint]]) -> Response:
        key, endpoint = await self._named(request)
        return json_response(self._shown(await move(endpoint), key))

    def _shown(self, endpoint: Endpoint, key: ApiKey) -> WebhookShown:
        return show_webhook(endpoint, key.dialect, self._clock(), self._endpoints.secret(endpoint))


def _event(request: Request) -> int:
    """Raises NotFound for what is no event's id."""
    id = read_event_id(request.path_params["event_id"])
    if id is None:
        raise NotFound("Webhook event not found")
    return id


def _line(listed: Listed, key: ApiKey) -> WebhookEventLine:
    at = listed.told.event.at if listed.told is not None else listed.delivery.created_at
    return show_delivery(listed.delivery, at, key.dialect)


def _named(id: int) -> WebhookEventNamed:
    return {"object": "webhook_event", "id": event_id(id)}
