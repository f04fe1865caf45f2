"""The submission door: mail of the customer's own programs by SMTP, under the same rules as over HTTP.

One `Submissions` for all listeners; each connection has a `_Visitor`, which knows its key and the transaction. What
`accept` refuses becomes a reply in one place (`reply_to`). RFC 6409.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from emailgw import metrics
from emailgw.core.address import Address, AddressError
from emailgw.core.directory import KEY_PREFIXES, ApiKey
from emailgw.core.dsn import MessageRequest, RecipientRequest
from emailgw.core.text import clean_line
from emailgw.errors import NoRoom, Rejected, TooManyRequests
from emailgw.queue.accept import Accept
from emailgw.queue.keyring import KeyRing
from emailgw.queue.once import Once
from emailgw.queue.rates import RateLimits, refuse
from emailgw.queue.templates import TemplateEditor
from emailgw.smtpd.gate import Failures, holder_of
from emailgw.smtpd.grammar import Mail, Rcpt
from emailgw.smtpd.letter import Letter, send
from emailgw.smtpd.terms import Client, Credentials, Message, Question

log = logging.getLogger("emailgw.smtpd")

FRESH = 5_000  # milliseconds for which the answer about a key or a domain is good
MOST_LOGINS = 3  # failed ones on one connection
FULL = "452 4.3.1 The disk is almost full, try again later"

# The basic code of a refusal by its subject and detail, where it is not 554.
_CODES = {(3, 4): 552, (7, 1): 550, (5, 3): 550, (5, 4): 550, (1, 3): 553}


class Doors(msgspec.Struct, frozen=True):
    """What the door hands mail to; all of it shared with the other doors."""

    accept: Accept
    keys: KeyRing
    rates: RateLimits
    once: Once
    templates: TemplateEditor
    clock: Callable[[], int]


class Submissions:
    """`find_key`: whose clients are that need no AUTH; None when there are none such."""

    def __init__(
        self, doors: Doors, failures: Failures, find_key: Callable[[], Awaitable[ApiKey | None]] | None = None
    ) -> None:
        self.doors = doors
        self.failures = failures
        self.find_key = find_key

    def open(self, client: Client) -> "_Visitor":
        return _Visitor(self, client)


class _Visitor:
    def __init__(self, submissions: Submissions, client: Client) -> None:
        self._doors = submissions.doors
        self._failures = submissions.failures
        self._find_key = submissions.find_key if client.trusted else None
        self._client = client
        self._key: ApiKey | None = None
        self._checked_at = 0
        self._domains: dict[str, int] = {}  # that the key may send as → until when that is sure
        self._logins = 0
        self.is_known = self._find_key is not None
        self.reset()

    def reset(self) -> None:
        self._mail = Mail("")
        self._recipients: list[Address] = []
        self._requests: dict[Address, RecipientRequest] = {}

    def ask(self, question: Question) -> str | Awaitable[str]:
        match question:
            case Rcpt():
                return self._rcpt(question)
            case Mail():
                return self._mail_from(question)
            case Message():
                return self._message(question)
            case Credentials():
                return self._log_in(question)

    async def _log_in(self, credentials: Credentials) -> str:
        key = await self._doors.keys.find(credentials.secret)
        if key is not None:
            self._key, self._checked_at = key, self._doors.clock()
            self._domains.clear()
            return "235 2.7.0 Authentication succeeded"
        metrics.failed_logins.inc()
        self._logins += 1
        log.info("failed login from %s as %s", self._client, _shown(credentials.user))
        await asyncio.sleep(self._failures.delay(holder_of(self._client.address), f"user {credentials.user}"))
        if self._logins >= MOST_LOGINS:
            return "421 4.7.0 Too many failed logins, goodbye"
        return "535 5.7.8 Authentication credentials invalid"

    def _mail_from(self, mail: Mail) -> str | Awaitable[str]:
        """At once where everything is known already, as for most mail of a session that is used again."""
        now = self._doors.clock()
        domain = mail.path.rpartition("@")[2]
        if self._key is not None and now < self._checked_at + FRESH and now < self._domains.get(domain, 0):
            try:
                return self._begin(mail, self._key, now)
            except (Rejected, NoRoom) as error:
                return reply_to(error, self._client)
        return self._mail_from_stranger(mail, now)

    async def _mail_from_stranger(self, mail: Mail, now: int) -> str:
        key = await self._current_key(now)
        if key is None:
            return "530 5.7.0 Authentication is required"
        try:
            if mail.path:
                address = Address.parse(mail.path)
                await self._doors.accept.check_author(address.domain, key, now)
                self._domains[mail.path.rpartition("@")[2]] = now + FRESH
            return self._begin(mail, key, now)
        except AddressError as error:
            return f"553 5.1.7 {_ascii(str(error))}"
        except (Rejected, NoRoom) as error:
            return reply_to(error, self._client)

    async def _current_key(self, now: int) -> ApiKey | None:
        """None when it was revoked or has expired since."""
        if self._key is None and self._find_key is not None:
            self._key, self._checked_at = await self._find_key(), now
        elif self._key is not None and now >= self._checked_at + FRESH:
            self._key, self._checked_at = await self._doors.keys.still(self._key), now
        return self._key

    def _begin(self, mail: Mail, key: ApiKey, now: int) -> str:
        self._doors.accept.check_space(now)
        allowance = self._doors.rates.take(key, now)
        if allowance is not None and allowance.remaining < 0:
            raise refuse(allowance)
        self.reset()
        self._mail = mail
        return "250 2.1.0 OK"

    def _rcpt(self, rcpt: Rcpt) -> str:
        try:
            address = Address.parse(rcpt.path)
        except AddressError as error:
            return f"553 5.1.3 {_ascii(str(error))}"
        self._recipients.append(address)
        if rcpt.notify or rcpt.original:
            self._requests[address] = RecipientRequest(rcpt.notify, rcpt.original)
        return "250 2.1.5 OK"

    async def _message(self, message: Message) -> str:
        key = self._key
        assert key is not None
        mail = self._mail
        dsn = MessageRequest(mail.path, mail.ret, mail.envid) if mail.path or mail.ret or mail.envid else None
        recipients, requests = tuple(self._recipients), self._requests
        self.reset()
        letter = Letter(await message.data(), recipients, mail.utf8, dsn, requests)
        try:
            id = await send(letter, key, self._doors.accept, self._doors.once, self._doors.templates, self._doors.clock)
        except (Rejected, NoRoom) as error:
            return reply_to(error, self._client)
        return f"250 2.0.0 OK: queued as {id}"


def _shown(user: str) -> str:
    """For the log. Who mixes up the fields gives a key as user name: of that as much as its hint has."""
    return f"{user[:9]}…" if user.startswith(tuple(KEY_PREFIXES.values())) else clean_line(user, 100)


def reply_to(error: Rejected | NoRoom, client: Client) -> str:
    """A refusal in SMTP's terms."""
    if isinstance(error, NoRoom):
        return FULL
    log.info("submission from %s refused: %s", client, clean_line(str(error), 300))
    text = _ascii(str(error))
    if isinstance(error, TooManyRequests):
        code = 450 if error.name == "rate_limit_exceeded" else 451
        return f"{code} 4.7.1 {text}"
    if error.name == "concurrent_idempotent_requests":
        return f"451 4.3.0 {text}"
    status = error.status
    return f"{_CODES.get((status.subject, status.detail), 554)} {status} {text}"


def _ascii(text: str) -> str:
    return clean_line(text, 400).encode("ascii", "replace").decode()
