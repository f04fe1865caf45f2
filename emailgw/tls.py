"""The certificate that all our listeners show: from PEM files, read anew when they change or when told to.

A new certificate counts for the next handshake; sessions that are open keep what they have. One that does not load
(half written, or without its key) leaves the old one in place. RFC 8314, RFC 9325 (TLS 1.2 or later, forward secrecy).
"""

import asyncio
import logging
import os
import ssl
from pathlib import Path

from emailgw.errors import ConfigError

log = logging.getLogger("emailgw.tls")

LOOK_EVERY = 10.0  # seconds

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all good


class Certificates:
    """`smtp` and `http`: contexts for the listeners, the same objects as long as the daemon runs."""

    def __init__(self, certificate: str, key: str, required: bool = True) -> None:
        """`required` false: the files may come later. Raises ConfigError."""
        self.ready = False
        self._files = (Path(certificate), Path(key))
        self.smtp = _context()
        self.http = _context()
        self.http.set_alpn_protocols(["http/1.1"])
        self._seen = self._stamps()
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            if not required:
                log.warning("there is no certificate yet; it is ordered")
                return
            raise ConfigError(f"tls.certificate: {certificate} and {key} cannot be used: {_why(error)}") from None

    def offered(self) -> ssl.SSLContext | None:
        """For STARTTLS; None while there is no certificate."""
        return self.smtp if self.ready else None

    async def run(self) -> None:
        """Look at the files now and then until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self._stamps() != self._seen:
                self.reload()

    def reload(self) -> None:
        """Show what the files hold from now on."""
        self._seen = self._stamps()
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            log.error("the new certificate cannot be used, the old one stays: %s", _why(error))
        else:
            log.info("certificate loaded from %s", self._files[0])

    def _load(self) -> None:
        # First where it hurts nobody: a certificate without its key would spoil the context that is in use.
        _context().load_cert_chain(*self._files, password="")
        for context in (self.smtp, self.http):
            context.load_cert_chain(*self._files, password="")
        self.ready = True

    def _stamps(self) -> tuple[object, ...]:
        stamps: list[object] = []
        for file in self._files:
            try:
                found = os.stat(file)
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
            except OSError as error:
                stamps.append(error.errno)
        return tuple(stamps)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _why(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
