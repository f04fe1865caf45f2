"""Where a certificate and the account that ordered it are kept: in the data directory, for its owner alone.

The account is sealed by the vault. The certificate's key is a file that only our user may read, since TLS libraries
load files. Each file is written whole or not at all; a chain and a key that do not fit are as good as none.
"""

import os
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from emailgw.certify.order import Account, Issued
from emailgw.errors import EmailgwError
from emailgw.vault import Vault

DIRECTORY = "acme"


class Held(msgspec.Struct, frozen=True):
    """A certificate that there is. Times in milliseconds."""

    names: tuple[str, ...]
    issuer: str
    not_before: int
    not_after: int


class Shelf:
    """`pair`: the file for the listeners, with the key and the chain; it may not be there yet."""

    def __init__(self, data_dir: Path, vault: Vault) -> None:
        self._directory = data_dir / DIRECTORY
        self._account = self._directory / "account.sealed"
        self._vault = vault
        self.pair = self._directory / "certificate.pem"

    def account(self) -> Account | None:
        """None where there is none that can be read: a new one is made."""
        try:
            return msgspec.json.decode(
                self._vault.open_sealed(self._account.read_bytes(), "acme account"), type=Account
            )
        except (OSError, EmailgwError, msgspec.MsgspecError):
            return None

    def held(self) -> Held | None:
        """None where there is none that can be used."""
        try:
            return read_held(self.pair.read_bytes())
        except (OSError, ValueError):
            return None

    def put(self, issued: Issued) -> None:
        """Key and chain go into one file, so that they always belong together. Raises OSError."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._write(self._account, self._vault.seal(msgspec.json.encode(issued.account), "acme account"))
        self._write(self.pair, issued.key + issued.chain)

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def read_held(pair: bytes) -> Held:
    """From PEM of the key and the chain. Raises ValueError for what is no pair."""
    certificate = x509.load_pem_x509_certificate(pair)
    key = serialization.load_pem_private_key(pair, None)
    if key.public_key() != certificate.public_key():
        raise ValueError("the key is another certificate's")
    return describe(certificate)


def describe(certificate: x509.Certificate) -> Held:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    return Held(
        names=names,
        issuer=certificate.issuer.rfc4514_string(),
        not_before=int(certificate.not_valid_before_utc.timestamp() * 1000),
        not_after=int(certificate.not_valid_after_utc.timestamp() * 1000),
    )
