"""DMARC by the rules of RFC 7489: where the policy is found, who speaks for the author, what becomes of failures."""

import asyncio

import pytest

from emailgw.authentication.dmarc import Found, Policy, decide, find_policy, is_aligned, read_policy, worst
from emailgw.authentication.organisation import organisation_of
from emailgw.core.receiving import DkimVerdict, DmarcVerdict, SpfVerdict
from tests.authentication.zone import Zone

PASSED = SpfVerdict("pass", "mail.author.test")


def find(zone: Zone, domain: str) -> Found:
    return asyncio.run(find_policy(zone, domain))


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("joe.github.io", "joe.github.io"),
        ("a.joe.github.io", "joe.github.io"),
        ("www.ck", "www.ck"),
        ("a.b.test", "b.test"),
        ("a.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
    ],
)
def test_organisations(domain: str, organisation: str) -> None:
    assert organisation_of(domain) == organisation


@pytest.mark.parametrize(
    ("author", "other", "relaxed", "strict"),
    [
        ("author.test", "author.test", True, True),
        ("author.test", "mail.author.test", True, False),
        ("a.author.test", "b.author.test", True, False),
        ("author.test", "xauthor.test", False, False),
        ("author.test", "author.test.evil.test", False, False),
        ("a.co.uk", "b.co.uk", False, False),
        ("author.test", "", False, False),
    ],
)
def test_alignment(author: str, other: str, relaxed: bool, strict: bool) -> None:
    assert is_aligned(other, author, False) is relaxed
    assert is_aligned(other, author, True) is strict


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        ("v=DMARC1; p=reject", Policy("reject")),
        ("v=DMARC1;p=Quarantine;pct=20; adkim=s; aspf=S;", Policy("quarantine", True, True, 20)),
        ("v = DMARC1 ; p = none", Policy("none")),
        ("v=DMARC1; p=reject; pct=none; adkim=x; unknown", Policy("reject")),
        ("v=DMARC1; p=reject; pct=500", Policy("reject")),
        ("v=DMARC1; p=everything", None),
        ("v=DMARC1", None),
        ("v=DMARC1; rua=mailto:a@b.test", Policy("none")),
        ("v=DMARC1; p=reject; sp=junk; rua=mailto:a@b.test", Policy("reject")),
        ("v=DMARC1; p=reject; p=none", Policy("reject")),
    ],
)
def test_records(record: str, policy: Policy | None) -> None:
    assert read_policy(record) == policy


def test_a_policy_for_subdomains() -> None:
    record = "v=DMARC1; p=reject; sp=none"
    assert read_policy(record, True) == Policy("none")
    assert read_policy("v=DMARC1; p=reject", True) == Policy("reject")
    zone = Zone(
        {"_dmarc.author.test": {"TXT": ["other", record]}, "_dmarc.own.author.test": {"TXT": ["v=DMARC1; p=reject"]}}
    )
    assert find(zone, "author.test").policy == Policy("reject")
    assert find(zone, "a.b.author.test").policy == Policy("none")
    assert find(zone, "own.author.test").policy == Policy("reject")
    assert ("_dmarc.b.author.test", "TXT") not in zone.asked


def test_where_there_is_no_policy() -> None:
    two = ["v=DMARC1; p=reject", "v=DMARC1; p=none"]
    assert find(Zone({"_dmarc.author.test": {"TXT": two}}), "author.test").policy is None
    assert find(Zone({"_dmarc.author.test": {"TXT": ["v=DMARC10; p=reject"]}}), "author.test").policy is None
    assert find(Zone({}), "author.test") == Found("author.test")
    assert find(Zone({}, trouble={"_dmarc.author.test"}), "www.author.test").trouble


def dkim(result: str, domain: str) -> DkimVerdict:
    return DkimVerdict(result, domain, "s")


@pytest.mark.parametrize(
    ("policy", "spf", "signatures", "result", "aligned"),
    [
        (Policy("reject"), PASSED, [], "pass", ("spf",)),
        (Policy("reject", strict_spf=True), PASSED, [], "fail", ()),
        (Policy("reject"), SpfVerdict("pass", "evil.test"), [], "fail", ()),
        (Policy("reject"), SpfVerdict("softfail", "author.test"), [], "fail", ()),
        (Policy("reject"), SpfVerdict(), [dkim("pass", "author.test")], "pass", ("dkim",)),
        (Policy("reject"), SpfVerdict(), [dkim("pass", "evil.test"), dkim("pass", "m.author.test")], "pass", ("dkim",)),
        (Policy("reject", strict_dkim=True), SpfVerdict(), [dkim("pass", "m.author.test")], "fail", ()),
        (Policy("reject"), SpfVerdict(), [dkim("pass", "evil.test")], "fail", ()),
        (Policy("reject"), SpfVerdict(), [dkim("policy", "author.test")], "fail", ()),
        (Policy("reject"), PASSED, [dkim("pass", "author.test")], "pass", ("spf", "dkim")),
        (Policy("reject"), PASSED, [dkim("temperror", "author.test")], "pass", ("spf",)),
        # What could not be found out never makes a failure, unless it would not have helped.
        (Policy("reject"), SpfVerdict("temperror", "author.test"), [], "temperror", ()),
        (Policy("reject"), SpfVerdict("temperror", "evil.test"), [], "fail", ()),
        (Policy("reject"), SpfVerdict(), [dkim("temperror", "author.test")], "temperror", ()),
        (Policy("reject"), SpfVerdict(), [dkim("temperror", "evil.test")], "fail", ()),
    ],
)
def test_verdicts(
    policy: Policy, spf: SpfVerdict, signatures: list[DkimVerdict], result: str, aligned: tuple[str, ...]
) -> None:
    verdict = decide(Found("author.test", policy), spf, signatures, 0.5)
    assert (verdict.result, verdict.aligned, verdict.policy) == (result, aligned, "reject")
    assert verdict.disposition == ("reject" if result == "fail" else "none")


def test_without_a_policy_nothing_fails() -> None:
    assert decide(Found("author.test"), SpfVerdict("fail", "author.test"), [], 0).result == "none"
    assert decide(Found("author.test", trouble="no answer"), PASSED, [], 0).result == "temperror"


@pytest.mark.parametrize(
    ("policy", "chance", "disposition"),
    [
        (Policy("reject", percent=30), 0.29, "reject"),
        (Policy("reject", percent=30), 0.30, "quarantine"),
        (Policy("reject", percent=0), 0.0, "quarantine"),
        (Policy("reject"), 0.999, "reject"),
        (Policy("quarantine", percent=30), 0.29, "quarantine"),
        (Policy("quarantine", percent=30), 0.9, "none"),
        (Policy("none"), 0.0, "none"),
    ],
)
def test_a_percentage_spares_some(policy: Policy, chance: float, disposition: str) -> None:
    assert decide(Found("author.test", policy), SpfVerdict(), [], chance).disposition == disposition


def test_nobody_hides_behind_another_author() -> None:
    bank = DmarcVerdict("fail", "bank.test", "reject", "reject")
    assert worst([DmarcVerdict("pass", "evil.test"), bank, DmarcVerdict("temperror", "slow.test")]) == bank
    assert worst([DmarcVerdict("fail", "x.test", "none"), bank]) == bank
