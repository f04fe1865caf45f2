"""The only door into the queue. What passes is stored whole, with its events, before the door may say yes.

Doors (HTTP, later SMTP) hand over Submissions, one or a whole batch; what is wrong with one is a Rejected whose words
say what to change. `draft` decides and makes ids, `store` commits: in between a door knows what it will answer.
"""

import asyncio
import collections
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from emailgw import maillog, metrics
from emailgw.core.address import Address
from emailgw.core.directory import ApiKey, Dialect, DomainStatus, KeyMode
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import ContentId, MessageId, Randomness, RecipientId, SerialNumbers, uuid7s
from emailgw.core.model import Content, Message, Recipient, RecipientState, Submission
from emailgw.core.rehearsal import REHEARSAL, Outcome, rehearsed_outcome
from emailgw.core.suppression import Suppression, SuppressionReason, withheld
from emailgw.core.tracking import UNTRACKED, WHOLE_DOMAIN, Tracking, decide
from emailgw.errors import NoRoom, Rejected
from emailgw.mime.identity import given_id
from emailgw.mime.raw import missing_fields
from emailgw.mime.tracking import has_placeholder
from emailgw.queue.checks import check_submission
from emailgw.queue.quotas import Quotas
from emailgw.queue.templates import fill
from emailgw.queue.withholding import Scope, SuppressionList, scope_of
from emailgw.store.arriving import Arrival
from emailgw.store.directory import Directory
from emailgw.store.idempotency import Remembered
from emailgw.store.queue import Queue
from emailgw.store.verb import batched

SPACE_CHECK = 1_000  # milliseconds for which the answer about free space is good
WRITTEN = 2  # times that what is stored needs its room: in the log, and in its place
ROWS = 2_048  # octets of a recipient, its event and its part of a message, about
LARGE = 256 * 1024  # octets of a raw message from which on it is copied in a thread
SLICE = 100  # messages of a batch that are looked at before others have their turn

_QUEUED = Detail(source=Source.API)
_REHEARSED = Detail(category=SuppressionReason.BOUNCE.value, reason="a test recipient that is always suppressed")


class AcceptLimits(msgspec.Struct, frozen=True):
    """`lifetime` in milliseconds from the time of sending; sizes in octets. `test_domain`: of the test recipients.
    `bulk`: from how many messages of one content on they offer to unsubscribe unless told otherwise; 0 for never.
    """

    lifetime: int
    max_size: int
    min_free_space: int
    test_domain: str = ""
    bulk: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """Why the item of a batch at `index` is not sent."""

    index: int
    error: Rejected


class Accepted(msgspec.Struct, frozen=True):
    """What passed the checks, in the order it was given; nothing is stored yet. `sizes`: of each message, in octets;
    `counts`: its recipients.
    """

    arrival: Arrival
    sizes: list[int]
    counts: list[int]
    refusals: list[Refusal]
    key: ApiKey

    @property
    def ids(self) -> list[MessageId]:
        return [message.id for message in self.arrival.messages]


class Accept:
    def __init__(
        self,
        queue: Queue,
        directory: Directory,
        limits: AcceptLimits,
        data_dir: Path,
        clock: Callable[[], int],
        serials: SerialNumbers,
        suppressions: SuppressionList | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._queue = queue
        self._directory = directory
        self._limits = limits
        self._data_dir = data_dir
        self._clock = clock
        self._serials = serials
        self._suppressions = suppressions
        self._quotas = quotas
        self._randomness = Randomness(os.urandom)
        self._space = (-SPACE_CHECK, 0)  # when it was looked at, and the octets that new mail may still take

    async def submit(self, submission: Submission, key: ApiKey, door: str) -> MessageId:
        """Check and store a submission; when this returns it is on stable storage (guarantee G1).

        Raises Rejected (nothing was stored) or StoreUnavailable (nothing was promised).
        """
        accepted = await self.draft((submission,), key)
        for refusal in accepted.refusals:
            raise refusal.error
        await self.store(accepted, door)
        return accepted.ids[0]

    async def draft(self, items: Sequence[Submission | Rejected], key: ApiKey) -> Accepted:
        """Check `items` and make messages of those that pass. One that is a Rejected already stays one.

        Raises StoreUnavailable.
        """
        now = self._clock()
        decided = await self._tracking(items, now)
        suppressed = await self._suppressed(items, decided, key)
        ids = uuid7s(now, self._randomness.take(10 * len(items)))
        drafting = _Drafting(key, now, ids, self._limits, self._serials, suppressed)
        for index, item in enumerate(items):
            if index % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            try:
                if isinstance(item, Rejected):
                    raise item
                # What is stored is the template; what is checked and shown is what this message says.
                content = fill(item.content, item.variables)
                filled = item if content is item.content else msgspec.structs.replace(item, content=content)
                size = check_submission(filled, now, self._limits.max_size)
                await self.check_author(item.content.author.address.domain, key, now)
                drafting.add(filled, item.content, size, decided[index])
            except Rejected as refusal:
                metrics.rejected.labels(refusal.name).inc()
                drafting.refusals.append(Refusal(index, refusal))
        self.check_space(now, drafting.octets)
        return await drafting.done()

    async def store(self, accepted: Accepted, door: str, once: Remembered | None = None) -> None:
        """Store all that was accepted; when this returns it is on stable storage (guarantee G1).

        `once`: the request that it is the effect of. Raises Conflict when that was carried out before,
        TooManyRequests over a quota, and StoreUnavailable; nothing is stored then.
        """
        arrival = accepted.arrival
        if self._quotas is not None:
            await self._quotas.take(accepted.key, len(arrival.recipients), self._clock())
        if arrival.messages or once is not None:
            await self._queue.enqueue_all(arrival, once)
        metrics.labelled(metrics.accepted_messages, door).inc(len(arrival.messages))
        metrics.labelled(metrics.accepted_recipients, door).inc(len(arrival.recipients))
        told = tuple(zip(arrival.messages, accepted.counts, accepted.sizes, strict=True))
        for some in batched(told, SLICE):
            maillog.accepted(some, door)
            if len(some) == SLICE:
                await asyncio.sleep(0)

    async def _tracking(self, items: Sequence[Submission | Rejected], now: int) -> list[Tracking]:
        """What is tracked of each, and whether it offers to unsubscribe."""
        bulk = self._limits.bulk
        many = items if 0 < bulk <= len(items) else ()
        alike = collections.Counter(id(item.content) for item in many if isinstance(item, Submission))
        shown: dict[int, bool] = {}
        decided: list[Tracking] = []
        for item in items:
            domain = None
            if isinstance(item, Submission):
                domain = await self._directory.domain(item.content.author.address.domain, now)
            if domain is None or isinstance(item, Rejected):
                decided.append(UNTRACKED)
                continue
            content = item.content
            if id(content) not in shown:
                shown[id(content)] = has_placeholder(content)
            tracking = decide(item.wish, domain, raw=content.raw is not None, placeholder=shown[id(content)])
            if item.wish.unsubscribe is None and bulk and alike[id(content)] >= bulk and tracking.unsubscribe is None:
                tracking = msgspec.structs.replace(tracking, unsubscribe=WHOLE_DOMAIN)
            decided.append(tracking)
        return decided

    async def _suppressed(
        self, items: Sequence[Submission | Rejected], decided: Sequence[Tracking], key: ApiKey
    ) -> "Suppressed":
        """Who must not be written to: one question for each domain and list, however many are asked about."""
        if self._suppressions is None or key.mode is KeyMode.TEST:
            return {}
        asked: dict[Scope, dict[Address, None]] = {}
        for item, tracking in zip(items, decided, strict=True):
            if isinstance(item, Submission):
                asked.setdefault(scope_of(item.content.author.address, tracking), {}).update(
                    dict.fromkeys(item.envelope)
                )
        return {scope: await self._suppressions.find(scope[0], list(found), scope[1]) for scope, found in asked.items()}

    async def check_author(self, name: str, key: ApiKey, now: int) -> None:
        """Whether the key may send as the domain `name`. Raises Rejected."""
        domain = await self._directory.domain(name, now)
        if domain is None or domain.status is not DomainStatus.VERIFIED:
            raise Rejected(
                f"The {name} domain is not verified. Please, add and verify your domain.",
                name="domain_not_verified",
                status="5.7.1",
            )
        if not key.sees(name):
            raise Rejected(
                f"This API key may not send from the {name} domain; it may from {', '.join(key.domains)}.",
                name="domain_not_verified",
                status="5.7.1",
            )

    def check_space(self, now: int, octets: int = 0) -> None:
        """Refuse while the disk can still record what becomes of the mail that is queued already; else `octets` are
        taken to be used from now on. Raises NoRoom.
        """
        checked, left = self._space
        if not checked <= now < checked + SPACE_CHECK:
            status = os.statvfs(self._data_dir)
            checked, left = now, status.f_bavail * status.f_frsize - self._limits.min_free_space
        self._space = (checked, left)
        if left < octets:
            raise NoRoom("the disk is almost full: no new mail is accepted")
        self._space = (checked, left - octets)


Suppressed = Mapping[Scope, Mapping[Address, Suppression]]


class _Drafting:
    """Messages, recipients and events of one batch as they grow; what several messages say alike is one content."""

    def __init__(
        self,
        key: ApiKey,
        now: int,
        ids: Iterable[str],
        limits: AcceptLimits,
        serials: SerialNumbers,
        suppressed: Suppressed,
    ) -> None:
        self._key = key
        self._is_test = key.mode is KeyMode.TEST
        self._now = now
        self._ids = map(MessageId, ids)
        self._limits = limits
        self._serials = serials
        self._suppressed = suppressed
        self._known: dict[object, ContentId] = {}
        self._contents: dict[ContentId, Content] = {}
        self._messages: list[Message] = []
        self._recipients: list[Recipient] = []
        self._events: list[Event] = []
        self._sizes: list[int] = []
        self._counts: list[int] = []
        self._missing: dict[ContentId, bytes] = {}  # fields of raw contents
        self._stored = 0  # octets of the contents
        self.refusals: list[Refusal] = []

    @property
    def octets(self) -> int:
        """What storing all of it takes on the disk, about. A content counts once however many messages share it."""
        return WRITTEN * (self._stored + ROWS * len(self._recipients))

    async def done(self) -> Accepted:
        for id, fields in self._missing.items():
            content = self._contents[id]
            pieces = (fields, content.raw or b"")
            # Joining lets go of the GIL, but not of the loop.
            is_large = len(pieces[1]) > LARGE
            raw = await asyncio.to_thread(b"".join, pieces) if is_large else b"".join(pieces)
            self._contents[id] = msgspec.structs.replace(content, raw=raw)
        arrival = Arrival(self._contents, self._messages, self._recipients, self._events)
        return Accepted(arrival, self._sizes, self._counts, self.refusals, self._key)

    def add(self, filled: Submission, content: Content, size: int, tracking: Tracking) -> None:
        """A message of `filled`, which has passed; `content` is stored. Raises Rejected for one that may go to nobody,
        where the key's dialect wants to be told so at once.
        """
        author = filled.content.author.address
        envelope = filled.envelope
        avoided = [self._avoided(address, scope_of(author, tracking)) for address in envelope]
        if len(avoided) == 1 and avoided[0] and self._key.dialect is Dialect.SENDKIT:
            raise Rejected("The recipient email address is suppressed.", status="5.7.1")
        now, known = self._now, len(self._contents)
        date = max(now, filled.send_at or now)
        message = Message(
            id=next(self._ids),
            content_id=ContentId(0) if content.raw is not None else self._content_id(content),
            key_id=self._key.id,
            author=author,
            to=filled.to,
            cc=filled.cc,
            bcc=filled.bcc,
            subject=filled.content.subject,
            tags=filled.tags,
            metadata=filled.metadata,
            variables=filled.variables,
            accepted_at=now,
            date=date,
            expires_at=date + self._limits.lifetime,
            author_name=filled.content.author.name,
            dsn=filled.dsn,
            tracking=None if tracking == UNTRACKED else tracking,
            reply_to=content.reply_to,
            template=filled.template,
            given_id=given_id(content),
        )
        if content.raw is not None:
            id = self._own_content_id(content)
            message = msgspec.structs.replace(message, content_id=id)
            if missing := missing_fields(content.raw, message):
                self._missing[id] = missing
        if len(self._contents) > known:
            self._stored += size
        self._messages.append(message)
        self._sizes.append(size)
        self._counts.append(len(envelope))
        accepted = EventType.SCHEDULED if date > now else EventType.QUEUED
        for serial, address, avoid in zip(self._serials.take(now, len(envelope)), envelope, avoided, strict=True):
            recipient = Recipient(
                id=RecipientId(serial),
                message_id=message.id,
                address=address,
                nexthop=self._nexthop(address),
                state=RecipientState.SUPPRESSED if avoid else RecipientState.QUEUED,
                due_at=None if avoid else date,
                expires_at=message.expires_at,
                reason=avoid.reason if avoid else "",
                updated_at=now,
                dsn=filled.requests.get(address),
            )
            kind, detail = (EventType.SUPPRESSED, avoid) if avoid else (accepted, _QUEUED)
            self._recipients.append(recipient)
            self._events.append(Event(now, kind, message.id, recipient.id, address, detail, domain=author.domain))

    def _own_content_id(self, content: Content) -> ContentId:
        """Of one that no other message can have, so nobody compares its megabytes."""
        [serial] = self._serials.take(self._now)
        self._contents[ContentId(serial)] = content
        return ContentId(serial)

    def _content_id(self, content: Content) -> ContentId:
        # By value where that has a hash (a fallback may be a list), else by identity, which `_contents` keeps alive.
        try:
            known: object = content
            found = self._known.get(known)
        except TypeError:
            known = id(content)
            found = self._known.get(known)
        if found is None:
            [serial] = self._serials.take(self._now)
            found = self._known[known] = ContentId(serial)
            self._contents[found] = content
        return found

    def _avoided(self, address: Address, scope: Scope) -> Detail | None:
        """Why it gets none of this mail."""
        if address.domain == self._limits.test_domain:
            is_avoided = rehearsed_outcome(address, self._limits.test_domain) is Outcome.SUPPRESSED
            return _REHEARSED if is_avoided else None
        entry = self._suppressed[scope].get(address) if self._suppressed else None
        return withheld(entry) if entry is not None else None

    def _nexthop(self, address: Address) -> str:
        is_rehearsal = self._is_test or address.domain == self._limits.test_domain
        return REHEARSAL if is_rehearsal else address.domain
