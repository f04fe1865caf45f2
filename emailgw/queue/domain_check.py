"""Whether DNS shows a domain's records, and if not, what to change: in words for the one who edits the zone.

Pure but for the lookup that it is given. RFC 7208 (SPF), RFC 6376 §3.6.1 (DKIM), RFC 7489 (DMARC), RFC 1034 §3.6.2.
"""

import asyncio
import ipaddress
import re

import msgspec

from emailgw.core.directory import DkimKey, DkimKeyState, Domain, DomainRecord, RecordStatus
from emailgw.core.dns import Looked, Lookup

MAX_SPF_LOOKUPS = 10  # RFC 7208 §4.6.4
SHOWN = 70  # characters of a record in a message

_SPF_TERM = re.compile(r"[+?~-]?(include|a|mx|ptr|exists|ip4|ip6)(?:[:/](.*))?\Z", re.IGNORECASE)


def expected_records(domain: Domain, keys: tuple[DkimKey, ...], host_name: str) -> tuple[DomainRecord, ...]:
    """All that is to be published, with the status that the last check found."""
    host = domain.return_path_host
    records = [
        DomainRecord(
            "DKIM", f"{key.selector}._domainkey.{domain.name}", "TXT", key.record,
            required=key.state is not DkimKeyState.RETIRED,
        )
        for key in keys
    ]  # fmt: skip
    records += [
        DomainRecord("SPF", host, "TXT", f"v=spf1 a:{host_name} -all"),
        DomainRecord("MX", host, "MX", host_name, 10),
        DomainRecord("DMARC", f"_dmarc.{domain.name}", "TXT", "v=DMARC1; p=none", required=False),
        DomainRecord("Tracking", domain.tracking_host, "CNAME", host_name, required=False),
    ]
    if domain.receiving:
        records.append(DomainRecord("Receiving", domain.name, "MX", host_name, 10, required=False))
    found = {(record.purpose, record.name): record for record in domain.checked}
    return tuple(
        msgspec.structs.replace(record, status=was.status, message=was.message)
        if (was := found.get((record.purpose, record.name))) is not None and was.value == record.value
        else record
        for record in records
    )


async def check_records(records: tuple[DomainRecord, ...], lookup: Lookup) -> tuple[DomainRecord, ...]:
    """The records with the status that DNS gives them now."""
    return tuple(await asyncio.gather(*(_check(record, lookup) for record in records)))


async def _check(record: DomainRecord, lookup: Lookup) -> DomainRecord:
    found = await lookup.look(record.name, record.type)
    if found.trouble:
        return _judged(record, RecordStatus.TEMPORARY_FAILURE, f"DNS did not answer: {found.trouble}. Try again.")
    if record.purpose == "SPF":
        status, message = await _check_spf(record, found, lookup)
    elif record.type == "MX":
        status, message = _check_mx(record, found)
    elif record.purpose == "DKIM":
        status, message = _check_dkim(record, found)
    elif record.purpose == "DMARC":
        status, message = await _check_dmarc(record, found, lookup)
    else:
        status, message = _check_cname(record, found)
    if status is not RecordStatus.VERIFIED and record.type != "CNAME":
        alias = await lookup.look(record.name, "CNAME")
        if alias.values:
            message = (
                f"There is a CNAME at {record.name} (to {alias.values[0]}), which hides every other record there: "
                f"remove it and publish the {record.type} record."
            )
            status = RecordStatus.FAILED
    return _judged(record, status, message)


def _judged(record: DomainRecord, status: RecordStatus, message: str) -> DomainRecord:
    return msgspec.structs.replace(record, status=status, message=message)


def _missing(record: DomainRecord) -> tuple[RecordStatus, str]:
    return RecordStatus.PENDING, f"There is no {record.purpose} record ({record.type}) at {record.name}: publish it."


def _other(record: DomainRecord, values: tuple[str, ...]) -> tuple[RecordStatus, str]:
    found = ", ".join(_short(value) for value in values[:3])
    return RecordStatus.FAILED, f"At {record.name} there is {found}; it should be {_short(record.value)}."


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 20]}…{text[-12:]}")


def _plain(text: str) -> str:
    """Quotes that someone typed into the zone editor are not meant."""
    return text.strip().strip('"').strip()


def _check_dkim(record: DomainRecord, found: Looked) -> tuple[RecordStatus, str]:
    if not found.values:
        return _missing(record)
    wanted = _tags(record.value)
    keys = [_tags(value) for value in found.values]
    if len(keys) > 1:
        return RecordStatus.FAILED, f"There are {len(keys)} TXT records at {record.name}; leave only ours."
    # Tag names and p= are case-sensitive, k= defaults to rsa, v= may be missing (RFC 6376 §3.6.1).
    if keys[0].get("p") == wanted["p"] and keys[0].get("k", "rsa") == wanted["k"]:
        return RecordStatus.VERIFIED, ""
    if keys[0].get("p") == "":
        return (
            RecordStatus.FAILED,
            f"The key at {record.name} is revoked (p= is empty); publish {_short(record.value)}.",
        )
    return _other(record, found.values)


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in _plain(text).replace('"', "").split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def _check_mx(record: DomainRecord, found: Looked) -> tuple[RecordStatus, str]:
    if not found.values:
        return _missing(record)
    hosts = sorted((int(value.split()[0]), value.partition(" ")[2]) for value in found.values)
    ours = [preference for preference, host in hosts if host == record.value.lower()]
    if not ours:
        return _other(record, tuple(host or "." for _, host in hosts))
    if hosts[0][0] < ours[0]:
        return RecordStatus.FAILED, (
            f"The MX record of {record.name} to {hosts[0][1]} comes before ours, so mail goes there: remove it."
        )
    return RecordStatus.VERIFIED, ""


async def _check_dmarc(record: DomainRecord, found: Looked, lookup: Lookup) -> tuple[RecordStatus, str]:
    policies = [value for value in map(_plain, found.values) if _tags(value).get("v", "").upper() == "DMARC1"]
    if len(policies) > 1:
        return (
            RecordStatus.FAILED,
            f"There are {len(policies)} DMARC records at {record.name}; receivers ignore them all.",
        )
    if policies:
        if _tags(policies[0]).get("p", "").lower() in ("none", "quarantine", "reject"):
            return RecordStatus.VERIFIED, ""
        return RecordStatus.FAILED, f"The DMARC record {_short(policies[0])} has no p=none, p=quarantine or p=reject."
    labels = record.name.split(".")
    if len(labels) > 3:  # the organisation's policy holds for its subdomains
        parent = await lookup.look("_dmarc." + ".".join(labels[-2:]), "TXT")
        if any(_tags(value).get("v", "").upper() == "DMARC1" for value in parent.values):
            return RecordStatus.VERIFIED, ""
    return _missing(record)


def _check_cname(record: DomainRecord, found: Looked) -> tuple[RecordStatus, str]:
    if not found.values:
        return _missing(record)
    return (RecordStatus.VERIFIED, "") if record.value.lower() in found.values else _other(record, found.values)


async def _check_spf(record: DomainRecord, found: Looked, lookup: Lookup) -> tuple[RecordStatus, str]:
    policies = [value for value in map(_plain, found.values) if _is_spf(value)]
    if len(policies) > 1:
        return RecordStatus.FAILED, (
            f"There are {len(policies)} SPF records at {record.name}, and receivers then use none: merge them into one."
        )
    if not policies:
        return _missing(record)
    walk = _SPFWalk(lookup, record.value.split()[1].removeprefix("a:"))
    await walk.read(policies[0], record.name)
    if walk.lookups > MAX_SPF_LOOKUPS:
        return RecordStatus.FAILED, (
            f"The SPF record at {record.name} needs more than {MAX_SPF_LOOKUPS} DNS lookups (RFC 7208), so receivers "
            "reject it: take out includes."
        )
    if walk.trouble:
        return RecordStatus.TEMPORARY_FAILURE, f"DNS did not answer: {walk.trouble}. Try again."
    if not walk.allows_us:
        return RecordStatus.FAILED, (
            f"The SPF record {_short(policies[0])} at {record.name} does not name this gateway: add a:{walk.host_name}."
        )
    return RecordStatus.VERIFIED, ""


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


class _SPFWalk:
    """Reads an SPF record and what it includes: how many lookups that takes, and whether our host is named."""

    def __init__(self, lookup: Lookup, host_name: str) -> None:
        self._lookup = lookup
        self.host_name = host_name.lower()
        self.lookups = 0
        self.allows_us = False
        self.trouble = ""

    async def read(self, policy: str, name: str) -> None:
        for term in policy.split()[1:]:
            if self.lookups > MAX_SPF_LOOKUPS:
                return
            if term.lower().startswith("redirect="):
                self.lookups += 1
                await self._read_at(term.partition("=")[2])
                continue
            matched = _SPF_TERM.match(term)
            if matched is not None:
                await self._read_term(matched[1].lower(), (matched[2] or "").lower().rstrip("."), name, term)

    async def _read_term(self, kind: str, value: str, name: str, term: str) -> None:
        if kind in ("ip4", "ip6"):
            await self._read_network(value)
            return
        self.lookups += 1
        if term.startswith(("-", "~", "?")):
            return
        if kind == "include":
            await self._read_at(value)
        elif kind == "a":
            self.allows_us |= (value or name).partition("/")[0] == self.host_name
        elif kind == "mx":
            found = await self._lookup.look(value.partition("/")[0] or name, "MX")
            self.trouble = self.trouble or found.trouble
            self.allows_us |= any(mx.endswith(f" {self.host_name}") for mx in found.values)

    async def _read_at(self, name: str) -> None:
        found = await self._lookup.look(name, "TXT")
        self.trouble = self.trouble or found.trouble
        for value in filter(_is_spf, map(_plain, found.values)):
            await self.read(value, name)

    async def _read_network(self, value: str) -> None:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return
        found = await self._lookup.look(self.host_name, "A" if network.version == 4 else "AAAA")
        self.allows_us |= any(ipaddress.ip_address(address) in network for address in found.values)
