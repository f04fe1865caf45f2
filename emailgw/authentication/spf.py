"""SPF: whether a host may send with a reverse-path, RFC 7208. Asks DNS, within the limits of §4.6.4.

Ours because the one library (pyspf, last released in 2020) asks DNS by blocking calls of its own; this asks through the
resolver that the gateway has, and stops where the RFC says. Explanations (exp=) are never fetched: nothing is refused
for SPF alone.
"""

import ipaddress

import msgspec

from emailgw.authentication.macros import MAX_NAME, MacroString, RecordError, asks_for_name, fill_name
from emailgw.authentication.spf_record import Kind, Mechanism, Record, is_record, read_record
from emailgw.core.address import AddressError, parse_domain, same_or_below
from emailgw.core.dns import Looked, Lookup
from emailgw.core.receiving import SpfVerdict
from emailgw.core.text import clean_line

MAX_TERMS = 10  # that ask DNS
MAX_VOID = 2  # of them, with no answer
MAX_HOSTS = 10  # of one MX or PTR answer
MAX_LABEL = 63  # octets

_Host = ipaddress.IPv4Address | ipaddress.IPv6Address


class _End(Exception):
    """How a check ends, but for what a mechanism says."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result


async def check_spf(lookup: Lookup, client: str, reverse_path: str, helo: str) -> SpfVerdict:
    """`client`: an address, or empty for a Unix socket. With the null reverse-path the EHLO name is checked (§2.4)."""
    verdict = not_known(reverse_path, helo)
    if verdict.result == "none":
        return verdict
    try:
        host = _host(client)
    except ValueError:
        return msgspec.structs.replace(verdict, result="none", reason="the client has no address")
    local = reverse_path.rpartition("@")[0] or "postmaster"
    check = _Check(lookup, host, local, verdict.domain, helo)
    try:
        return msgspec.structs.replace(verdict, result=await check.run(verdict.domain), reason="")
    except _End as end:
        return msgspec.structs.replace(verdict, result=end.result, reason=clean_line(str(end), 200))


def not_known(reverse_path: str, helo: str) -> SpfVerdict:
    """What is to be said before anything is known: of whom; `none` where there is nobody to ask about."""
    identity = "mailfrom" if reverse_path else "helo"
    name = reverse_path.rpartition("@")[2] if reverse_path else helo
    try:
        domain = parse_domain(name[: MAX_NAME + 1])
    except AddressError as error:
        return SpfVerdict("none", reason=clean_line(str(error), 200), identity=identity)
    if "." not in domain:
        return SpfVerdict("none", domain, "not a domain name of several labels", identity)
    return SpfVerdict("temperror", domain, "not known in time", identity)


def _host(client: str) -> _Host:
    host = ipaddress.ip_address(client)
    mapped = host.ipv4_mapped if isinstance(host, ipaddress.IPv6Address) else None
    return mapped or host


class _Check:
    """One run, with its limits."""

    def __init__(self, lookup: Lookup, host: _Host, local: str, domain: str, helo: str) -> None:
        self._lookup = lookup
        self._client = host
        self._terms = 0
        self._void = 0
        self._names: list[str] | None = None  # of the client, validated
        nibbles = host.exploded.replace(":", "") if host.version == 6 else ""
        self._values = {
            "s": f"{local}@{domain}",
            "l": local,
            "o": domain,
            "h": helo,
            "i": ".".join(nibbles) if nibbles else str(host),
            "v": "ip6" if nibbles else "in-addr",
        }

    async def run(self, domain: str) -> str:
        """Raises _End."""
        record = await self._record(domain)
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                return mechanism.result
        if not record.redirect:
            return "neutral"
        self._count()
        return await self._run_other(record.redirect, domain)

    async def _run_other(self, target: MacroString, domain: str) -> str:
        name = await self._name(target, domain)
        try:
            return await self.run(name)
        except _End as end:
            if end.result == "none":
                raise _End("permerror", f"{name} has no SPF record") from None
            raise

    async def _record(self, domain: str) -> Record:
        looked = await self._look(domain, "TXT", False)
        found = [text for text in looked.values if is_record(text)]
        if not found:
            raise _End("none", f"{domain} has no SPF record")
        if len(found) > 1:
            raise _End("permerror", f"{domain} has {len(found)} SPF records")
        try:
            return read_record(found[0])
        except RecordError as error:
            raise _End("permerror", f"{domain}: {error}") from None

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.kind is Kind.ALL:
            return True
        if mechanism.network is not None:
            return self._client in mechanism.network
        self._count()
        if mechanism.kind is Kind.INCLUDE:
            return await self._run_other(mechanism.domain, domain) == "pass"
        target = await self._name(mechanism.domain, domain) if mechanism.domain else domain
        match mechanism.kind:
            case Kind.A:
                return await self._is_at(target, mechanism.lengths, True)
            case Kind.MX:
                return await self._is_at_exchange(target, mechanism.lengths)
            case Kind.EXISTS:
                return bool((await self._look(target, "A", True)).values)
            case _:
                return any(same_or_below(name, target.lower()) for name in await self._validated())

    async def _is_at(self, name: str, lengths: tuple[int, int], counted: bool) -> bool:
        """Whether the client is in one of the networks that the addresses of `name` are in."""
        version = self._client.version
        looked = await self._look(name, "A" if version == 4 else "AAAA", counted)
        length = lengths[0] if version == 4 else lengths[1]
        return any(
            self._client in ipaddress.ip_network(f"{address}/{length}", strict=False) for address in looked.values
        )

    async def _is_at_exchange(self, name: str, lengths: tuple[int, int]) -> bool:
        exchanges = (await self._look(name, "MX", True)).values
        if len(exchanges) > MAX_HOSTS:
            raise _End("permerror", f"{name} has {len(exchanges)} MX hosts")
        # A host without addresses of the client's kind is no void lookup: most have none of IPv6.
        for host in dict.fromkeys(exchange.partition(" ")[2] for exchange in exchanges):
            if await self._is_at(host, lengths, False):
                return True
        return False

    async def _validated(self) -> list[str]:
        """The client's names whose addresses name the client (§5.5); trouble with DNS leaves them out."""
        if self._names is None:
            self._names = []
            looked = await self._lookup.look(self._client.reverse_pointer, "PTR")
            for name in looked.values[:MAX_HOSTS]:
                try:
                    if await self._is_at(name, (32, 128), False):
                        self._names.append(name.lower())
                except _End:
                    continue
        return self._names

    async def _name(self, macros: MacroString, domain: str) -> str:
        values = {**self._values, "d": domain}
        if asks_for_name(macros):
            if self._names is None:
                self._count()
            values["p"] = _preferred(await self._validated(), domain)
        return fill_name(macros, values)

    async def _look(self, name: str, rdtype: str, counted: bool) -> Looked:
        """Nothing for what no name in DNS can be. Raises _End for trouble."""
        looked = await self._lookup.look(name, rdtype) if _is_name(name) else Looked(no_name=True)
        if looked.trouble:
            raise _End("temperror", looked.trouble)
        if counted and not looked.values:
            self._void += 1
            if self._void > MAX_VOID:
                raise _End("permerror", f"more than {MAX_VOID} lookups with no answer")
        return looked

    def _count(self) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _End("permerror", f"more than {MAX_TERMS} terms that ask DNS")


def _is_name(name: str) -> bool:
    """What macros make of a local part may be none (RFC 8616 §3), and a backslash means more to DNS software."""
    labels = name.split(".")
    fits = len(name) <= MAX_NAME and all(0 < len(label) <= MAX_LABEL for label in labels)
    return fits and name.isascii() and name.isprintable() and "\\" not in name


def _preferred(names: list[str], domain: str) -> str:
    """§7.3: the domain itself, one below it, any."""
    for name in names:
        if name == domain:
            return name
    return next((name for name in names if same_or_below(name, domain)), names[0] if names else "unknown")
