"""DKIM signatures judged by dkimpy, with the keys as the DNS serves them."""

import base64
import re
import types

import dkim
import dns.exception
import dns.message
import dns.query
import dns.rdatatype
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class _VerifyKey:
    """The one primitive that dkimpy takes from PyNaCl, which is not needed otherwise."""

    def __init__(self, key: bytes, encoder: "type[_Base64Encoder]") -> None:
        self._key = Ed25519PublicKey.from_public_bytes(encoder.decode(key))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


class _Base64Encoder:
    @staticmethod
    def decode(data: bytes) -> bytes:
        return base64.b64decode(data, validate=True)


_NACL = types.SimpleNamespace(
    signing=types.SimpleNamespace(VerifyKey=_VerifyKey),
    encoding=types.SimpleNamespace(Base64Encoder=_Base64Encoder),
    exceptions=types.SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


def verdicts(data: bytes, nameserver: str) -> dict[str, bool]:
    """For each signature of a message, by its algorithm, whether it holds. `nameserver`: host:port."""

    def lookup(name: bytes, timeout: int = 5) -> bytes | None:
        host, _, port = nameserver.rpartition(":")
        query = dns.message.make_query(name.decode(), dns.rdatatype.TXT)
        answer, _ = dns.query.udp_with_fallback(query, host, timeout=timeout, port=int(port))
        strings = [b"".join(record.strings) for rrset in answer.answer for record in rrset]
        return strings[0] if strings else None

    nacl = getattr(dkim, "nacl", None)
    dkim.nacl = nacl or _NACL
    try:
        return {algorithm: _holds(data, index, lookup) for index, algorithm in enumerate(_algorithms(data))}
    finally:
        if nacl is None:
            del dkim.nacl


def _algorithms(data: bytes) -> list[str]:
    return [
        found.decode() for found in re.findall(rb"^DKIM-Signature:.*?\ba=([a-z0-9-]+)", data, re.MULTILINE | re.DOTALL)
    ]


def _holds(data: bytes, index: int, lookup: object) -> bool:
    try:
        return bool(dkim.DKIM(data).verify(idx=index, dnsfunc=lookup))
    except (dkim.DKIMException, dns.exception.DNSException):
        return False


def unsigned(data: bytes) -> bytes:
    """A message without its signatures: what every copy of it has in common."""
    return re.sub(rb"(?im)^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*", b"", data)
