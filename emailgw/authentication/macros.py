"""Macro strings of SPF records, RFC 7208 §7: read once, filled for each client. Pure."""

import re
from collections.abc import Mapping

import msgspec

MAX_NAME = 253  # octets of a domain name

_EXPAND = re.compile(r"%(?:\{([A-Za-z])(\d{0,3})([rR]?)([-.+,/_=]*)\}|([%_-]))")
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]+")
_LETTERS = frozenset("slodiphv")  # c, r and t are for explanations, which are not asked for here
_FIXED = {"%": "%", "_": " ", "-": "%20"}
_LAST_LABEL = re.compile(r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?\Z", re.IGNORECASE)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class RecordError(ValueError):
    """A record that breaks the grammar; the message says where."""


class Macro(msgspec.Struct, frozen=True):
    """`keep`: so many parts on the right, 0 for all. `escaped`: as in a URL."""

    letter: str
    keep: int = 0
    reverse: bool = False
    delimiters: str = "."
    escaped: bool = False


MacroString = tuple[str | Macro, ...]


def read_macros(text: str) -> MacroString:
    """Raises RecordError."""
    pieces: list[str | Macro] = []
    position = 0
    while position < len(text):
        literal = _LITERAL.match(text, position)
        if literal is not None:
            pieces.append(literal[0])
            position = literal.end()
            continue
        expand = _EXPAND.match(text, position)
        if expand is None:
            raise RecordError(f"no macro: {text[position : position + 20]!r}")
        pieces.append(_FIXED[expand[5]] if expand[5] else _macro(expand))
        position = expand.end()
    return tuple(pieces)


def _macro(found: re.Match[str]) -> Macro:
    letter = found[1].lower()
    if letter not in _LETTERS or (found[2] and int(found[2]) == 0):
        raise RecordError(f"no macro: {found[0]!r}")
    return Macro(letter, int(found[2] or 0), bool(found[3]), found[4] or ".", found[1].isupper())


def read_domain_spec(text: str) -> MacroString:
    """A macro string that is a domain name: it ends in a macro or in a label that is no number. Raises RecordError."""
    macros = read_macros(text)
    ends_in_macro = text.endswith("}") or text[-2:] in ("%%", "%_", "%-")
    if not macros or not (ends_in_macro or _LAST_LABEL.search(text)):
        raise RecordError(f"no domain name: {text[:80]!r}")
    return macros


def asks_for_name(macros: MacroString) -> bool:
    """Whether %{p} is in it, the client's validated name, for which DNS must be asked."""
    return any(isinstance(piece, Macro) and piece.letter == "p" for piece in macros)


def fill(macros: MacroString, values: Mapping[str, str]) -> str:
    """`values`: what each letter stands for."""
    return "".join(piece if isinstance(piece, str) else _filled(piece, values) for piece in macros)


def fill_name(macros: MacroString, values: Mapping[str, str]) -> str:
    """As a domain name without the final dot, labels dropped from the left until it fits (§7.3)."""
    name = fill(macros, values).rstrip(".")
    return name if len(name) <= MAX_NAME else name[-MAX_NAME - 1 :].partition(".")[2]


def _filled(macro: Macro, values: Mapping[str, str]) -> str:
    parts = re.split(f"[{re.escape(macro.delimiters)}]", values[macro.letter])
    if macro.reverse:
        parts.reverse()
    text = ".".join(parts[-macro.keep :])
    if not macro.escaped:
        return text
    escaped = (chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
    return "".join(escaped)
