"""A message handed over by SMTP or `sendmail`, made into a Submission and accepted: header fields steer, keys of
idempotency hold, templates are filled. Called by the submission door and by the command when no daemon runs.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping

import msgspec

from emailgw.core.address import Address, Mailbox
from emailgw.core.directory import ApiKey
from emailgw.core.dsn import MessageRequest, RecipientRequest
from emailgw.core.model import Content, Submission
from emailgw.core.template import TemplateFields, TemplateVersion
from emailgw.errors import Rejected
from emailgw.mime.lasting import lasting
from emailgw.mime.raw import MAX_SHOWN, RawMail
from emailgw.queue.accept import Accept
from emailgw.queue.once import Once, Remember
from emailgw.queue.raw import raw_mail
from emailgw.queue.templates import TemplateEditor
from emailgw.smtpd.steering import FIELDS, IDEMPOTENCY, SCHEDULED_AT, Steering, read_steering
from emailgw.smtpd.terms import LARGE
from emailgw.wire.times import prepare_to_read


class Letter(msgspec.Struct, frozen=True):
    """`data` in any line ends; `utf8`: the client says that its header is UTF-8 (RFC 6531)."""

    data: bytes
    recipients: tuple[Address, ...]
    utf8: bool = False
    dsn: MessageRequest | None = None
    requests: Mapping[Address, RecipientRequest] = {}


async def send(
    letter: Letter, key: ApiKey, accept: Accept, once: Once, templates: TemplateEditor, clock: Callable[[], int]
) -> str:
    """The message's id, once it is on stable storage. Raises Rejected or StoreUnavailable."""
    if len(letter.data) > LARGE:
        mail = await asyncio.to_thread(raw_mail, letter.data, FIELDS, letter.utf8)
    else:
        mail = raw_mail(letter.data, FIELDS, letter.utf8)
    await prepare_to_read(value for name, value in mail.left_out if name in SCHEDULED_AT)
    steering = read_steering(mail.left_out, clock())
    template = None if steering.template is None else await templates.published(steering.template)
    submission = _submission(letter, mail, steering, template, key)

    async def work(remember: Remember) -> bytes:
        accepted = await accept.draft((submission,), key)
        for refusal in accepted.refusals:
            raise refusal.error
        id = accepted.ids[0].encode()
        await accept.store(accepted, "smtp", remember(id))
        return id

    async def fingerprint() -> bytes:
        if len(letter.data) > LARGE:
            return await asyncio.to_thread(_fingerprint, letter, mail)
        return _fingerprint(letter, mail)

    return (await once.answer(steering.idempotency_key, key, fingerprint, work)).decode()


def _submission(
    letter: Letter, mail: RawMail, steering: Steering, template: TemplateVersion | None, key: ApiKey
) -> Submission:
    named = {mailbox.address for mailbox in mail.to + mail.cc}
    hidden = [address for address in letter.recipients if address not in named]
    to = mail.to
    if not (mail.to or mail.cc) and len(letter.recipients) == 1:
        to, hidden = (Mailbox("", letter.recipients[0]),), []
    return Submission(
        key_id=key.id,
        content=_content(mail, template.fields if template else None),
        to=to,
        cc=mail.cc,
        bcc=tuple(Mailbox("", address) for address in hidden[:MAX_SHOWN]),
        tags=steering.tags,
        metadata=steering.metadata,
        variables=steering.variables if template is not None else {},
        send_at=steering.send_at,
        recipients=letter.recipients,
        dsn=letter.dsn,
        requests=letter.requests,
        wish=steering.wish,
        template=template.template_id if template else None,
    )


def _content(mail: RawMail, template: TemplateFields | None) -> Content:
    if template is None:
        return Content(mail.author, subject=mail.subject, raw=mail.data)
    if not (template.html or template.text):
        raise Rejected("The template has neither html nor text.")
    return Content(
        author=mail.author,
        reply_to=template.reply_to,
        subject=mail.subject or template.subject,
        text=template.text,
        html=template.html,
        placeholders=template.variables,
    )


def _fingerprint(letter: Letter, mail: RawMail) -> bytes:
    """Of the recipients, of what the fields that steer say, and of the message, but for what programs make anew with
    each try.
    """
    digest = hashlib.sha256(b"smtp\0")
    asked = [f"{name}: {value}" for name, value in mail.left_out if name not in IDEMPOTENCY]
    for part in (*sorted(map(str, letter.recipients)), "", *asked, ""):
        digest.update(part.encode("utf-8", "replace") + b"\0")
    digest.update(lasting(mail.data))
    return digest.digest()
