"""Sending: `POST /emails`, its batches and raw messages, and what may still be done to mail that waits."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.fetch import Fetch
from emailgw.api.guard import Guard, key_of
from emailgw.api.idempotency import IDEMPOTENCY_KEY, answer_once
from emailgw.api.limits import BodyLimits, aside
from emailgw.api.operation import DescribedRoute, Header, Operation
from emailgw.core.directory import ApiKey, Permission
from emailgw.core.ids import MessageId, is_uuid
from emailgw.core.model import Submission
from emailgw.core.template import TemplateVersion
from emailgw.errors import NotFound, Rejected
from emailgw.queue.accept import SLICE, Accept, Accepted
from emailgw.queue.once import Once, Remember
from emailgw.queue.raw import raw_submission
from emailgw.queue.schedule import Schedule
from emailgw.queue.templates import TemplateEditor
from emailgw.wire.answers import SENT, EmailNamed, IdShown
from emailgw.wire.batches import (
    BatchRequest,
    BatchShown,
    BulkShown,
    Mailing,
    decode_batch,
    decode_item,
    mailing_content,
    read_recipient,
    show_batch,
    show_bulk,
)
from emailgw.wire.emails import (
    EmailRequest,
    Fetched,
    MimeRequest,
    attached,
    decode_email,
    decode_mime,
    paths_of,
    read_email,
)
from emailgw.wire.scheduling import RescheduleRequest, decode_new_time, phrases_of, read_new_time, read_send_at
from emailgw.wire.times import prepare_to_read

SENDING = (
    "domain_not_verified",
    "invalid_idempotency_key",
    "invalid_idempotent_request",
    "concurrent_idempotent_requests",
    "daily_quota_exceeded",
    "monthly_quota_exceeded",
)
COMPOSING = (*SENDING, "template_not_found", "invalid_attachment")
TOO_LATE = ("validation_error", "too_large", "too_slow")
BATCH_VALIDATION = Header(
    "x-batch-validation",
    "`strict` sends nothing when one item is wrong; `permissive` sends what is right.",
    {"type": "string", "enum": ["strict", "permissive"], "default": "strict"},
)

Items = list[Submission | Rejected]


class Emails:
    def __init__(
        self,
        accept: Accept,
        templates: TemplateEditor,
        schedule: Schedule,
        limits: BodyLimits,
        once: Once,
        fetch: Fetch,
        clock: Callable[[], int],
    ) -> None:
        self._accept = accept
        self._templates = templates
        self._schedule = schedule
        self._limits = limits
        self._once = once
        self._fetch = fetch
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        once = (IDEMPOTENCY_KEY,)
        send = Operation(
            summary="Send an email",
            body=EmailRequest,
            answer=IdShown,
            statuses=(200, 202),
            headers=once,
            errors=COMPOSING,
        )
        batch = Operation(
            summary="Send up to 10,000 emails, or one to 10,000 recipients with variables of their own",
            body=BatchRequest,
            answer=BatchShown,
            headers=(*once, BATCH_VALIDATION),
            errors=COMPOSING,
        )
        bulk = Operation(
            summary="The same; what is right is sent, and each item has its answer",
            body=BatchRequest,
            answer=BulkShown,
            headers=once,
            errors=COMPOSING,
        )
        raw = Operation(
            summary="Send a message as its sender composed it, to one recipient",
            body=MimeRequest,
            answer=IdShown,
            statuses=(200, 202),
            headers=once,
            errors=SENDING,
        )
        move = Operation(
            summary="Move what was not tried yet to another time", body=RescheduleRequest, answer=EmailNamed
        )
        cancel = Operation(summary="Give up what was not sent yet", answer=EmailNamed, errors=TOO_LATE)
        return [
            guard.route("POST", "/emails", self.send, send, Permission.SENDING),
            guard.route("POST", "/emails/batch", self.send_batch, batch, Permission.SENDING),
            guard.route("POST", "/emails/bulk", self.send_bulk, bulk, Permission.SENDING),
            guard.route("POST", "/emails/mime", self.send_raw, raw, Permission.SENDING),
            guard.route("PATCH", "/emails/{id}", self.reschedule, move),
            guard.route("POST", "/emails/{id}/cancel", self.cancel, cancel),
        ]

    async def send(self, request: Request) -> Response:
        """The id, once the message is on stable storage."""
        key = key_of(request)
        body = await self._limits.read(request)

        async def work(remember: Remember) -> bytes:
            email = await aside(len(body), decode_email, body)
            await prepare_to_read((email.scheduled_at,))
            fetched = await self._fetch.all(paths_of(email), len(body))
            template = await self._template(email.template.id if email.template else None)
            submission = await aside(len(body), read_email, email, key.id, self._clock(), template, fetched)
            return await self._send_one(submission, key, remember)

        return _answer(await answer_once(self._once, request, key, body, work), SENT[key.dialect])

    async def send_batch(self, request: Request) -> Response:
        """All of it or, with `x-batch-validation: permissive`, what is good of it."""
        key = key_of(request)
        body = await self._limits.read(request)
        permissive = request.headers.get("x-batch-validation", "strict").strip().lower() == "permissive"

        async def work(remember: Remember) -> bytes:
            accepted = await self._accept.draft(await self._read_batch(body, key), key)
            if accepted.refusals and not permissive:
                first = accepted.refusals[0]
                raise Rejected(
                    f"emails[{first.index}]: {first.error} Nothing of the batch was sent.", name=first.error.name
                )
            answer = msgspec.json.encode(show_batch(accepted.ids, _errors(accepted) if permissive else None))
            await self._accept.store(accepted, "http", remember(answer))
            return answer

        return _answer(await answer_once(self._once, request, key, body, work), 200)

    async def send_bulk(self, request: Request) -> Response:
        """What is good of it; an entry for each item, in their order."""
        key = key_of(request)
        body = await self._limits.read(request)

        async def work(remember: Remember) -> bytes:
            accepted = await self._accept.draft(await self._read_batch(body, key), key)
            answer = msgspec.json.encode(show_bulk(accepted.ids, _errors(accepted)))
            await self._accept.store(accepted, "http", remember(answer))
            return answer

        return _answer(await answer_once(self._once, request, key, body, work), 200)

    async def send_raw(self, request: Request) -> Response:
        """A message as its sender composed it, to one recipient."""
        key = key_of(request)
        body = await self._limits.read(request)

        async def work(remember: Remember) -> bytes:
            data, recipient, wish = await aside(len(body), decode_mime, body)
            submission = await aside(len(data), raw_submission, data, (recipient,), key.id, wish)
            return await self._send_one(submission, key, remember)

        return _answer(await answer_once(self._once, request, key, body, work), SENT[key.dialect])

    async def reschedule(self, request: Request) -> Response:
        """Move what was not tried yet to another time."""
        key = key_of(request)
        message_id = _message_id(request)
        text = decode_new_time(await self._limits.read(request))
        await prepare_to_read((text,))
        await self._schedule.reschedule(message_id, key, read_new_time(text, self._clock()))
        return json_response({"object": "email", "id": message_id})

    async def cancel(self, request: Request) -> Response:
        """Give up what was not sent yet. The body, if any, says nothing."""
        message_id = _message_id(request)
        await self._limits.read(request)
        await self._schedule.cancel(message_id, key_of(request))
        return json_response({"object": "email", "id": message_id})

    async def _send_one(self, submission: Submission, key: ApiKey, remember: Remember) -> bytes:
        accepted = await self._accept.draft((submission,), key)
        for refusal in accepted.refusals:
            raise refusal.error
        answer = b'{"id":"%s"}' % accepted.ids[0].encode()
        await self._accept.store(accepted, "http", remember(answer))
        return answer

    async def _template(self, name: str | None) -> TemplateVersion | None:
        return None if name is None else await self._templates.published(name)

    async def _read_batch(self, body: bytes, key: ApiKey) -> Items:
        batch = await aside(len(body), decode_batch, body)
        if isinstance(batch, Mailing):
            return await self._read_mailing(batch, key, len(body))
        decoded = await aside(len(body), lambda: [decode_item(item) for item in batch])
        emails = [email for email in decoded if isinstance(email, EmailRequest)]
        fetched = await self._fetch.all((url for email in emails for url in paths_of(email)), len(body))
        templates: dict[str, TemplateVersion | Rejected] = {}
        for name in {email.template.id for email in emails if email.template}:
            try:
                templates[name] = await self._templates.published(name)
            except Rejected as refusal:
                templates[name] = refusal
        now = await self._understand(email.scheduled_at for email in emails)
        items: Items = []
        for index, email in enumerate(decoded):
            if index % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if isinstance(email, Rejected):
                items.append(email)
            else:
                items.append(await aside(attached(email), _read, email, key, now, templates, fetched))
        return items

    async def _read_mailing(self, mailing: Mailing, key: ApiKey, used: int) -> Items:
        fetched = await self._fetch.all(paths_of(mailing), used)
        template = await self._template(mailing.template_id)
        shared = template.fields if template else None
        content = await aside(used, mailing_content, mailing, shared, fetched)
        named = template.template_id if template else None
        recipients = mailing.recipients or ()
        now = await self._understand((mailing.scheduled_at, *(recipient.scheduled_at for recipient in recipients)))
        items: Items = []
        for index, recipient in enumerate(recipients):
            if index % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            items.append(read_recipient(mailing, content, recipient, key.id, now, named))
        return items

    async def _understand(self, times: Iterable[str | None]) -> int:
        """The time from which the request's times are seen. Those in English are read here, one at a turn of the loop,
        and are known from then on.
        """
        now = self._clock()
        phrases = phrases_of(times)
        await prepare_to_read(phrases)
        for text in phrases:
            with contextlib.suppress(Rejected):  # the item that says it will be refused
                read_send_at(text, now)
            await asyncio.sleep(0)
        return now


def _read(
    email: EmailRequest,
    key: ApiKey,
    now: int,
    templates: Mapping[str, TemplateVersion | Rejected],
    fetched: Mapping[str, Fetched],
) -> Submission | Rejected:
    template = templates[email.template.id] if email.template else None
    if isinstance(template, Rejected):
        return template
    try:
        return read_email(email, key.id, now, template, fetched)
    except Rejected as refusal:
        return refusal


def _answer(body: bytes, status: int) -> Response:
    return Response(body, status, media_type="application/json")


def _errors(accepted: Accepted) -> list[tuple[int, str]]:
    return [(refusal.index, str(refusal.error)) for refusal in accepted.refusals]


def _message_id(request: Request) -> MessageId:
    text: Any = request.path_params["id"]
    if not is_uuid(text):
        raise NotFound("Email not found")
    return MessageId(text)
