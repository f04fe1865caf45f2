"""The commands of SMTP taken apart: verb, path, ESMTP parameters. Pure; used by `dialog`.

Strict where two readers might differ (controls, source routes, paths that end early), lenient where old clients are
sloppy and nobody is misled: a blank behind the colon, a path without brackets. What is wrong is a SyntaxFault that
holds the reply. RFC 5321 §4.1.2, RFC 1870, RFC 3461 (DSN), RFC 6152, RFC 6531.
"""

import re
from typing import NamedTuple

from emailgw.core.dsn import Notify, Return

LONGEST_PATH = 512  # characters, more than any address may have: what is wrong with it is said by whoever reads it

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.){0,200}"|[^"<>\s]){0,512})>(?:\s+(.*))?\s*\Z')
_BARE_PATH = re.compile(r"\s*([^\s<>\"]{1,512})(?:\s+(.*))?\s*\Z")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\x80-\U0010ffff]+))?\Z")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]{1,40}\Z")
MAX_ENVID = 100  # characters, RFC 3461 §4.4
MAX_ORCPT = 500  # RFC 3461 §4.2


class SyntaxFault(ValueError):
    """`str()` is the reply."""


class Mail(NamedTuple):
    """MAIL FROM. `path` empty is the null reverse-path; `size` as declared, 0 for none."""

    path: str
    size: int = 0
    utf8: bool = False
    ret: Return | None = None
    envid: str = ""


class Rcpt(NamedTuple):
    """RCPT TO. `original`: ORCPT as `type;address`, decoded."""

    path: str
    notify: tuple[Notify, ...] = ()
    original: str = ""


class Chunk(NamedTuple):
    """BDAT."""

    size: int
    last: bool


def read_text(line: bytes) -> str:
    """A command line as text. Raises SyntaxFault."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise SyntaxFault("500 5.5.2 Commands must be ASCII or UTF-8") from None
    if _CONTROL.search(text):
        raise SyntaxFault("500 5.5.2 Control characters are not accepted in commands")
    return text


def read_mail(argument: str, offers_dsn: bool) -> Mail:
    """What follows MAIL. Raises SyntaxFault."""
    path, parameters = _path(argument, "FROM")
    utf8 = "SMTPUTF8" in parameters
    if utf8 and parameters.pop("SMTPUTF8"):
        raise SyntaxFault("501 5.5.4 SMTPUTF8 takes no value")
    if not path.isascii() and not utf8:
        raise SyntaxFault("553 5.6.7 Non-ASCII addresses need the SMTPUTF8 parameter")
    size, ret, envid = 0, None, ""
    for name, value in parameters.items():
        if name == "SIZE":
            if not (value.isascii() and value.isdigit() and len(value) <= 20):
                raise SyntaxFault("501 5.5.4 SIZE takes a number of octets")
            size = int(value)
        elif name == "BODY":
            if value.upper() not in ("7BIT", "8BITMIME"):
                raise SyntaxFault("501 5.5.4 BODY is 7BIT or 8BITMIME here")
        elif name == "AUTH":
            pass  # RFC 4954 §5: who submitted it elsewhere; nobody here asks
        elif name == "RET" and offers_dsn:
            if value.upper() not in Return.__members__:
                raise SyntaxFault("501 5.5.4 RET is FULL or HDRS")
            ret = Return[value.upper()]
        elif name == "ENVID" and offers_dsn:
            envid = _xtext(value, "ENVID", MAX_ENVID)
        else:
            raise SyntaxFault(f"555 5.5.4 The parameter {name[:40]} is not known here")
    return Mail(path, size, utf8, ret, envid)


def read_rcpt(argument: str, offers_dsn: bool, utf8: bool) -> Rcpt:
    """What follows RCPT; `utf8`: MAIL had SMTPUTF8. Raises SyntaxFault."""
    path, parameters = _path(argument, "TO")
    if not path.isascii() and not utf8:
        raise SyntaxFault("553 5.6.7 Non-ASCII addresses need the SMTPUTF8 parameter of MAIL")
    if not path:
        raise SyntaxFault("501 5.1.3 A recipient must have an address")
    notify: tuple[Notify, ...] = ()
    original = ""
    for name, value in parameters.items():
        if name == "NOTIFY" and offers_dsn:
            words = value.upper().split(",")
            known = set(words) <= set(Notify.__members__) and len(set(words)) == len(words)
            if not known or ("NEVER" in words and len(words) > 1):
                raise SyntaxFault("501 5.5.4 NOTIFY is NEVER, or some of SUCCESS, FAILURE, DELAY")
            notify = tuple(Notify[word] for word in words)
        elif name == "ORCPT" and offers_dsn:
            kind, semicolon, address = value.partition(";")
            if not semicolon or not _ADDRESS_TYPE.match(kind):
                raise SyntaxFault("501 5.5.4 ORCPT is a type, a semicolon and an address")
            original = f"{kind.lower()};{_xtext(address, 'ORCPT', MAX_ORCPT)}"
        else:
            raise SyntaxFault(f"555 5.5.4 The parameter {name[:40]} is not known here")
    return Rcpt(path, notify, original)


def read_chunk(argument: str) -> Chunk | None:
    """What follows BDAT; None when it says nothing that could be trusted: the octets that come are then commands to
    one side and a message to the other, so the connection must end.
    """
    size, *rest = argument.split() or [""]
    if not (size.isascii() and size.isdigit() and len(size) <= 12) or [word.upper() for word in rest] not in (
        [],
        ["LAST"],
    ):
        return None
    return Chunk(int(size), bool(rest))


def _path(argument: str, keyword: str) -> tuple[str, dict[str, str]]:
    """The path behind `FROM:` or `TO:`, without its brackets, and the parameters, names in upper case."""
    head, colon, rest = argument.partition(":")
    if not colon or head.strip().upper() != keyword:
        raise SyntaxFault(f"501 5.5.4 Syntax: {'MAIL' if keyword == 'FROM' else 'RCPT'} {keyword}:<address>")
    match = _PATH.match(rest) or _BARE_PATH.match(rest)
    if match is None:
        raise SyntaxFault("501 5.1.7 Not a sound address" if keyword == "FROM" else "501 5.1.3 Not a sound address")
    path, rest = match[1], match[2] or ""
    if path.startswith("@"):
        raise SyntaxFault("550 5.1.3 Source routes are not accepted")
    parameters: dict[str, str] = {}
    for word in rest.split():
        found = _PARAMETER.match(word)
        if found is None or found[1].upper() in parameters:
            raise SyntaxFault("501 5.5.4 Parameters are name=value, each once")
        parameters[found[1].upper()] = found[2] or ""
    return path, parameters


def _xtext(value: str, name: str, limit: int) -> str:
    """RFC 3461 §4, decoded: printable ASCII without blanks survives, all else is refused."""
    if not value or len(value) > limit or not _XTEXT.match(value):
        raise SyntaxFault(f"501 5.5.4 {name} is not encoded as it must be (xtext)")
    text = _HEX.sub(lambda match: chr(int(match[1], 16)), value)
    if not text.isascii() or not text.isprintable():
        raise SyntaxFault(f"501 5.5.4 {name} holds characters that are not printable")
    return text
