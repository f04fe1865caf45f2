"""Addresses and mailboxes as people write them, made into values that are safe to put on the wire.

Hand-written and strict on purpose: the standard library's parsers accept, and even repair, input that is later read
differently by someone else. A value of these types cannot hold CR, LF or NUL. RFC 5321 §4.1.2, RFC 5322 §3.4,
RFC 6531 (non-ASCII local parts), RFC 5891 (domains are kept as A-labels).
"""

import functools
import re
from typing import Self

import idna
import msgspec

MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
MAX_ADDRESS = 254  # octets, RFC 5321 §4.5.3.1.3 less the angle brackets
MAX_MAILBOX = 2000  # characters of a whole `Name <address>`

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*\Z")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"\Z')
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class AddressError(ValueError):
    """Why a text is not an address; the message names the text's fault in words for its author."""


class Address(msgspec.Struct, frozen=True):
    """An RFC 5321 mailbox: `local` as written (quoted if it must be), `domain` in lower-case A-labels."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()

    @classmethod
    def parse(cls, text: str) -> Self:
        """A bare `local@domain`. Raises AddressError."""
        if _FORBIDDEN.search(text):
            raise AddressError("an address must not contain control characters or line breaks")
        text = text.strip(" ")
        local, at, domain = text.rpartition("@")
        if not at or not local or not domain:
            raise AddressError(f"{_shown(text)} is not an address like name@example.com")
        if len(local.encode()) > MAX_LOCAL:
            raise AddressError(f"the part before the @ of {_shown(text)} is longer than {MAX_LOCAL} octets")
        if local.startswith('"'):
            local = _unquote_when_possible(local, text)
        elif not _DOT_ATOM.match(local):
            raise AddressError(f"the part before the @ of {_shown(text)} has a character or dot where none may be")
        address = cls(local, parse_domain(domain))
        if len(str(address).encode()) > MAX_ADDRESS:
            raise AddressError(f"{_shown(text)} is longer than {MAX_ADDRESS} octets")
        return address


class Mailbox(msgspec.Struct, frozen=True):
    """A display name (may be empty, any printable Unicode) and an address."""

    name: str
    address: Address

    @classmethod
    @functools.lru_cache(512)  # the same author in every request, and recipients who are written to again
    def parse(cls, text: str) -> Self:
        """`a@b`, `Name <a@b>`, `"Name" <a@b>` or `<a@b>`; exactly one. Raises AddressError.

        An unquoted display name is taken literally, commas, dots and encoded words included: the composer quotes
        what needs quotes, so what the author typed is what the reader sees.
        """
        if len(text) > MAX_MAILBOX:
            raise AddressError(f"a sender or recipient is longer than {MAX_MAILBOX} characters")
        if _FORBIDDEN.search(text):
            raise AddressError("a name or address must not contain control characters or line breaks")
        text = text.strip(" ")
        if not text.endswith(">"):
            return cls("", Address.parse(text))
        name, bracket, spec = text[:-1].rpartition("<")
        if not bracket:
            raise AddressError(f"{_shown(text)} has a > without a <")
        name = name.strip(" ")
        if name.startswith('"') and name.endswith('"') and len(name) > 1:
            if not _QUOTED.match(name):
                raise AddressError(f"the quoted name of {_shown(text)} is not closed properly")
            name = name[1:-1]
            if "\\" in name:
                name = re.sub(r"\\(.)", r"\1", name)
        elif "<" in name or ">" in name:
            raise AddressError(f"{_shown(text)} holds more than one address; give a list instead")
        return cls(name, Address.parse(spec))


@functools.lru_cache(4096)  # every message names the same few again and again
def parse_domain(text: str) -> str:
    """A host or mail domain as lower-case A-labels without the final dot. Raises AddressError."""
    name = text.rstrip(".") if text.endswith(".") and not text.endswith("..") else text
    if name.startswith("["):
        raise AddressError(f"address literals such as {_shown(text)} are not accepted; use a domain name")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise AddressError(f"{_shown(text)} is not a valid international domain name: {error}") from None
    name = name.lower()
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.match, labels)):
        raise AddressError(f"{_shown(text)} is not a valid domain name")
    if labels[-1].isdigit():
        raise AddressError(f"{_shown(text)} is an IP address, not a domain name")
    return name


def same_or_below(domain: str, parent: str) -> bool:
    """Whether `domain` is `parent` or a subdomain of it; both in A-labels."""
    return domain == parent or domain.endswith("." + parent)


def _unquote_when_possible(local: str, text: str) -> str:
    """RFC 5321 §4.1.2: a quoted local part that needs no quotes means the same without; keep one spelling."""
    if not _QUOTED.match(local):
        raise AddressError(f"the quoted part before the @ of {_shown(text)} is not closed properly")
    plain = re.sub(r"\\(.)", r"\1", local[1:-1])
    if _DOT_ATOM.match(plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
