"""Which messages or events a list wants, and what it says of each."""

import msgspec

from emailgw.core.events import Event, EventType
from emailgw.core.ids import DomainId
from emailgw.core.model import Message, RecipientState


class MessageFilter(msgspec.Struct, frozen=True):
    """All of it must hold; what is empty or None always does.

    `domains`: the author's is one of them. `tag`: (name, value), value None for any. `states` and `event`: one of its
    recipients is in such a state, or such a thing happened to it. `since` and `until`: when it was accepted, until
    excluded. `later_than`: it is to be sent later than that.
    """

    domains: tuple[str, ...] = ()
    recipient: str | None = None
    tag: tuple[str, str | None] | None = None
    states: tuple[RecipientState, ...] = ()
    event: EventType | None = None
    since: int | None = None
    until: int | None = None
    later_than: int | None = None


class Origin(msgspec.Struct, frozen=True):
    """What a message's domain and template are called today; None for what has been removed since."""

    domain_id: DomainId | None = None
    template_name: str | None = None


class MessageLine(msgspec.Struct, frozen=True):
    """A message in a list. `last`: what happened to it last, of what the asker has words for. `sent_at`: when the
    first host took it. `events`: the newest ones, oldest first.
    """

    message: Message
    last: EventType | None
    sent_at: int | None
    events: tuple[Event, ...]
    origin: Origin


class MessageList(msgspec.Struct, frozen=True):
    """`has_more` in the direction asked for. `cursor`: the id up to which was looked; when many messages fit one part
    of the filter and few the whole, a piece may be short or empty with more to come, and goes on from there. `total`:
    how many there are, or at least so many, None where nobody counted.
    """

    lines: tuple[MessageLine, ...]
    has_more: bool
    cursor: str | None
    total: int | None
    is_exact: bool = False


class EventFilter(msgspec.Struct, frozen=True):
    """As above. `domains`: the author domain that the event is about; `message`: an id; `recipient`: an address."""

    domains: tuple[str, ...] = ()
    types: tuple[EventType, ...] = ()
    message: str | None = None
    recipient: str | None = None
    since: int | None = None
    until: int | None = None
