"""Something that happened: the event log is the history, there is no second one.

An event is written in the transaction that changes the state it tells of. Its `detail` holds the full story: who said
what, and for a try the whole Attempt. Most are about one recipient of one message; those whose type has a dot are about
a domain, a suppression or a webhook endpoint.
"""

import enum
from typing import Any

import msgspec

from emailgw.core.address import Address
from emailgw.core.ids import EventId, MessageId, RecipientId
from emailgw.core.receiving import Summary
from emailgw.core.status import DeliveryStatus, EnhancedStatus


class EventType(enum.StrEnum):
    QUEUED = "queued"
    SCHEDULED = "scheduled"  # accepted as well, to be sent later
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    HELD = "held"
    RELEASED = "released"
    DELAYED = "delayed"  # a remote host reports that it has not delivered yet
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    RECEIVED = "received"  # mail to one of our domains that is no report
    UNPARSED = "unparsed"  # mail to its return path that could not be read; kept whole
    RESCHEDULED = "rescheduled"  # its sender moved the time of sending
    DOMAIN_CREATED = "domain.created"
    DOMAIN_VERIFIED = "domain.verified"  # DNS shows what it must, for the first time or again
    DOMAIN_FAILED = "domain.failed"  # DNS showed something wrong twice in a row
    DOMAIN_UPDATED = "domain.updated"
    DOMAIN_DELETED = "domain.deleted"
    SUPPRESSION_ADDED = "suppression.added"
    SUPPRESSION_REMOVED = "suppression.removed"
    WEBHOOK_PAUSED = "webhook.paused"  # by us, after too many failures
    WEBHOOK_DISABLED = "webhook.disabled"  # by its owner, or by the endpoint with status 410
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_TEST = "webhook.test"  # sent by hand, to one endpoint only

    @property
    def is_about_mail(self) -> bool:
        return "." not in self.value


class Source(enum.StrEnum):
    """Who told us: a server in the SMTP session, a report by mail, mail, a visit, the operator, the API, or we."""

    SMTP = "smtp"
    DSN = "dsn"
    ARF = "arf"
    MAIL = "mail"  # from a person or his mail program
    WEB = "web"  # a link of the mail was followed, or a picture of it shown
    OPERATOR = "operator"
    API = "api"
    LOCAL = "local"


class TLSInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    version: str
    cipher: str
    verified: bool = False


class Delays(msgspec.Struct, frozen=True):
    """Milliseconds, as Postfix's `delays=a/b/c/d`: before due, waiting for a session, setting it up, sending."""

    queue: int = 0
    wait: int = 0
    connect: int = 0
    transmit: int = 0

    @property
    def total(self) -> int:
        return self.queue + self.wait + self.connect + self.transmit

    def __str__(self) -> str:
        return "/".join(f"{part / 1000:.3g}" for part in (self.queue, self.wait, self.connect, self.transmit))


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try in full. `host` and `address` are the last ones spoken to, None when it came to none.

    `transcript`: the SMTP dialog of this recipient's transaction, one cleaned line each, `>` sent, `<` received,
    `!` our own remark; message data is left out.
    """

    status: DeliveryStatus
    started_at: int
    delays: Delays = Delays()
    host: str | None = None
    address: str | None = None
    port: int | None = None
    tls: TLSInfo | None = None
    transcript: tuple[str, ...] = ()


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """The story behind an event; what does not apply is left out.

    `category`, `bounce_type`, `bounce_subtype`: what a failure means, in the fixed vocabulary of `bounce.report`.
    `retry_at`: when a deferred recipient is due again. `attempt` for source smtp and local; the report's fields
    (`reporting_mta`, `remote_mta`, `diagnostic`) for sources dsn and arf. `suppresses`: whether the address gets no
    mail any more for it; None means what its type does by itself (`store.suppressions.suppressing`).
    `ip`, `user_agent`, `link`: who opened, clicked or unsubscribed, and where; `machine`: a prefetcher or scanner did;
    `repeat`: a person had opened the message, or clicked that link, before. `list`: what was unsubscribed from, where
    that is not all of the domain's mail.
    `subject`: the id of the domain, suppression or endpoint that an event without a message is about; `created_at`:
    that one's own. `mail`: what came in, for type received.
    """

    source: Source = Source.LOCAL
    status: EnhancedStatus | None = None
    reason: str = ""
    retry_at: int | None = None
    attempt: Attempt | None = None
    reporting_mta: str | None = None
    remote_mta: str | None = None
    diagnostic: str | None = None
    feedback_type: str | None = None
    category: str | None = None
    bounce_type: str | None = None
    bounce_subtype: str | None = None
    suppresses: bool | None = None
    ip: str | None = None
    user_agent: str | None = None
    link: str | None = None
    machine: bool = False
    repeat: bool = False
    list: str | None = None
    subject: str | None = None
    created_at: int | None = None
    mail: Summary | None = None


NOBODY = Address("", "")


class Event(msgspec.Struct, frozen=True):
    """`id` is None until a store has given it one, in commit order. `message_id` is empty, `recipient_id` 0 and, but
    for suppressions, `address` NOBODY when it is about no message. `domain`: the author domain it is about, empty for
    the whole gateway; whoever writes the event of a message may leave it out.
    """

    at: int
    type: EventType
    message_id: MessageId
    recipient_id: RecipientId
    address: Address
    detail: Detail = Detail()
    id: EventId | None = None
    domain: str = ""


def event_without_message(
    at: int, type: EventType, subject: str, domain: str = "", address: Address = NOBODY, **detail: Any
) -> Event:
    """An event about the domain, suppression or endpoint whose id is `subject`; `detail`: fields of Detail."""
    story = Detail(subject=subject, **detail)
    return Event(at, type, MessageId(""), RecipientId(0), address, story, domain=domain)
