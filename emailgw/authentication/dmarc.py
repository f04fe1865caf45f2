"""DMARC: whether SPF or DKIM speak for the author's domain, and what it wants done when neither does. RFC 7489.

Finding the policy asks DNS; the verdict is a pure function of it and of what SPF and DKIM said.
"""

import re
from collections.abc import Sequence

import msgspec

from emailgw.authentication.macros import MAX_NAME
from emailgw.authentication.organisation import organisation_of
from emailgw.core.dns import Looked, Lookup
from emailgw.core.receiving import DkimVerdict, DmarcVerdict, SpfVerdict

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_PERCENT = re.compile(r"\d{1,3}")
_WISHES = ("none", "quarantine", "reject")
_SEVERITY = ("pass", "none", "permerror", "temperror", "fail")  # from the least


class Policy(msgspec.Struct, frozen=True):
    """What a domain's record says. `policy`: for this domain, which may be a subdomain of the one with the record."""

    policy: str = "none"
    strict_spf: bool = False
    strict_dkim: bool = False
    percent: int = 100


class Found(msgspec.Struct, frozen=True):
    """`policy` None: there is none, or DNS did not tell (`trouble`)."""

    domain: str
    policy: Policy | None = None
    trouble: str = ""


async def find_policy(lookup: Lookup, domain: str) -> Found:
    """Of an author's domain: its own or, when it has none, that of its organisation (§6.6.3)."""
    organisation = organisation_of(domain)
    for name in dict.fromkeys((domain, organisation)):
        place = f"_dmarc.{name}"
        if len(place) > MAX_NAME:  # no name that DNS could know, so the organisation's policy holds
            continue
        looked = await lookup.look(place, "TXT")
        if looked.trouble:
            return Found(domain, trouble=looked.trouble)
        policy = _policy(looked, name != domain)
        if policy is not None:
            return Found(domain, policy)
    return Found(domain)


def _policy(looked: Looked, is_parent: bool) -> Policy | None:
    records = [value for value in looked.values if _VERSION.match(value)]
    return read_policy(records[0], is_parent) if len(records) == 1 else None


def read_policy(text: str, is_parent: bool = False) -> Policy | None:
    """None for a record that asks for nothing one could do. Faults in other tags leave their defaults (§6.3)."""
    tags: dict[str, str] = {}
    for part in text.split(";")[:50]:
        name, _, value = part.partition("=")
        tags.setdefault(name.strip().lower(), value.strip())
    wish = tags.get("p", "").lower()
    if is_parent:
        wish = tags.get("sp", wish).lower()
    if wish not in _WISHES or tags.get("p", "").lower() not in _WISHES:
        if "rua" not in tags:
            return None
        wish = "none"  # somebody who only wants reports
    percent = tags.get("pct", "")
    return Policy(
        policy=wish,
        strict_spf=tags.get("aspf", "").lower() == "s",
        strict_dkim=tags.get("adkim", "").lower() == "s",
        percent=min(100, int(percent)) if _PERCENT.fullmatch(percent) else 100,
    )


def decide(found: Found, spf: SpfVerdict, dkim: Sequence[DkimVerdict], chance: float) -> DmarcVerdict:
    """`chance`: from 0 up to 1, by which a percentage of failures is picked."""
    domain, policy = found.domain, found.policy
    if policy is None:
        result = "temperror" if found.trouble else "none"
        return DmarcVerdict(result, domain, reason=found.trouble)
    by_spf = is_aligned(spf.domain, domain, policy.strict_spf)
    speaking = [verdict for verdict in dkim if is_aligned(verdict.domain, domain, policy.strict_dkim)]
    passed = {"spf": by_spf and spf.result == "pass", "dkim": any(one.result == "pass" for one in speaking)}
    aligned = tuple(method for method, has_passed in passed.items() if has_passed)
    if aligned:
        return DmarcVerdict("pass", domain, policy.policy, aligned=aligned)
    if (by_spf and spf.result == "temperror") or any(one.result == "temperror" for one in speaking):
        return DmarcVerdict("temperror", domain, policy.policy, reason="who speaks for the domain is not known")
    return DmarcVerdict("fail", domain, policy.policy, _disposition(policy, chance))


def _disposition(policy: Policy, chance: float) -> str:
    """Those that a percentage spares get the next milder wish (§6.6.4)."""
    if chance * 100 < policy.percent:
        return policy.policy
    return "quarantine" if policy.policy == "reject" else "none"


def is_aligned(domain: str, author: str, strict: bool) -> bool:
    """§3.1: the same domain, or of the same organisation."""
    if not domain or strict:
        return domain == author
    return domain == author or organisation_of(domain) == organisation_of(author)


def worst(verdicts: Sequence[DmarcVerdict]) -> DmarcVerdict:
    """Of several authors, the one whose wish is hardest: nobody hides behind another (§6.6.1)."""
    return max(verdicts, key=lambda one: (_SEVERITY.index(one.result), _WISHES.index(one.disposition)))
