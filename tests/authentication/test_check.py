"""The three together: deadlines, floods of signatures, hostile DNS; whatever comes, there is an answer and no delay."""

import asyncio
import time
from typing import Any

import pytest

from emailgw.authentication.check import MAX_SIGNATURES, Authenticator
from emailgw.core.receiving import Authentication, Incoming
from tests.authentication.signing import MESSAGE, record_of, rsa_key, sign
from tests.authentication.zone import Zone

NOW = 1_800_000_000_000
RECORDS = {
    "author.test": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
    "_dmarc.author.test": {"TXT": ["v=DMARC1; p=reject"]},
    "s._domainkey.author.test": {"TXT": [record_of(rsa_key())]},
    "s._domainkey.evil.test": {"TXT": [record_of(rsa_key())]},
}
KEY = "s._domainkey.author.test"


async def ask(raw: bytes, zone: Zone, client: str, reverse_path: str, timeout: int, now: int) -> Authentication:
    authenticator = Authenticator(zone, timeout, lambda: now, lambda: 0.5)
    return await authenticator.check(Incoming(client, reverse_path, raw, "mx.author.test"))


def check(
    raw: bytes,
    zone: Zone | None = None,
    client: str = "192.0.2.7",
    reverse_path: str = "ann@author.test",
    timeout: int = 10_000,
    now: int = NOW,
) -> Authentication:
    return asyncio.run(ask(raw, zone or Zone(RECORDS), client, reverse_path, timeout, now))


def results(found: Authentication) -> tuple[str, list[str], str]:
    return found.spf.result, [one.result for one in found.dkim], found.dmarc.result


def test_all_is_well() -> None:
    found = check(sign())
    assert results(found) == ("pass", ["pass"], "pass")
    assert found.dmarc.aligned == ("spf", "dkim")
    assert (found.dkim[0].domain, found.dkim[0].selector) == ("author.test", "s")
    assert not found.is_refused


def test_nothing_is_well() -> None:
    found = check(sign().replace(b"last", b"lost"), client="192.0.2.8")
    assert results(found) == ("fail", ["fail"], "fail")
    assert found.dkim[0].reason == "the body is not what was signed"
    assert found.is_refused


def test_one_is_enough() -> None:
    assert results(check(sign(), client="192.0.2.8")) == ("fail", ["pass"], "pass")
    assert results(check(MESSAGE)) == ("pass", [], "pass")
    assert results(check(MESSAGE, reverse_path="x@evil.test")) == ("none", [], "fail")


def test_the_null_reverse_path_is_as_good_as_the_name_of_the_host() -> None:
    zone = Zone({**RECORDS, "mx.author.test": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}})
    found = check(MESSAGE, zone, reverse_path="")
    assert (found.spf.identity, found.spf.domain, found.dmarc.aligned) == ("helo", "mx.author.test", ("spf",))


@pytest.mark.parametrize("name", ["author.test", KEY, "_dmarc.author.test"])
def test_silence_of_dns_is_temporary_and_ends_at_the_deadline(name: str) -> None:
    spf, dkim, dmarc = results(check(sign(), Zone(RECORDS, silent={name}), timeout=200))
    assert (spf == "temperror") is (name == "author.test")
    assert (dkim == ["temperror"]) is (name == KEY)
    assert dmarc == ("temperror" if name == "_dmarc.author.test" else "pass")


def test_silence_of_everything_refuses_nothing() -> None:
    silent = {"author.test", KEY, "_dmarc.author.test"}
    for zone in (Zone(RECORDS, silent=silent), Zone(RECORDS, trouble=silent)):
        found = check(sign(), zone, timeout=200)
        assert results(found) == ("temperror", ["temperror"], "temperror")
        assert not found.is_refused
    found = check(sign(), Zone(RECORDS, silent={"author.test", KEY}), timeout=200)
    assert results(found)[2] == "temperror"
    assert not found.is_refused


def test_silence_of_others_excuses_nobody() -> None:
    raw = sign(MESSAGE, "evil.test")
    zone = Zone(RECORDS, silent={"s._domainkey.evil.test", "evil.test"})
    found = check(raw, zone, reverse_path="x@evil.test", timeout=200)
    assert results(found) == ("temperror", ["temperror"], "fail")
    assert found.is_refused


def test_a_fault_in_one_method_is_none_of_the_others() -> None:
    class Broken(Zone):
        async def look(self, name: str, rdtype: str) -> Any:
            if name == KEY:
                raise RuntimeError("broken")
            return await super().look(name, rdtype)

    assert results(check(sign(), Broken(RECORDS))) == ("pass", ["temperror"], "pass")


def test_a_thousand_signatures_are_five() -> None:
    others = b"".join(sign(MESSAGE, "evil.test").partition(b"Received:")[:1]) * 1000
    zone = Zone(RECORDS)
    found = check(others + MESSAGE, zone)
    assert len(found.dkim) == MAX_SIGNATURES
    assert len(zone.asked) < 20
    found = check(others[: len(others) // 20] + sign(), zone)
    assert len(found.dkim) == MAX_SIGNATURES
    assert found.dkim[0].domain == "author.test"  # what can help is looked at first


def test_signatures_expire() -> None:
    raw = sign().replace(b"DKIM-Signature: ", b"DKIM-Signature: x=1899999999;", 1)
    found = check(raw, now=1_900_000_000_000)
    assert (found.dkim[0].result, found.dkim[0].reason) == ("fail", "the signature has expired")
    assert check(raw).dkim[0].reason == "the header is not what was signed"


def test_a_key_on_trial_says_so() -> None:
    record = record_of(rsa_key()).replace("k=rsa;", "k=rsa; t=y;")
    found = check(sign(), Zone({**RECORDS, KEY: {"TXT": [record]}}))
    assert (found.dkim[0].result, found.dkim[0].reason) == ("pass", "(the key is on trial)")


@pytest.mark.parametrize(
    ("author", "result"),
    [
        (b"From: ann@author.test\r\nFrom: x@evil.test\r\n", "fail"),
        (b"From: x@evil.test, ann@author.test\r\n", "fail"),
        (b"From: <x@evil.test> <ann@author.test>\r\n", "fail"),
        (b"From : ann@author.test\r\n", "fail"),
        (b"FROM:\r\n ann@author.test\r\n", "fail"),
        (b'From: "ann@author.test" <x@evil.test>\r\n', "none"),
        (b"From: " + b", ".join(b"a@d%d.test" % number for number in range(9)) + b"\r\n", "fail"),
        (b"From: ann@auth\x00or.te\x7fst\r\n", "fail"),
        (b"From: ann@" + b".".join([b"x" * 57] * 4) + b".author.test\r\n", "fail"),
        (b"From: ann@evil.test\r\nFrom: x@evil.test\r\n", "permerror"),
        (b"From: nobody\r\n", "permerror"),
        (b"Subject: no author\r\n", "permerror"),
    ],
)
def test_who_the_author_is(author: bytes, result: str) -> None:
    found = check(author + b"\r\nText.\r\n", reverse_path="x@evil.test")
    assert found.dmarc.result == result
    assert found.is_refused is (result != "none")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"junk",
        b"From: \xff\xfe\r\n\r\n",
        b"DKIM-Signature:\r\n\r\n",
        b"X: y\r\n" * 200_000 + b"\r\n",
        b"From: a@b.test" + b" (" * 50_000 + b"\r\n\r\n",
        b"DKIM-Signature: " + b"a=1;" * 100_000 + b"\r\n\r\n",
    ],
)
def test_whatever_comes_there_is_an_answer(raw: bytes) -> None:
    assert check(raw).dmarc.result in ("none", "permerror")


@pytest.mark.alone
def test_a_large_message_holds_nobody_up() -> None:
    """Beside 25 MB with five signatures the loop goes on turning: what it misses is far from the time it all takes."""
    body = b"All  work and no play makes\tJack a dull boy. \r\n" * (25 * 2**20 // 47)
    signed = sign(MESSAGE)
    fields = signed[: signed.index(b"Received:")]
    forms = [b"relaxed/simple", b"simple/simple", b"relaxed/relaxed", b"simple/relaxed"]
    top = b"".join(fields.replace(b"relaxed/simple", form) for form in forms)
    raw = top + MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body

    async def watched() -> tuple[float, float]:
        done = asyncio.create_task(ask(raw, Zone(RECORDS), "192.0.2.7", "", 60_000, NOW))
        worst, began = 0.0, time.perf_counter()
        last = began
        while not done.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            worst, last = max(worst, now - last), now
        assert [one.result for one in (await done).dkim] == ["fail"] * 4
        return worst, last - began

    # A share of the whole, so that a busy machine does not matter: one call over the whole body is a half or more.
    assert min(worst / whole for worst, whole in (asyncio.run(watched()) for _ in range(3))) < 0.2
