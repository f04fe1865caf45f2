"""The operator's questions and their answers, as values. A request's tag is its name on the socket.

Answers are what `--json` prints, so their field names are a promise; times are ISO 8601 in UTC.
"""

import msgspec

from emailgw.control.asking import Request
from emailgw.control.inward import AddRule, ListRules, RemoveRule, RenewTls, ShowTls
from emailgw.control.webhook_requests import AnyWebhookRequest


class Record(msgspec.Struct, frozen=True):
    """One DNS record to publish. `purpose` says what it is for."""

    purpose: str
    name: str
    type: str
    value: str
    priority: int | None = None
    status: str = "not_started"
    message: str = ""


class DomainAnswer(msgspec.Struct, frozen=True):
    """`feedback_address`: to be registered with feedback loops. `forward_reports_to`: "" for nowhere, None for where
    the configuration says.
    """

    id: str
    name: str
    status: str
    created_at: str
    records: tuple[Record, ...] = ()
    feedback_address: str = ""
    forward_reports_to: str | None = None
    receiving: bool = False


class DomainsAnswer(msgspec.Struct, frozen=True):
    domains: tuple[DomainAnswer, ...]


class KeyAnswer(msgspec.Struct, frozen=True):
    """`key` only in the answer to CreateKey: it is shown once and stored nowhere."""

    id: str
    name: str
    hint: str
    dialect: str
    created_at: str
    revoked_at: str | None = None
    key: str | None = None
    permission: str = "full"
    domains: tuple[str, ...] = ()
    mode: str = "live"
    expires_at: str | None = None
    last_used_at: str | None = None


class SuppressionEntry(msgspec.Struct, frozen=True):
    """`domain` empty: for the whole gateway; `list` empty: for all mail of the domain."""

    id: str
    address: str
    reason: str
    domain: str
    cause: str
    created_at: str
    list: str = ""


class SuppressionsAnswer(msgspec.Struct, frozen=True):
    """`more`: give it as `after` for the next page; None on the last one."""

    suppressions: tuple[SuppressionEntry, ...]
    more: str | None = None


class CsvAnswer(msgspec.Struct, frozen=True):
    """One piece of an export; `more` as above."""

    csv: str
    more: str | None = None


class KeysAnswer(msgspec.Struct, frozen=True):
    keys: tuple[KeyAnswer, ...]


class RecipientAnswer(msgspec.Struct, frozen=True):
    id: int
    message_id: str
    address: str
    nexthop: str
    state: str
    tries: int
    next_try_at: str | None
    being_delivered: bool
    expires_at: str
    status: str | None
    reason: str


class SiteAnswer(msgspec.Struct, frozen=True):
    """A site that is paused because its hosts could not be used."""

    site: str
    resumes_at: str
    reason: str


class QueueAnswer(msgspec.Struct, frozen=True):
    """`more`: give it as `after` for the next page; None on the last one."""

    recipients: tuple[RecipientAnswer, ...]
    counts: dict[str, int]
    paused_sites: tuple[SiteAnswer, ...]
    more: int | None = None


class MessageAnswer(msgspec.Struct, frozen=True):
    id: str
    author: str
    subject: str
    accepted_at: str
    expires_at: str
    recipients: tuple[RecipientAnswer, ...]
    events: tuple[msgspec.Raw, ...]


class ChangedAnswer(msgspec.Struct, frozen=True):
    """How many recipients were changed; `skipped` says why others were not."""

    changed: int
    skipped: tuple[str, ...] = ()


class SentAnswer(msgspec.Struct, frozen=True):
    id: str


class UnparsedEntry(msgspec.Struct, frozen=True):
    """`address` is None when the message it was about is forgotten already."""

    id: int
    at: str
    recipient_id: int
    address: str | None
    kind: str
    size: int


class UnparsedAnswer(msgspec.Struct, frozen=True):
    unparsed: tuple[UnparsedEntry, ...]


class UnparsedMailAnswer(msgspec.Struct, frozen=True):
    id: int
    raw: bytes


class AddDomain(Request, frozen=True, tag="domain.add"):
    """`unverified`: it may send only once DNS shows its records; else the operator's word is enough."""

    answer = DomainAnswer
    name: str
    unverified: bool = False


class VerifyDomain(Request, frozen=True, tag="domain.verify"):
    answer = DomainAnswer
    name: str


class RotateDomain(Request, frozen=True, tag="domain.rotate"):
    answer = DomainAnswer
    name: str


class DeleteDomain(Request, frozen=True, tag="domain.delete"):
    answer = DomainAnswer
    name: str


class ListDomains(Request, frozen=True, tag="domain.list"):
    answer = DomainsAnswer


class ShowDomain(Request, frozen=True, tag="domain.show"):
    answer = DomainAnswer
    name: str


class SetDomain(Request, frozen=True, tag="domain.set"):
    """`forward_reports_to`: an address, or "" for nowhere."""

    answer = DomainAnswer
    name: str
    forward_reports_to: str


class ReceiveDomain(Request, frozen=True, tag="domain.receive"):
    """Whether mail to the domain is taken."""

    answer = DomainAnswer
    name: str
    receiving: bool


class CreateKey(Request, frozen=True, tag="key.create"):
    answer = KeyAnswer
    name: str
    dialect: str
    permission: str = "full"
    domains: tuple[str, ...] = ()
    mode: str = "live"
    expires_at: str | None = None


class RotateKey(Request, frozen=True, tag="key.rotate"):
    """`grace`: milliseconds for which the old key stays good, a day unless given."""

    answer = KeyAnswer
    key: str
    grace: int | None = None


class ListKeys(Request, frozen=True, tag="key.list"):
    answer = KeysAnswer


class RevokeKey(Request, frozen=True, tag="key.revoke"):
    answer = KeyAnswer
    key: str


class ListSuppressions(Request, frozen=True, tag="suppression.list"):
    answer = SuppressionsAnswer
    after: str | None = None
    limit: int = 1000
    reason: str | None = None


class AddSuppressions(Request, frozen=True, tag="suppression.add"):
    answer = ChangedAnswer
    addresses: tuple[str, ...]
    domain: str | None = None
    list: str | None = None


class RemoveSuppressions(Request, frozen=True, tag="suppression.remove"):
    """By address or id."""

    answer = ChangedAnswer
    names: tuple[str, ...]


class ImportSuppressions(Request, frozen=True, tag="suppression.import"):
    answer = ChangedAnswer
    csv: bytes


class ExportSuppressions(Request, frozen=True, tag="suppression.export"):
    answer = CsvAnswer
    after: str | None = None


class ListQueue(Request, frozen=True, tag="queue.list"):
    """`states`: of queued, deferred, held; empty means all three."""

    answer = QueueAnswer
    states: tuple[str, ...] = ()
    nexthop: str | None = None
    after: int = 0
    limit: int = 100


class ShowMessage(Request, frozen=True, tag="queue.show"):
    """`id`: a message's id or a recipient's number."""

    answer = MessageAnswer
    id: str


class ChangeQueue(Request, frozen=True, tag="queue.change"):
    """`action`: retry, hold, release or cancel; of ids (messages or recipients), of a next hop, or of everything."""

    answer = ChangedAnswer
    action: str
    ids: tuple[str, ...] = ()
    nexthop: str | None = None
    everything: bool = False


class SendTest(Request, frozen=True, tag="send"):
    answer = SentAnswer
    author: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None


class ListUnparsed(Request, frozen=True, tag="bounces.unparsed"):
    answer = UnparsedAnswer
    limit: int = 100


class ShowUnparsed(Request, frozen=True, tag="bounces.show"):
    answer = UnparsedMailAnswer
    id: int


AnyRequest = (
    AddDomain
    | ListDomains
    | ShowDomain
    | SetDomain
    | ReceiveDomain
    | ListRules
    | ShowTls
    | RenewTls
    | AddRule
    | RemoveRule
    | VerifyDomain
    | RotateDomain
    | DeleteDomain
    | CreateKey
    | RotateKey
    | ListSuppressions
    | AddSuppressions
    | RemoveSuppressions
    | ImportSuppressions
    | ExportSuppressions
    | ListKeys
    | AnyWebhookRequest
    | RevokeKey
    | ListQueue
    | ShowMessage
    | ChangeQueue
    | SendTest
    | ListUnparsed
    | ShowUnparsed
)


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes back over the socket: an answer, or an error's kind and its words."""

    answer: msgspec.Raw = msgspec.Raw(b"")
    error: str | None = None
    message: str = ""
