"""The only door into the queue. What passes is stored whole, with its events, before the door may say yes.

Doors (HTTP, later SMTP) hand over a Submission; what is wrong with it is a Rejected whose words say what to change.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from emailgw import maillog, metrics
from emailgw.core.directory import ApiKey, DomainStatus
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import ContentId, MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.model import Content, Message, Recipient, RecipientState, Submission
from emailgw.errors import Rejected, StoreUnavailable
from emailgw.mime.custom import HeaderError, check_content_id, check_custom_header, check_header_text
from emailgw.queue.templates import fill
from emailgw.store.directory import Directory
from emailgw.store.queue import Queue

MAX_RECIPIENTS = 50  # in each of to, cc and bcc, as both contracts have it
MAX_SUBJECT = 998  # characters
MAX_HEADERS = 100
MAX_TAGS = 75
MAX_TAG = 256
MAX_SCHEDULE = 30 * 86_400_000  # milliseconds ahead
SPACE_CHECK = 1_000  # milliseconds for which the answer about free space is good

_QUEUED = Detail(source=Source.API)


class AcceptLimits(msgspec.Struct, frozen=True):
    """`lifetime` in milliseconds from the time of sending; sizes in octets."""

    lifetime: int
    max_size: int
    min_free_space: int


class Accept:
    def __init__(
        self,
        queue: Queue,
        directory: Directory,
        limits: AcceptLimits,
        data_dir: Path,
        clock: Callable[[], int],
        serials: SerialNumbers,
    ) -> None:
        self._queue = queue
        self._directory = directory
        self._limits = limits
        self._data_dir = data_dir
        self._clock = clock
        self._serials = serials
        self._space: tuple[int, bool] = (0, True)

    async def submit(self, submission: Submission, key: ApiKey, door: str) -> MessageId:
        """Check and store a submission; when this returns it is on stable storage (guarantee G1).

        Raises Rejected (nothing was stored) or StoreUnavailable (nothing was promised).
        """
        now = self._clock()
        try:
            # What is stored is the template; what is checked and shown is what this message says.
            content = submission.content
            submission = msgspec.structs.replace(submission, content=fill(content, submission.variables))
            _check(submission, now)
            size = content_size(submission.content)
            if size > self._limits.max_size:
                raise Rejected(
                    f"The message has {size} octets; at most {self._limits.max_size} are allowed.", status="5.3.4"
                )
            await self._check_author(submission.content, now)
        except Rejected as refusal:
            metrics.rejected.labels(refusal.name).inc()
            raise
        self._check_space(now)
        message, recipients, events = self._build(submission, key, now)
        await self._queue.enqueue(message, content, recipients, events)
        metrics.accepted_messages.labels(door).inc()
        metrics.accepted_recipients.labels(door).inc(len(recipients))
        maillog.accepted(message, len(recipients), size, door)
        return message.id

    async def _check_author(self, content: Content, now: int) -> None:
        name = content.author.address.domain
        domain = await self._directory.domain(name, now)
        if domain is None or domain.status is not DomainStatus.VERIFIED:
            raise Rejected(
                f"The {name} domain is not verified. Please, add and verify your domain.",
                name="domain_not_verified",
                status="5.7.1",
            )

    def _check_space(self, now: int) -> None:
        """Refuse while the disk still has room to record what becomes of the mail that is queued already."""
        checked, enough = self._space
        if now >= checked + SPACE_CHECK:
            status = os.statvfs(self._data_dir)
            enough = status.f_bavail * status.f_frsize >= self._limits.min_free_space
            self._space = (now, enough)
        if not enough:
            raise StoreUnavailable("the disk is almost full: no new mail is accepted")

    def _build(self, submission: Submission, key: ApiKey, now: int) -> tuple[Message, list[Recipient], list[Event]]:
        envelope = submission.envelope
        content_serial, *serials = self._serials.take(now, 1 + len(envelope))
        date = max(now, submission.send_at or now)
        message = Message(
            id=MessageId(uuid7(now, os.urandom(10))),
            content_id=ContentId(content_serial),
            key_id=key.id,
            author=submission.content.author.address,
            to=submission.to,
            cc=submission.cc,
            bcc=submission.bcc,
            subject=submission.content.subject,
            tags=submission.tags,
            variables=submission.variables,
            accepted_at=now,
            date=date,
            expires_at=date + self._limits.lifetime,
        )
        recipients: list[Recipient] = []
        events: list[Event] = []
        for serial, address in zip(serials, envelope, strict=True):
            recipient = Recipient(
                id=RecipientId(serial),
                message_id=message.id,
                address=address,
                nexthop=address.domain,
                state=RecipientState.QUEUED,
                due_at=date,
                expires_at=message.expires_at,
                updated_at=now,
            )
            recipients.append(recipient)
            events.append(Event(now, EventType.QUEUED, message.id, recipient.id, address, _QUEUED))
        return message, recipients, events


def content_size(content: Content) -> int:
    """Octets, before any transfer encoding."""
    if content.raw is not None:
        return len(content.raw)
    texts = sum(len(text.encode(errors="replace")) for text in (content.text, content.html) if text)
    return texts + sum(len(attachment.data) for attachment in content.attachments)


def _check(submission: Submission, now: int) -> None:
    content = submission.content
    if not submission.to:
        raise Rejected("Missing `to` field.", name="missing_required_field", status="5.5.4")
    for field, mailboxes in (("to", submission.to), ("cc", submission.cc), ("bcc", submission.bcc)):
        if len(mailboxes) > MAX_RECIPIENTS:
            raise Rejected(
                f"The `{field}` field has {len(mailboxes)} recipients; at most {MAX_RECIPIENTS} are allowed.",
                status="5.5.3",
            )
    if content.raw is None and not (content.text or content.html or content.attachments):
        raise Rejected("Missing `html` or `text` field.", name="missing_required_field", status="5.6.0")
    if len(content.subject) > MAX_SUBJECT:
        raise Rejected(f"The `subject` field is longer than {MAX_SUBJECT} characters.")
    if submission.send_at is not None and submission.send_at > now + MAX_SCHEDULE:
        raise Rejected("The `scheduled_at` field lies more than 30 days ahead.")
    _check_fields(submission)


def _check_fields(submission: Submission) -> None:
    """Nothing that could become another header field, or that the store cannot hold."""
    content = submission.content
    if len(content.headers) > MAX_HEADERS:
        raise Rejected(f"The `headers` field has more than {MAX_HEADERS} entries.")
    if len(submission.tags) > MAX_TAGS:
        raise Rejected(f"The `tags` field has more than {MAX_TAGS} entries.")
    with _naming("subject"):
        check_header_text(content.subject)
    for name, value in content.headers:
        with _naming("headers"):
            check_custom_header(name, value)
    for attachment in content.attachments:
        with _naming("attachments", "invalid_attachment"):
            check_header_text(attachment.filename)
            check_header_text(attachment.content_type)
            if attachment.content_id is not None:
                check_content_id(attachment.content_id)
    for name, value in submission.tags:
        if not 0 < len(name) <= MAX_TAG or len(value) > MAX_TAG:
            raise Rejected(f"A tag's name and value must have 1 to {MAX_TAG} characters.")


@contextlib.contextmanager
def _naming(field: str, error_name: str = "validation_error") -> Iterator[None]:
    """What cannot stand in a header is refused in the name of the field it came in."""
    try:
        yield
    except HeaderError as error:
        raise Rejected(f"Invalid `{field}` field: {error}.", name=error_name) from None
