"""How finished messages are forgotten with all that belongs to them; called by `Queue.discard`."""

from collections.abc import Sequence

from emailgw.store.verb import Parameters, Statement, Verb, each


def forget_messages(messages: Sequence[Parameters], before_ms: int) -> Verb:
    ids = [{"id": message["id"]} for message in messages]
    contents = [{"content": message["content"]} for message in messages]
    return Verb(
        (
            each("DELETE FROM events WHERE message_id = :id", ids),
            each("DELETE FROM reports WHERE recipient_id IN (SELECT id FROM recipients WHERE message_id = :id)", ids),
            each("DELETE FROM recipients WHERE message_id = :id", ids),
            each("DELETE FROM message_tags WHERE message_id = :id", ids),
            each("DELETE FROM messages WHERE id = :id", ids),
            each(
                "DELETE FROM contents WHERE id = :content AND NOT EXISTS (SELECT 1 FROM messages WHERE "
                "content_id = :content)",
                contents,
            ),
            Statement("DELETE FROM unparsed WHERE at < :before", {"before": before_ms}),
        ),
        durable=False,
    )
