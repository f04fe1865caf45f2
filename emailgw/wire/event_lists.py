"""`GET /events`: which events a query asks for, and which piece of them. Pure."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from emailgw.core.events import EventType
from emailgw.core.listing import EventFilter
from emailgw.errors import Rejected
from emailgw.wire.events import ALL_NAMES, read_event_id, types_of
from emailgw.wire.listing import DayOrTime, Text, read_address, read_day, read_email_id
from emailgw.wire.lists import DEFAULT_SIZE, Page, PageQuery, read_page
from emailgw.wire.schema import says

MAX_SIZE = 1_000  # a consumer that polls wants more at a time than a page that people read


class StreamQuery(msgspec.Struct):
    """Of the stream. What `read_event_filter` reads, and where to begin."""

    type: Annotated[Text, says("Events to show, parted by commas, in either family's words.")] = msgspec.UNSET
    domain: Annotated[Text, says("The author domain.")] = msgspec.UNSET
    domain_id: Text = msgspec.UNSET
    email_id: Annotated[Text, says("The message.")] = msgspec.UNSET
    recipient: Annotated[Text, says("An address, whole.")] = msgspec.UNSET
    to: Annotated[Text, says("The same.")] = msgspec.UNSET
    start_date: DayOrTime = msgspec.UNSET
    end_date: DayOrTime = msgspec.UNSET
    after: Annotated[Text, says("Go on behind this event.")] = msgspec.UNSET


class EventsQuery(PageQuery):
    """What `read_event_filter` and `read_event_piece` read."""

    limit: Annotated[int, says("How many.", minimum=1, maximum=MAX_SIZE)] = DEFAULT_SIZE
    type: Annotated[Text, says("Events to show, parted by commas, in either family's words.")] = msgspec.UNSET
    domain: Annotated[Text, says("The author domain.")] = msgspec.UNSET
    domain_id: Text = msgspec.UNSET
    email_id: Annotated[Text, says("The message.")] = msgspec.UNSET
    recipient: Annotated[Text, says("An address, whole.")] = msgspec.UNSET
    to: Annotated[Text, says("The same.")] = msgspec.UNSET
    start_date: DayOrTime = msgspec.UNSET
    end_date: DayOrTime = msgspec.UNSET
    order: Annotated[Text, says("`asc`: oldest first; `after` then goes on to newer ones.", enum=["asc", "desc"])] = (
        msgspec.UNSET
    )


class EventPiece(msgspec.Struct, frozen=True):
    """`page` as read; ids `above` and `below` which to look, None for no bound."""

    page: Page
    above: int | None
    below: int | None
    newest_first: bool


def read_event_filter(query: Mapping[str, str], domain: str | None) -> EventFilter:
    """`domain`: the name of the one that `domain_id` means. Raises Rejected for values that nothing can match."""
    recipient = query.get("recipient") or query.get("to")
    wanted = domain or query.get("domain")
    return EventFilter(
        domains=(wanted.lower(),) if wanted else (),
        types=read_types(query.get("type", "")),
        message=read_email_id(query),
        recipient=read_address(recipient) if recipient else None,
        since=read_day(query, "start_date", False),
        until=read_day(query, "end_date", True),
    )


def read_types(text: str) -> tuple[EventType, ...]:
    """A list parted by commas, in either family's words or ours; empty for all. Raises Rejected."""
    found: dict[EventType, None] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        types = types_of(word)
        if not types and word != "*":
            raise Rejected(f"The `type` parameter must be of {', '.join(ALL_NAMES)}.", name="invalid_parameter")
        found |= dict.fromkeys(types)
    return tuple(found)


def read_event_piece(query: Mapping[str, str]) -> EventPiece:
    """`order=asc` gives the oldest first, and `after` then goes on to newer ones. Raises Rejected."""
    order = query.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise Rejected("The `order` parameter must be asc or desc.", name="invalid_parameter")
    page = read_page(query, MAX_SIZE)
    after, before = _cursor(page.after, "after"), _cursor(page.before, "before")
    if order == "asc":
        if before is not None:
            raise Rejected("With `order=asc` send `after`, not `before`.", name="invalid_parameter")
        return EventPiece(page, after, None, False)
    # Just before a cursor are the next newer ones: looked for upwards, shown newest first all the same.
    return EventPiece(page, before, after, before is None)


def _cursor(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    id = read_event_id(text)
    if id is None:
        raise Rejected(f"The `{name}` parameter must be an event's id.", name="invalid_parameter")
    return id
