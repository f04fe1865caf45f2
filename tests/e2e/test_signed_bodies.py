"""What its author signed or encrypted, submitted in every way and judged at its recipient by openssl and gpg."""

import itertools
import os
import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import ENVIRONMENT, PROGRAM, Gateway
from tests.harness.need import need
from tests.harness.signatures import unsigned, verdicts
from tests.harness.sink import Sink
from tests.harness.waiting import eventually

# What a gateway might touch: ends of lines, dots, blanks, eight bits, links.
TEXT = (
    "Grüße.\n.\n..two dots\nFrom the start\ntrailing blanks \t \n\ttab\n"
    + "x" * 990
    + "\nhttps://shop.test/a?b=1\n\n\n"
).encode()
HTML = b'<p>See <a href="https://shop.test/">the shop</a></p><body></body>\n'
TOP = b"From: Ann <ann@sender.test>\nTo: %s\nSubject: Sealed\nX-Emailgw-Tracking: opens, clicks, text\n"


class Keys(NamedTuple):
    directory: Path

    def openssl(self, *arguments: str, data: bytes) -> bytes:
        return _run(need("openssl"), *arguments, data=data, directory=self.directory)

    def gpg(self, *arguments: str, data: bytes) -> bytes:
        return _run(need("gpg"), "--batch", "--quiet", "--trust-model", "always", "--pinentry-mode", "loopback",
                    "--passphrase", "", *arguments, data=data, directory=self.directory)  # fmt: skip


def _run(*command: str, data: bytes, directory: Path) -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "GNUPGHOME": str(directory)}
    result = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False, cwd=directory,
                            env=environment)  # fmt: skip
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    directory = tmp_path_factory.mktemp("keys")
    directory.chmod(0o700)
    keys = Keys(directory)
    for name in ("ann", "joe"):
        keys.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", f"/CN={name}@sender.test", "-days", "30", data=b"")  # fmt: skip
        keys.gpg("--quick-gen-key", f"{name}@sender.test", "default", "default", "never", data=b"")
    yield keys
    _run("gpgconf", "--kill", "all", data=b"", directory=directory)


def crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def part(kind: bytes, content: bytes) -> bytes:
    return b"Content-Type: %s; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s" % (kind, content)


def smime_signed(keys: Keys) -> bytes:
    entity = crlf(part(b"text/html", HTML) + TEXT)
    return keys.openssl("cms", "-sign", "-signer", "ann.pem", "-inkey", "ann.key", "-crlfeol", data=entity)


def smime_opaque(keys: Keys) -> bytes:
    return keys.openssl("cms", "-sign", "-nodetach", "-signer", "ann.pem", "-inkey", "ann.key", "-crlfeol",
                        data=crlf(part(b"text/plain", TEXT)))  # fmt: skip


def smime_encrypted(keys: Keys) -> bytes:
    return keys.openssl("cms", "-encrypt", "-aes256", "joe.pem", data=crlf(part(b"text/plain", TEXT)))


def pgp_signed(keys: Keys) -> bytes:
    # RFC 3156 section 5: what is signed has canonical line ends; trailing blanks count.
    entity = part(b"text/plain", TEXT).rstrip(b"\n")
    signature = keys.gpg("--armor", "--detach-sign", "-u", "ann@sender.test", data=crlf(entity))
    return (
        b'MIME-Version: 1.0\nContent-Type: multipart/signed; micalg=pgp-sha512; boundary="=-b";\n'
        b'\tprotocol="application/pgp-signature"\n\n--=-b\n%s\n--=-b\nContent-Type: application/pgp-signature\n\n%s\n'
        b"--=-b--\n" % (entity, signature)
    )


def pgp_encrypted(keys: Keys) -> bytes:
    sealed = keys.gpg("--armor", "--sign", "--encrypt", "-u", "ann@sender.test", "-r", "joe@sender.test", data=TEXT)
    return (
        b'MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e\n\n'
        b"--e\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--e\nContent-Type: application/octet-stream\n\n"
        b"%s--e--\n" % sealed
    )


def pgp_in_the_text(keys: Keys) -> bytes:
    return part(b"text/plain", keys.gpg("--clearsign", "-u", "ann@sender.test", data=TEXT))


def verify_cms(keys: Keys, data: bytes) -> bytes:
    return keys.openssl("cms", "-verify", "-CAfile", "ann.pem", "-crlfeol", "-purpose", "any", data=data)


def decrypt_cms(keys: Keys, data: bytes) -> bytes:
    return keys.openssl("cms", "-decrypt", "-recip", "joe.pem", "-inkey", "joe.key", data=data)


def verify_pgp(keys: Keys, data: bytes) -> bytes:
    _, entity, signature = re.split(rb"\r\n--=-b\r\n", data)
    (keys.directory / "signature").write_bytes(signature.partition(b"\r\n\r\n")[2].partition(b"\r\n--=-b")[0])
    keys.gpg("--verify", "signature", "-", data=entity)
    return entity


def decrypt_pgp(keys: Keys, data: bytes) -> bytes:
    return keys.gpg("--decrypt", data=data)


BODIES: dict[str, tuple[Callable[[Keys], bytes], Callable[[Keys, bytes], bytes]]] = {
    "S-MIME signed": (smime_signed, verify_cms),
    "S-MIME opaque": (smime_opaque, verify_cms),
    "S-MIME encrypted": (smime_encrypted, decrypt_cms),
    "PGP-MIME signed": (pgp_signed, verify_pgp),
    "PGP-MIME encrypted": (pgp_encrypted, decrypt_pgp),
    "PGP in the text": (pgp_in_the_text, decrypt_pgp),
}


@pytest.mark.parametrize("way", ["DATA", "BDAT", "sendmail"])
@pytest.mark.parametrize("kind", BODIES)
def test_what_is_sealed_stays_sealed(
    gateway: Gateway, sink: Sink, dns: DNSServer, keys: Keys, kind: str, way: str
) -> None:
    """Though tracking is asked for; and our own signatures hold beside it."""
    seal, judge = BODIES[kind]
    to = f"{kind}-{way}@example.test".replace(" ", "-").lower()
    message = TOP % to.encode() + seal(keys)
    {"DATA": by_data, "BDAT": by_chunks, "sendmail": by_sendmail}[way](gateway, to, message)
    received = eventually(lambda: [m for m in list(sink.messages) if m.recipients == [to]], f"mail for {to}")[0].data
    assert b"https://shop.test/a?b=1" in judge(keys, unsigned(received)).replace(b"\r\n", b"\n")
    assert set(verdicts(received, dns.nameserver).values()) == {True}


def by_data(gateway: Gateway, to: str, message: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=30) as client:
        client.login("apikey", gateway.key)
        client.sendmail("ann@sender.test", [to], crlf(message), mail_options=["BODY=8BITMIME"])


def by_chunks(gateway: Gateway, to: str, message: bytes) -> None:
    """Cut between CR and LF, within characters, and with an empty one at the end."""
    data = crlf(message)
    with smtplib.SMTP("127.0.0.1", gateway.submission_port, timeout=30) as client:
        client.login("apikey", gateway.key)
        client.ehlo()
        assert client.mail("ann@sender.test", ["BODY=8BITMIME"])[0] == client.rcpt(to)[0] == 250
        cuts = [*range(0, len(data), 97), len(data)]
        for begin, end in itertools.pairwise(cuts):
            client.send(b"BDAT %d\r\n" % (end - begin) + data[begin:end])
            assert client.getreply()[0] == 250
        client.send(b"BDAT 0 LAST\r\n")
        code, text = client.getreply()
        assert code == 250, text


def by_sendmail(gateway: Gateway, to: str, message: bytes) -> None:
    command = [*PROGRAM, "-c", str(gateway.config_path), "sendmail", "-oi", "-t"]
    message = message.replace(b"\r\n", b"\n")
    result = subprocess.run(command, input=message, capture_output=True, timeout=60, check=False, env=ENVIRONMENT)
    assert result.returncode == 0, result.stderr
