"""Messages signed by dkimpy, for us to verify: a signer that shares no code with us."""

import functools
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emailgw.mime.dkim import public_record

MESSAGE = (
    b"Received: from a by b; x\r\n"
    b"From: Ann <ann@author.test>\r\n"
    b"To: joe@here.test,\r\n\t amy@here.test\r\n"
    b"Subject:  Hello   \r\n"
    b"Message-ID: <1@author.test>\r\n"
    b"\r\n"
    b"First  line,\twith blanks \r\n\r\nlast line.\r\n\r\n\r\n"
)


def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    """The same each time."""
    return _key(bits)


@functools.cache
def _key(bits: int) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


def record_of(key: RSAPrivateKey) -> str:
    return public_record(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def sign(message: bytes = MESSAGE, domain: str = "author.test", bits: int = 2048, **options: Any) -> bytes:
    """With its DKIM-Signature on top; selector `s`. `options`: dkimpy's `canonicalize`, `length`, `include_headers`."""
    pem = rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    signature: bytes = dkim.sign(message, b"s", domain.encode(), pem, **options)
    return signature + message
