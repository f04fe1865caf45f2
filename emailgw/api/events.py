"""`/events`: everything that happened, to be polled without missing anything, or streamed. What the key may not see
does not exist.
"""

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.operation import DescribedRoute, Header, Operation
from emailgw.api.scope import asked_domain, visible
from emailgw.api.stream import Streams
from emailgw.core.directory import ApiKey
from emailgw.core.listing import EventFilter
from emailgw.errors import NotFound, Rejected
from emailgw.store.directory import Directory
from emailgw.store.events import EventLog
from emailgw.wire.answers import ListShown
from emailgw.wire.event_lists import EventsQuery, StreamQuery, read_event_filter, read_event_piece
from emailgw.wire.events import EventLine, EventTold, event_id, read_event_id, show_told
from emailgw.wire.lists import show_list
from emailgw.wire.reading import show_event

_END = (1 << 63) - 1


class EventResource:
    def __init__(self, log: EventLog, directory: Directory, streams: Streams) -> None:
        self._log = log
        self._directory = directory
        self._streams = streams

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        listed = Operation(summary="List events", query=EventsQuery, answer=ListShown[EventLine])
        stream = Operation(
            summary="Events as they happen, as server-sent events",
            query=StreamQuery,
            headers=(Header("Last-Event-ID", "Go on behind this event.", {"type": "string"}),),
            media="text/event-stream",
        )
        show = Operation(summary="One event with its whole story", answer=EventTold)
        return [
            guard.route("GET", "/events", self.list, listed),
            guard.route("GET", "/events/stream", self.stream, stream),
            guard.route("GET", "/events/{id}", self.show, show),
        ]

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        query = request.query_params
        wanted = await self._filter(request, key)
        piece = read_event_piece(query)
        above = piece.above if piece.above is not None else 0
        below = piece.below if piece.below is not None else _END
        skipped = piece.page.offset
        found = await self._log.page(wanted, skipped + piece.page.size, above, below, piece.newest_first)
        told = found.told[skipped:]
        if piece.page.before is not None:
            told = told[::-1]
        items = [show_told(one.event, one.message, key.dialect) for one in told]
        cursor = event_id(found.cursor) if found.cursor is not None else None
        path = str(request.url.replace(query=""))
        shown = show_list(items, piece.page, found.has_more, None, path, query, cursor)
        if query.get("order") == "asc":
            shown["links"]["prev"] = None  # upwards there is no way back
        return json_response(shown)

    async def stream(self, request: Request) -> Response:
        """Server-sent events, from behind `Last-Event-ID` or `after`, else from now on."""
        key = key_of(request)
        wanted = await self._filter(request, key)
        text = request.headers.get("last-event-id") or request.query_params.get("after")
        position = read_event_id(text) if text else await self._log.head()
        if position is None:
            raise Rejected("The `Last-Event-ID` must be an event's id.", name="invalid_parameter")
        return self._streams.open(key, wanted, position)

    async def show(self, request: Request) -> Response:
        """With its whole story, the SMTP dialog included."""
        key = key_of(request)
        id = read_event_id(request.path_params["id"])
        told = await self._log.one(id) if id is not None else None
        if told is None or (key.domains and not key.sees(told.event.domain)):
            raise NotFound("Event not found")
        shown = show_told(told.event, told.message, key.dialect)
        whole: EventTold = {**shown, "detail": show_event(told.event)}
        return json_response(whole)

    async def _filter(self, request: Request, key: ApiKey) -> EventFilter:
        query = request.query_params
        wanted = read_event_filter(query, await asked_domain(self._directory, query))
        return EventFilter(
            visible(wanted.domains, key), wanted.types, wanted.message, wanted.recipient, wanted.since, wanted.until
        )
