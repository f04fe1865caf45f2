"""SPF records, read whole before anything is looked up, so that a fault anywhere in one is found: RFC 7208 §4.6, §5,
§6. Pure.
"""

import enum
import re
from ipaddress import IPv4Network, IPv6Network

import msgspec

from emailgw.authentication.macros import MacroString, RecordError, read_domain_spec, read_macros

MAX_LENGTH = 8_192  # characters; the RFC wants answers to fit 512 octets

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_MECHANISM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)((?:[:/].*)?)", re.IGNORECASE | re.DOTALL)
_LENGTHS = re.compile(r"(?:/(\d+))?(?://(\d+))?\Z")
_LENGTH = re.compile(r"0|[1-9]\d{0,2}")
_ADDRESS = re.compile(r":([0-9A-Fa-f.:]+)(?:/(\d+))?")
_RESULTS = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Kind(enum.StrEnum):
    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP4 = "ip4"
    IP6 = "ip6"
    EXISTS = "exists"


_NAMES = {str(kind): kind for kind in Kind}
_NEED_DOMAIN = frozenset({Kind.INCLUDE, Kind.EXISTS})
_HAVE_LENGTHS = frozenset({Kind.A, Kind.MX})


class Mechanism(msgspec.Struct, frozen=True):
    """`result` when it matches; `domain` empty: the domain that is checked. `lengths`: of IPv4 and IPv6 prefixes."""

    kind: Kind
    result: str
    domain: MacroString = ()
    lengths: tuple[int, int] = (32, 128)
    network: IPv4Network | IPv6Network | None = None


class Record(msgspec.Struct, frozen=True):
    mechanisms: tuple[Mechanism, ...]
    redirect: MacroString = ()


def is_record(text: str) -> bool:
    return _VERSION.match(text) is not None


def read_record(text: str) -> Record:
    """Of what `is_record`. Raises RecordError."""
    if not text.isascii():
        raise RecordError("the record is not ASCII")
    if len(text) > MAX_LENGTH:
        raise RecordError(f"the record has {len(text)} characters")
    mechanisms: list[Mechanism] = []
    once: dict[str, MacroString] = {}
    for term in filter(None, text.split(" ")[1:]):
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name = modifier[1].lower()
        if name not in ("redirect", "exp"):
            read_macros(modifier[2])
        elif name in once:
            raise RecordError(f"{name} stands twice")
        else:
            once[name] = read_domain_spec(modifier[2])
    return Record(tuple(mechanisms), once.get("redirect", ()))


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.fullmatch(term)
    kind = _NAMES.get(found[2].lower()) if found is not None else None
    if found is None or kind is None:
        raise RecordError(f"no mechanism: {term[:80]!r}")
    result, argument = _RESULTS[found[1]], found[3]
    if kind is Kind.ALL:
        if argument:
            raise RecordError("all takes no argument")
        return Mechanism(kind, result)
    if kind in (Kind.IP4, Kind.IP6):
        return Mechanism(kind, result, network=_network(kind, argument))
    lengths = (32, 128)
    if kind in _HAVE_LENGTHS:
        argument, lengths = _without_lengths(argument)
    if not argument and kind not in _NEED_DOMAIN:
        return Mechanism(kind, result, (), lengths)
    if not argument.startswith(":"):
        raise RecordError(f"no domain name: {term[:80]!r}")
    return Mechanism(kind, result, read_domain_spec(argument[1:]), lengths)


def _network(kind: Kind, argument: str) -> IPv4Network | IPv6Network:
    found = _ADDRESS.fullmatch(argument)
    if found is None:
        raise RecordError(f"no {kind} network: {argument[:80]!r}")
    most = 32 if kind is Kind.IP4 else 128
    network = IPv4Network if kind is Kind.IP4 else IPv6Network
    try:
        return network(f"{found[1]}/{_length(found[2], most)}", strict=False)
    except ValueError as error:
        raise RecordError(f"no {kind} network: {error}") from None


def _without_lengths(argument: str) -> tuple[str, tuple[int, int]]:
    found = _LENGTHS.search(argument)
    if found is None:
        return argument, (32, 128)
    return argument[: found.start()], (_length(found[1], 32), _length(found[2], 128))


def _length(text: str | None, most: int) -> int:
    if text is None:
        return most
    if not _LENGTH.fullmatch(text) or int(text) > most:
        raise RecordError(f"no prefix length: /{text[:20]}")
    return int(text)
