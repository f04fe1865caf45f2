"""All three methods for one message, side by side, within one deadline; what is not known by then is `temperror`.

Called by reception before a message is stored. Never raises, so that no message is lost or kept waiting for what its
author's DNS does or for a fault of ours. What depends on the size of a message is done in a thread.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from emailgw.authentication import organisation
from emailgw.authentication.dkim import SignedMail, find_key
from emailgw.authentication.dkim_records import Signature, Unusable, read_signature
from emailgw.authentication.dmarc import Found, decide, find_policy, is_aligned, worst
from emailgw.authentication.spf import check_spf, not_known
from emailgw.core.dns import Lookup
from emailgw.core.receiving import Authentication, DkimVerdict, DmarcVerdict, Incoming, SpfVerdict
from emailgw.core.text import clean_line
from emailgw.mime.incoming import author_domains
from emailgw.mime.reader import decode_bytes

log = logging.getLogger("emailgw.authentication")

MAX_SIGNATURES = 5  # that are checked; the rest is as if it were not there
MAX_LOOKED_AT = 100  # signatures among which these are chosen
MAX_AUTHORS = 5  # domains
LARGE = 64 << 10  # octets from which on a message goes to a thread
LATE = "not known in time"

_DOMAIN = re.compile(rb"[:;][ \t\r\n]*d[ \t\r\n]*=[ \t\r\n]*([^; \t\r\n]{1,253})")

T = TypeVar("T")


class _Case(NamedTuple):
    """A message and until when its verdicts are waited for. `turn`: one signature is verified at a time, so that the
    others find what was made of the body, and no message takes all threads.
    """

    signed: SignedMail
    size: int
    deadline: float
    turn: asyncio.Lock


class Authenticator:
    """`timeout`: milliseconds for all of it. `chance`: from 0 up to 1, anew each time, for policies that name a
    percentage. `clock`: milliseconds UTC.
    """

    def __init__(self, lookup: Lookup, timeout: int, clock: Callable[[], int], chance: Callable[[], float]) -> None:
        self._lookup = lookup
        self._timeout = timeout / 1000
        self._clock = clock
        self._chance = chance
        self._has_list = False

    async def check(self, mail: Incoming) -> Authentication:
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            if not self._has_list:
                await asyncio.to_thread(organisation.load)
                self._has_list = True
            signed = await _aside(len(mail.raw), SignedMail, mail.raw)
            return await self._check(mail, _Case(signed, len(mail.raw), deadline, asyncio.Lock()))
        except Unusable as error:
            return _unreadable(error.result, str(error))
        except Exception:
            log.exception("a message cannot be authenticated")
            return _unreadable("permerror", "it cannot be read")

    async def _check(self, mail: Incoming, case: _Case) -> Authentication:
        lookup, deadline = self._lookup, case.deadline
        fields_from = _from_fields(case.signed)
        authors = author_domains(fields_from)
        fields = _chosen(case.signed, authors)
        spf = _within(
            deadline,
            check_spf(lookup, mail.client, mail.reverse_path, mail.helo),
            not_known(mail.reverse_path, mail.helo),
        )
        dkim = [self._signature(case, field) for field in fields]
        policies = [
            _within(deadline, find_policy(lookup, name), Found(name, trouble=LATE)) for name in authors[:MAX_AUTHORS]
        ]
        by_spf, by_dkim, found = await asyncio.gather(spf, asyncio.gather(*dkim), asyncio.gather(*policies))
        return Authentication(by_spf, tuple(by_dkim), self._dmarc(len(fields_from), authors, found, by_spf, by_dkim))

    async def _signature(self, case: _Case, field: bytes) -> DkimVerdict:
        try:
            signature = read_signature(field)
        except Unusable as error:
            return DkimVerdict(error.result, reason=clean_line(str(error), 200))
        late = DkimVerdict("temperror", signature.domain, signature.selector, LATE)
        return await _within(case.deadline, self._verdict(case, signature), late)

    async def _verdict(self, case: _Case, signature: Signature) -> DkimVerdict:
        result, reason, key = "pass", "", None
        try:
            if signature.expires is not None and signature.expires * 1000 < self._clock():
                raise Unusable("fail", "the signature has expired")
            key = find_key(signature, await self._lookup.look(signature.key_name, "TXT"))
            async with case.turn:
                await _aside(case.size, case.signed.check, signature, key)
        except Unusable as error:
            result, reason = error.result, str(error)
        if key is not None and key.testing:
            reason = f"{reason} (the key is on trial)".strip()
        return DkimVerdict(result, signature.domain, signature.selector, clean_line(reason, 200))

    def _dmarc(
        self, fields: int, authors: tuple[str, ...], found: list[Found], spf: SpfVerdict, dkim: list[DkimVerdict]
    ) -> DmarcVerdict:
        """`fields`: how many From fields there are. What has not one, with an author, is nobody's mail (§6.6.1)."""
        if not authors:
            return DmarcVerdict("permerror", disposition="reject", reason="the message has no author")
        if len(authors) > MAX_AUTHORS:  # one of them may have a policy, and nobody means well with so many
            reason = f"the message has authors of {len(authors)} domains"
            return DmarcVerdict("fail", disposition="reject", reason=reason)
        chance = self._chance()
        verdict = worst([decide(one, spf, dkim, chance) for one in found])
        if fields > 1 and not (verdict.result == "fail" and verdict.disposition == "reject"):
            return DmarcVerdict("permerror", disposition="reject", reason=f"the message has {fields} From fields")
        return verdict


def _unreadable(result: str, reason: str) -> Authentication:
    return Authentication(dkim=(DkimVerdict(result, reason=reason),), dmarc=DmarcVerdict("permerror", reason=reason))


def _from_fields(signed: SignedMail) -> list[str]:
    fields = (field.partition(b":")[2].replace(b"\r\n", b"") for name, field in signed.fields if name == b"from")
    return [decode_bytes(value, "") for value in fields]


def _chosen(signed: SignedMail, authors: tuple[str, ...]) -> list[bytes]:
    """The signatures to check: those that can speak for an author first, then from the top."""

    def is_other(field: bytes) -> bool:
        named = _DOMAIN.search(field)
        domain = named[1].decode("utf-8", "replace").lower() if named is not None else ""
        return not any(is_aligned(domain, author, False) for author in authors)

    return sorted(signed.signatures[:MAX_LOOKED_AT], key=is_other)[:MAX_SIGNATURES]


async def _within(deadline: float, work: Coroutine[Any, Any, T], otherwise: T) -> T:
    """`otherwise` when it is not done by then, or fails in a way that it should not."""
    try:
        async with asyncio.timeout_at(deadline):
            return await work
    except TimeoutError:
        return otherwise
    except Exception:
        log.exception("a method of authentication failed")
        return otherwise


async def _aside(size: int, function: Callable[..., T], *arguments: Any) -> T:
    """In a thread if the message is large. The thread goes on after the deadline; its work is bounded by the size."""
    return await asyncio.to_thread(function, *arguments) if size >= LARGE else function(*arguments)
