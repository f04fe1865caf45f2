"""The vocabulary of what comes back: Report, RecipientReport, Classification and the words they use.

`parse` makes a Report of a message, `classify` makes a Classification of a reply or a diagnostic. All values are
frozen; all text in them went through `clean_line`. RFC 3464 (actions), RFC 5965 (feedback), RFC 3834 (auto-replies).
"""

import enum

import msgspec

from emailgw.core.status import EnhancedStatus


class Kind(enum.StrEnum):
    """What a message is. Only DSN and NONSTANDARD_BOUNCE can be final, and only through their recipients' actions."""

    DSN = "dsn"  # has delivery-status fields; success reports too
    NONSTANDARD_BOUNCE = "nonstandard-bounce"
    DELAYED = "delayed"  # every recipient is only delayed
    ARF = "arf"
    AUTO_REPLY = "auto-reply"  # receipts, ticket acknowledgements, challenges, moderation notices
    VACATION = "vacation"
    ORDINARY = "ordinary"
    MALFORMED = "malformed"  # says it is a report, and nothing can be read from it


class Action(enum.StrEnum):
    """RFC 3464 §2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Reason(enum.StrEnum):
    """Why, in a fixed vocabulary; what customers and statistics see."""

    USER_UNKNOWN = "user-unknown"
    MAILBOX_FULL = "mailbox-full"
    USER_DISABLED = "user-disabled"
    HOST_UNKNOWN = "host-unknown"
    SIZE = "size"
    SPAM = "spam"
    POLICY = "policy"
    REPUTATION = "reputation"
    AUTHENTICATION = "authentication"
    RATE_LIMIT = "rate-limit"
    GREYLISTED = "greylisted"
    NETWORK = "network"
    EXPIRED = "expired"
    SYSTEM = "system"
    OTHER = "other"


class BounceType(enum.StrEnum):
    """PERMANENT: this address will not work again. TRANSIENT: another message, or another day, may get through."""

    PERMANENT = "Permanent"
    TRANSIENT = "Transient"
    UNDETERMINED = "Undetermined"


class BounceSubtype(enum.StrEnum):
    GENERAL = "General"
    NO_EMAIL = "NoEmail"
    MAILBOX_FULL = "MailboxFull"
    MESSAGE_TOO_LARGE = "MessageTooLarge"
    CONTENT_REJECTED = "ContentRejected"
    ATTACHMENT_REJECTED = "AttachmentRejected"
    UNDETERMINED = "Undetermined"


class Classification(msgspec.Struct, frozen=True):
    """What a failure means for the address. `hard`: never send there again."""

    reason: Reason
    type: BounceType
    subtype: BounceSubtype

    @property
    def known(self) -> bool:
        return self.reason is not Reason.OTHER

    @property
    def hard(self) -> bool:
        return self.type is BounceType.PERMANENT


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of one recipient. `recipient` is as written there; the domain may be of any spelling.

    For actions other than failed and delayed the classification is empty (OTHER, UNDETERMINED) and `hard` is False.
    """

    recipient: str
    action: Action
    original_recipient: str | None = None
    status: EnhancedStatus | None = None
    reply_code: int | None = None
    diagnostic: str = ""
    remote_mta: str | None = None
    reason: Reason = Reason.OTHER
    type: BounceType = BounceType.UNDETERMINED
    subtype: BounceSubtype = BounceSubtype.UNDETERMINED
    hard: bool = False


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a feedback report (RFC 5965 §3, RFC 6591 §3); `type` in lower case: abuse, fraud, not-spam, …"""

    type: str
    user_agent: str | None = None
    source_ip: str | None = None
    reported_domain: str | None = None
    original_mail_from: str | None = None
    auth_failure: str | None = None


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What the returned message tells of itself: for finding ours when the report has no signed path.

    `message_id` with its brackets. `reverse_paths`: every envelope sender that it names, ours signed or not, in the
    order of trust. Nothing here is proof: a forger can write it, so it may match but must not suppress.
    """

    message_id: str | None = None
    reverse_paths: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says happened. `recipients` is empty for kinds that are no event."""

    kind: Kind
    recipients: tuple[RecipientReport, ...] = ()
    reporting_mta: str | None = None
    arrival_date: str | None = None
    envelope_id: str | None = None
    feedback: Feedback | None = None
    returned: Returned = Returned()

    @property
    def feedback_type(self) -> str | None:
        return self.feedback.type if self.feedback else None

    @property
    def message_id(self) -> str | None:
        return self.returned.message_id
