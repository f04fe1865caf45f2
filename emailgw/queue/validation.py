"""Whether an address looks fit for mail, as far as one can tell without speaking to its mail host.

Nobody's mailbox is probed: hosts answer such questions with lies or with blocks, and being asked is how spammers look.
So `mailbox_exists` says only that the domain has somewhere to deliver to. RFC 5321 §5.1, RFC 7505, RFC 2142.
"""

import difflib
import itertools
import math

import msgspec
from disposable_email_domains import blocklist

from emailgw.core.address import Address, AddressError
from emailgw.core.dns import Lookup

_ROLES = (
    "abuse accounts admin administrator billing careers compliance contact devnull dns enquiries feedback ftp help "
    "hostmaster hr info jobs legal mail mailer-daemon marketing news newsletter noc no-reply noreply office orders "
    "postmaster press privacy registrar root sales security service spam staff subscribe support sysadmin team tech "
    "unsubscribe usenet uucp webmaster www"
)
_PROVIDERS = (
    "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de hotmail.com hotmail.co.uk hotmail.fr outlook.com "
    "live.com msn.com aol.com icloud.com me.com mac.com proton.me protonmail.com gmx.de gmx.net gmx.com web.de "
    "t-online.de freenet.de mail.com mail.ru yandex.ru orange.fr wanadoo.fr free.fr laposte.net libero.it comcast.net "
    "verizon.net att.net sbcglobal.net cox.net bigpond.com qq.com 163.com fastmail.com zoho.com"
)
ROLES = frozenset(_ROLES.split())
PROVIDERS = tuple(_PROVIDERS.split())
_VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôûå")


class Evaluation(msgspec.Struct, frozen=True):
    """`dns_trouble`: DNS did not answer, so nothing was found against the domain. `suggestion`: what may be meant."""

    email: str
    syntax: bool
    dns: bool = False
    role: bool = False
    disposable: bool = False
    random: bool = False
    dns_trouble: bool = False
    suggestion: str | None = None
    fault: str = ""

    @property
    def block_reason(self) -> str | None:
        """Why nobody should send there; a role or a random look alone is no reason."""
        if not self.syntax:
            return f"The address is not valid: {self.fault}."
        if not self.dns:
            return "The domain does not accept mail."
        return "The domain gives out disposable addresses." if self.disposable else None

    @property
    def is_good(self) -> bool:
        return self.block_reason is None and not self.random and self.suggestion is None


async def evaluate(text: str, lookup: Lookup) -> Evaluation:
    """Of any text at all."""
    try:
        address = Address.parse(text)
    except AddressError as error:
        return Evaluation(text, False, fault=str(error))
    has_host, trouble = await _has_host(address.domain, lookup)
    local = address.local.lower().partition("+")[0]
    return Evaluation(
        email=str(address),
        syntax=True,
        dns=has_host,
        role=local in ROLES,
        disposable=is_disposable(address.domain),
        random=looks_random(local),
        dns_trouble=trouble,
        suggestion=suggestion_for(address),
    )


def is_disposable(domain: str) -> bool:
    """Whether it, or a domain above it, gives out throw-away addresses."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))


def suggestion_for(address: Address) -> str | None:
    """The address at the well-known provider whose name is one slip away; None for names that are well known."""
    if address.domain in PROVIDERS:
        return None
    close = difflib.get_close_matches(address.domain, PROVIDERS, 1, 0.88)
    return f"{address.local}@{close[0]}" if close else None


def looks_random(local: str) -> bool:
    """Long, hardly a vowel or many digits among letters, and no pattern: `xkq7v9zt2p`; never `john.smith1984`."""
    text = "".join(character for character in local if character.isalnum())
    if len(text) < 8 or any(part.isalpha() and len(part) > 2 and _is_word(part) for part in _parts(local)):
        return False
    switches = sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(text))
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return False
    vowels = sum(character in _VOWELS for character in letters) / len(letters)
    entropy = -sum((n := text.count(c) / len(text)) * math.log2(n) for c in set(text))
    return entropy > 2.7 and (switches >= 3 or (len(text) >= 9 and vowels < 0.15))


def _parts(local: str) -> list[str]:
    for separator in "._-0123456789":
        local = local.replace(separator, " ")
    return local.split()


def _is_word(part: str) -> bool:
    """Whether it could be said aloud: vowels in a natural share, no long run without one."""
    share = sum(character in _VOWELS for character in part) / len(part)
    run = longest = 0
    for character in part:
        run = 0 if character in _VOWELS else run + 1
        longest = max(longest, run)
    return 0.2 <= share <= 0.8 and longest <= 4


async def _has_host(domain: str, lookup: Lookup) -> tuple[bool, bool]:
    """Whether mail for it can be handed over anywhere, and whether DNS left that open."""
    exchanges = await lookup.look(domain, "MX")
    if exchanges.trouble:
        return True, True
    if exchanges.values:
        return exchanges.values != ("0 ",), False  # a null MX says that it takes no mail
    if exchanges.no_name:
        return False, False
    for rdtype in ("A", "AAAA"):
        found = await lookup.look(domain, rdtype)
        if found.values or found.trouble:
            return True, bool(found.trouble)
    return False, False
