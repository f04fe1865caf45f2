"""DKIM signatures and public keys as they are written: made into values, or refused. RFC 6376 §3.5, §3.6.1; RFC 8301;
RFC 8463. Pure.
"""

import base64
import binascii
import hashlib
import re

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from emailgw.core.address import AddressError, parse_domain, same_or_below

MAX_TAGS = 50
MAX_NAMES = 2_000  # in h=
MAX_DOMAINS = 600  # characters of d= and s=
MIN_RSA, MAX_RSA = 1024, 4096  # bits: less must not be trusted (RFC 8301 §3.2), more need not be
MAX_EXPONENT = 33  # bits: all real ones are 3 or 65537, and a long one makes a check cost what signing does

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=(.*)", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d{1,20}")
_ALGORITHM = re.compile(r"(rsa|ed25519)-(sha256|sha1)", re.IGNORECASE)
_FORM = re.compile(r"(simple|relaxed)(?:/(simple|relaxed))?", re.IGNORECASE)


class Unusable(Exception):
    """Why a signature does not count, with the result's word."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result


class Signature(msgspec.Struct, frozen=True):
    """`field`: as it came, name and all. `names`: of the signed fields, in lower case. `length`: None for the whole
    body. `identity`: the domain of i=.
    """

    field: bytes
    domain: str
    selector: str
    kind: str
    names: tuple[bytes, ...]
    body_hash: bytes
    value: bytes
    relaxed_header: bool
    relaxed_body: bool
    identity: str
    length: int | None = None
    expires: int | None = None  # seconds

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class PublicKey(msgspec.Struct, frozen=True):
    """`strict`: i= may not be of a subdomain. `testing`: the domain is only trying."""

    key: RSAPublicKey | Ed25519PublicKey
    strict: bool = False
    testing: bool = False

    @property
    def kind(self) -> str:
        return "rsa" if isinstance(self.key, RSAPublicKey) else "ed25519"

    def fits(self, signature: bytes, signed: bytes) -> bool:
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, signed, PKCS1v15(), SHA256())
            else:
                self.key.verify(signature, hashlib.sha256(signed).digest())
        except InvalidSignature:
            return False
        return True


def read_tags(text: str) -> dict[str, str]:
    """Raises ValueError."""
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    if len(parts) > MAX_TAGS:
        raise ValueError("too many tags")
    tags: dict[str, str] = {}
    for part in parts:
        found = _TAG.fullmatch(part)
        if found is None:
            raise ValueError(f"no tag: {part.strip()[:40]!r}")
        if found[1] in tags:
            raise ValueError(f"{found[1]}= stands twice")
        tags[found[1]] = found[2].strip()
    return tags


def read_signature(field: bytes) -> Signature:
    """Raises Unusable."""
    try:
        tags = read_tags(field.partition(b":")[2].decode("utf-8", "replace"))
    except ValueError as error:
        raise Unusable("neutral", str(error)) from None
    missing = [name for name in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(name)]
    if missing:
        raise Unusable("permerror", f"{missing[0]}= is missing")
    if tags["v"] != "1":
        raise Unusable("neutral", f"version {tags['v'][:20]!r} is not known")
    algorithm = _ALGORITHM.fullmatch(tags["a"])
    form = _FORM.fullmatch(tags.get("c", "simple"))
    methods = [method.strip().lower() for method in tags.get("q", "dns/txt").split(":")]
    if algorithm is None or form is None or "dns/txt" not in methods:
        raise Unusable("neutral", "its algorithm, canonical form or query method is not known")
    if algorithm[2].lower() == "sha1":
        raise Unusable("policy", "SHA-1 proves nothing")  # RFC 8301 §3.1
    domain, selector = _names_of(tags)
    return Signature(
        field=field,
        domain=domain,
        selector=selector,
        kind=algorithm[1].lower(),
        names=_signed_names(tags["h"]),
        body_hash=_decoded(tags["bh"], "bh"),
        value=_decoded(tags["b"], "b"),
        relaxed_header=form[1].lower() == "relaxed",
        relaxed_body=(form[2] or "simple").lower() == "relaxed",
        identity=_identity(tags.get("i", ""), domain),
        length=_number(tags, "l"),
        expires=_expiry(tags),
    )


def read_key(text: str) -> PublicKey:
    """Raises Unusable."""
    try:
        tags = read_tags(text)
    except ValueError as error:
        raise Unusable("permerror", f"the key's record is broken: {error}") from None
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise Unusable("permerror", "the key's record is of no known version")
    if "p" not in tags:
        raise Unusable("permerror", "the key's record holds no key")
    data = _BLANKS.sub("", tags["p"])
    if not data:
        raise Unusable("permerror", "the key was revoked")
    hashes = [name.strip().lower() for name in tags.get("h", "sha256").split(":")]
    services = [name.strip().lower() for name in tags.get("s", "*").split(":")]
    if "sha256" not in hashes or not {"*", "email"} & set(services):
        raise Unusable("permerror", "the key is for other uses")
    flags = [flag.strip().lower() for flag in tags.get("t", "").split(":")]
    return PublicKey(_load(tags.get("k", "rsa").lower(), data), "s" in flags, "y" in flags)


def _load(kind: str, data: str) -> RSAPublicKey | Ed25519PublicKey:
    if kind not in ("rsa", "ed25519"):
        raise Unusable("permerror", f"keys of kind {kind[:20]!r} are not known")
    try:
        octets = base64.b64decode(data, validate=True)
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(octets)
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):  # of which binascii.Error is one
        raise Unusable("permerror", "the key cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise Unusable("permerror", "the key is not RSA")
    if not MIN_RSA <= key.key_size <= MAX_RSA:
        raise Unusable("policy", f"the key has {key.key_size} bits, not {MIN_RSA} to {MAX_RSA}")
    if key.public_numbers().e.bit_length() > MAX_EXPONENT:
        raise Unusable("policy", "the key's exponent is too long")
    return key


def _names_of(tags: dict[str, str]) -> tuple[str, str]:
    """d= and s=, which together must be a name that DNS can hold."""
    if len(tags["d"]) + len(tags["s"]) > MAX_DOMAINS:
        raise Unusable("permerror", "d= and s= are too long")
    try:
        domain = parse_domain(tags["d"])
        name = parse_domain(f"{tags['s']}._domainkey.{domain}")
    except AddressError as error:
        raise Unusable("permerror", str(error)) from None
    return domain, name.removesuffix(f"._domainkey.{domain}")


def _signed_names(text: str) -> tuple[bytes, ...]:
    if text.count(":") >= MAX_NAMES:
        raise Unusable("policy", f"it names more than {MAX_NAMES} fields")
    names = tuple(name.strip().lower().encode() for name in text.split(":"))
    if b"from" not in names:
        raise Unusable("permerror", "it does not sign From")  # §5.4
    return names


def _identity(text: str, domain: str) -> str:
    if not text:
        return domain
    try:
        identity = parse_domain(text.rpartition("@")[2][:MAX_DOMAINS])
    except AddressError:
        identity = ""
    if not same_or_below(identity, domain):
        raise Unusable("permerror", "i= is not below d=")
    return identity


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True)
    except binascii.Error:
        raise Unusable("neutral", f"{name}= is no base64") from None


def _number(tags: dict[str, str], name: str) -> int | None:
    if name not in tags:
        return None
    if not _DIGITS.fullmatch(tags[name]):
        raise Unusable("neutral", f"{name}= is no number")
    return int(tags[name])


def _expiry(tags: dict[str, str]) -> int | None:
    made, expires = _number(tags, "t"), _number(tags, "x")
    if made is not None and expires is not None and expires <= made:
        raise Unusable("neutral", "x= is not after t=")
    return expires
