"""One message for the benchmarks that need no store."""

from emailgw.core.address import Mailbox
from emailgw.core.ids import ContentId, KeyId, MessageId, uuid7
from emailgw.core.model import Message

AT = 1_790_000_000_000
_AUTHOR = Mailbox.parse("Bench <b@sender.test>")
MESSAGE = Message(
    id=MessageId(uuid7(AT, bytes(10))),
    content_id=ContentId(1),
    key_id=KeyId("bench"),
    author=_AUTHOR.address,
    to=(Mailbox.parse("User <user@rcpt.test>"),),
    accepted_at=AT,
    date=AT,
)
