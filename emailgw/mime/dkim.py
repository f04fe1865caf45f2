"""DKIM: keys, the records that publish them, and signatures. RFC 6376, RFC 8301, RFC 8463.

`sign` is called by `signing` on what `compose` made; keys are made when a domain is added. Always
relaxed/relaxed and the whole body (never l=); no expiry, since x= makes late deliveries fail and stops no replay that
matters. OpenSSL does the arithmetic and releases the GIL for it.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from emailgw.core.address import parse_domain
from emailgw.core.directory import DkimAlgorithm
from emailgw.mime.canonical import Fields, relaxed_body, relaxed_field, split

RSA_BITS = 2048  # RFC 8301 §3.2; longer ones do not fit one TXT string and cost four times as much
_SMALLEST_RSA = 1024

# Signed once more than they occur (§5.4.2), present or not, so that none can be added above ours: they decide who wrote
# what to whom and when, where an answer goes, and how the body is read.
_ALWAYS = tuple(
    b"from to cc subject date reply-to message-id in-reply-to references "
    b"mime-version content-type content-transfer-encoding".split()
)
# Sealed in the same way if they occur, so that none can be exchanged or doubled: RFC 8058 §4 wants the first two
# signed, Gmail the Feedback-ID. If they do not occur, a mailing list may add its own and the signature still holds.
_IF_PRESENT = tuple(
    b"list-unsubscribe list-unsubscribe-post sender feedback-id auto-submitted "
    b"list-id list-help list-owner list-subscribe list-post list-archive".split()
)
_ALWAYS_SET = frozenset(_ALWAYS)

_PADDING = PKCS1v15()
_SHA256 = SHA256()
_SPKI = PublicFormat.SubjectPublicKeyInfo
_WIDTH = 76
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_LONGEST_SELECTOR = 200


class Signer:
    """A loaded key and the names it signs with."""

    def __init__(self, domain: str, selector: str, private_der: bytes) -> None:
        """Raises ValueError for a name that is none, or a key that is no PKCS #8 of RSA (1024 bits up) or Ed25519."""
        self.domain = parse_domain(domain)
        self.selector = check_selector(selector)
        self.private_der = private_der
        key = _load(private_der)
        self.algorithm = DkimAlgorithm.RSA if isinstance(key, RSAPrivateKey) else DkimAlgorithm.ED25519
        self._key: Any = key  # of that kind; to ask it costs a hundredth of signing

    def signature(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 of the data, or Ed25519 of its SHA-256 (RFC 8463 §3)."""
        if self.algorithm is DkimAlgorithm.RSA:
            signature: bytes = self._key.sign(data, _PADDING, _SHA256)
        else:
            signature = self._key.sign(hashlib.sha256(data).digest())
        return signature


def sign(message: bytes, signers: Iterable[Signer], at: int) -> bytes:
    """The DKIM-Signature fields of all `signers`, to be put before `message`; `at` in milliseconds becomes t=.

    `message` has CRLF line ends, as `compose` makes it. Fields and body are made canonical once for all signers.
    """
    fields, body = split(message)
    body_hash = _base64(hashlib.sha256(relaxed_body(body)).digest())
    names, canonical = _signed_fields(fields)
    tail = f" t={at // 1000};\r\n{_fold_names(names)};\r\n bh={body_hash};\r\n b="
    signatures: list[bytes] = []
    for signer in signers:
        value = f" v=1; a={signer.algorithm}; c=relaxed/relaxed;\r\n d={signer.domain};\r\n s={signer.selector};{tail}"
        own = relaxed_field(b"dkim-signature", value.encode())[:-2]  # §3.7: without its CRLF
        signature = _fold_base64(_base64(signer.signature(canonical + own)))
        signatures.append(f"DKIM-Signature:{value}{signature}\r\n".encode())
    return b"".join(signatures)


def generate_key(algorithm: DkimAlgorithm) -> bytes:
    """A new private key, PKCS #8 DER."""
    key: RSAPrivateKey | Ed25519PrivateKey
    if algorithm is DkimAlgorithm.RSA:
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_record(private_der: bytes) -> str:
    """The TXT value to publish at `<selector>._domainkey.<domain>`; over 255 octets with RSA, so two strings in DNS.

    RSA keys go as SubjectPublicKeyInfo, Ed25519 keys as their 32 octets (RFC 8463 §4).
    """
    key = _load(private_der)
    if isinstance(key, RSAPrivateKey):
        return f"v=DKIM1; k=rsa; p={_base64(key.public_key().public_bytes(Encoding.DER, _SPKI))}"
    return f"v=DKIM1; k=ed25519; p={_base64(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}"


def check_selector(selector: str) -> str:
    """The selector in lower case; raises ValueError when it cannot be a DNS name's first labels."""
    selector = selector.lower()
    if len(selector) > _LONGEST_SELECTOR or not _SELECTOR.fullmatch(selector):
        raise ValueError(f"{selector[:80]!r} is not a DKIM selector: use letters, digits and hyphens")
    return selector


def _load(private_der: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        # Proving that the primes are prime takes 37 ms, on the event loop, for each domain; the key was made here and
        # sealed since, so there is nobody to distrust.
        key = load_der_private_key(private_der, None, unsafe_skip_rsa_key_validation=True)
    except (TypeError, UnsupportedAlgorithm) as error:  # encrypted; of a kind that OpenSSL does not know
        raise ValueError(f"not a usable private key: {error}") from None
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA):
        return key
    raise ValueError(f"a DKIM key is RSA of {_SMALLEST_RSA} bits or more, or Ed25519")


def _signed_fields(fields: Fields) -> tuple[tuple[bytes, ...], bytes]:
    """The names for h= and the canonical fields they stand for. Of fields that repeat, the last counts as the first."""
    names: list[bytes] = []
    canonical: list[bytes] = []
    for name in _ALWAYS + _IF_PRESENT:
        values = fields.get(name)
        if values is not None:
            names += [name] * len(values)
            canonical += [relaxed_field(name, value) for value in reversed(values)]
            names.append(name)
        elif name in _ALWAYS_SET:
            names.append(name)
    return tuple(names), b"".join(canonical)


@functools.lru_cache(8)  # a gateway's mail has few sets of fields, and a hostile one may be long
def _fold_names(names: tuple[bytes, ...]) -> str:
    """The h= tag in lines of its own. White space is allowed around its colons (§3.5)."""
    lines: list[str] = []
    line = " h="
    for name in b":".join(names).decode().split(":"):
        if len(line) + len(name) + 1 > _WIDTH:
            lines.append(line)
            line = " "
        line += name + ":"
    lines.append(line[:-1])
    return "\r\n".join(lines)


def _fold_base64(text: str) -> str:
    """The value of the last tag, b=, of which the first line holds three characters already."""
    first = _WIDTH - 3
    return text[:first] + "".join([f"\r\n {text[at : at + _WIDTH - 1]}" for at in range(first, len(text), _WIDTH - 1)])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
