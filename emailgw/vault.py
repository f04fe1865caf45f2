"""The master key of an installation: it seals secrets at rest and gives every purpose a key of its own.

The key is a file in the data directory, not in the database, so that a copy of the database alone signs nothing.
AES-256-GCM (NIST SP 800-38D) and HKDF-SHA256 (RFC 5869) from `cryptography`.
"""

import os
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emailgw.errors import ConfigError, EmailgwError

KEY_FILE = "master.key"
_NONCE = 12


class Vault:
    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise ConfigError("a master key has 32 octets")
        self._master_key = master_key

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Read the key file, or make it in a fresh data directory. Raises ConfigError when it is damaged."""
        path = data_dir / KEY_FILE
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            text = path.read_text(encoding="ascii", errors="replace").strip()
            try:
                return cls(bytes.fromhex(text))
            except (ValueError, ConfigError):
                raise ConfigError(f"{path}: found {len(text)} characters, expected 64 hexadecimal digits") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            master_key = os.urandom(32)
            file.write(master_key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls(master_key)

    def key_for(self, purpose: str) -> bytes:
        """32 octets for one purpose, always the same; knowing one tells nothing of another."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"emailgw {purpose}".encode()).derive(
            self._master_key
        )

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Encrypt; only `open_sealed` with the same purpose gives it back."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.key_for("seal")).encrypt(nonce, secret, purpose.encode())

    def open_sealed(self, sealed: bytes, purpose: str) -> bytes:
        """Raises EmailgwError when it was sealed by another key or for another purpose."""
        try:
            return AESGCM(self.key_for("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            raise EmailgwError(f"a secret ({purpose}) was sealed with another {KEY_FILE}") from None
