"""What is stored of an API key."""

import hashlib


def hash_key(text: str) -> bytes:
    """A plain SHA-256 is enough where the key itself has 256 random bits; it is made for every request."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
