"""Messages that are accepted together, as the statements that store them. Used by `queue` for everything that arrives.

What most requests bring, one message to one recipient, is a single statement (schema/0015.sql): between two statements
the writer waits for the interpreter's lock, which costs more than the rows. Batches go table by table.
"""

from collections.abc import Mapping, Sequence

import msgspec

from emailgw.core.events import Event
from emailgw.core.ids import ContentId
from emailgw.core.model import Content, Message, Recipient
from emailgw.store import rows
from emailgw.store.events import INSERT_EVENT
from emailgw.store.messages import tagging
from emailgw.store.verb import Statement, each, each_of, insert, insert_row

_INSERT_CONTENT = insert("contents", "id body")
_INSERT_MESSAGE = insert(
    "messages", "id content_id key_id author domain subject fields size accepted_at date expires_at"
)
_INSERT_RECIPIENT = insert(
    "recipients", "id message_id address nexthop state tries due_at expires_at lease status reason updated_at dsn"
)
_WIDTH = 33  # columns of the view: those of a content, a message, a recipient and an event, in this order
_INSERT_WHOLE = insert_row("arrivals", _WIDTH)


class Arrival(msgspec.Struct, frozen=True):
    """Messages that are accepted together, or none of them: a message, or a whole batch of them.

    `contents` has each content once, however many messages share it.
    """

    contents: Mapping[ContentId, Content]
    messages: Sequence[Message]
    recipients: Sequence[Recipient]
    events: Sequence[Event]

    @property
    def weight(self) -> int:
        """Roughly the octets of its contents."""
        return sum(map(_weight, self.contents.values()))


def arriving(arrival: Arrival | None) -> tuple[Statement, ...]:
    """What stores it."""
    if arrival is None:
        return ()
    bodies = {id: rows.encode_content(content) for id, content in arrival.contents.items()}
    sizes = {id: len(body) for id, body in bodies.items()}
    if len(bodies) == len(arrival.messages) == len(arrival.recipients) == len(arrival.events) == 1:
        return (_whole(bodies, arrival.messages[0], arrival.recipients[0], arrival.events[0]),
                *tagging(arrival.messages))  # fmt: skip
    return (
        each(_INSERT_CONTENT, [{"id": id, "body": body} for id, body in bodies.items()]),
        each_of(
            _INSERT_MESSAGE,
            lambda message: rows.message_parameters(message, sizes[message.content_id]),
            arrival.messages,
        ),
        each_of(_INSERT_RECIPIENT, rows.recipient_parameters, arrival.recipients),
        each_of(INSERT_EVENT, rows.event_parameters, arrival.events),
        *tagging(arrival.messages),
    )


def _whole(bodies: Mapping[ContentId, bytes], message: Message, recipient: Recipient, event: Event) -> Statement:
    [(id, body)] = bodies.items()
    parts = (
        rows.message_parameters(message, len(body)),
        rows.recipient_parameters(recipient),
        rows.event_parameters(event),
    )
    return Statement(_INSERT_WHOLE, (id, body, *[value for part in parts for value in part.values()]), joins=True)


def _weight(content: Content) -> int:
    texts = len(content.raw or b"") + len(content.text or "") + len(content.html or "")
    return texts + sum([len(attachment.data) for attachment in content.attachments])
