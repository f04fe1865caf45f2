"""Real clients against the real listeners, with TLS in all three ways, and every odd message that we could find."""

import json
import re
import signal
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.bounce.corpora import CORPORA
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.need import missing, need
from tests.harness.node import MODULES
from tests.harness.ports import free_port
from tests.harness.signatures import unsigned
from tests.harness.sink import Received, Sink, certificate
from tests.harness.waiting import eventually

WAYS = ["plain", "starttls", "tls"]


class Host(NamedTuple):
    gateway: Gateway
    ports: dict[str, int]
    directory: Path


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Host]:
    directory = tmp_path_factory.mktemp("clients")
    write_certificate(directory, "localhost")
    ports = {"starttls": free_port(), "tls": free_port(), "https": free_port()}
    gateway = Gateway(
        directory / "gateway",
        nameserver=dns.nameserver,
        mx_port=sink.port,
        settings={
            "tls": {"certificate": str(directory / "chain.pem"), "key": str(directory / "key.pem")},
            "http": {"listen_tls": [f"127.0.0.1:{ports['https']}"]},
            "submission": {
                "listen": [f"127.0.0.1:{ports['starttls']}"],
                "listen_tls": [f"127.0.0.1:{ports['tls']}"],
                "junk_limit": 1000,
                "proxy_networks": ["127.0.0.3/32"],
            },
        },
    )
    ports["plain"] = gateway.submission_port
    with gateway:
        gateway.add_domain("sender.test")
        yield Host(gateway, ports, directory)
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()
        assert gateway.key not in gateway.log()


def write_certificate(directory: Path, *names: str) -> None:
    certificate.cache_clear()
    chain, key = certificate(*names)
    (directory / "chain.pem").write_bytes(chain)
    (directory / "key.pem").write_bytes(key)


def arrived(sink: Sink, to: str) -> Received:
    return eventually(lambda: [m for m in list(sink.messages) if m.recipients == [to]], f"mail for {to}")[0]


def run(*command: Any, data: str = "", **environment: str) -> None:
    result = subprocess.run(
        [str(word) for word in command],
        input=data.encode(), capture_output=True, timeout=60, check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "HOME": "/nonexistent", **environment},
    )  # fmt: skip
    assert result.returncode == 0, (command[0], result.stdout[-2000:], result.stderr[-2000:])


@pytest.mark.parametrize("way", WAYS)
def test_smtplib(host: Host, sink: Sink, way: str) -> None:
    context = ssl.create_default_context(cafile=str(host.directory / "chain.pem"))
    kind = smtplib.SMTP_SSL if way == "tls" else smtplib.SMTP
    options: dict[str, Any] = {"context": context} if way == "tls" else {}
    with kind("localhost", host.ports[way], timeout=30, **options) as client:
        if way == "starttls":
            client.starttls(context=context)
        client.login("resend", host.gateway.key)
        client.sendmail("ann@sender.test", [f"smtplib-{way}@example.test"], "From: ann@sender.test\n\nHello.\n")
    arrived(sink, f"smtplib-{way}@example.test")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("way", WAYS)
def test_swaks(host: Host, sink: Sink, way: str, mechanism: str) -> None:
    to = f"swaks-{way}-{mechanism.lower()}@example.test"
    tls = {"plain": [], "starttls": ["--tls"], "tls": ["--tlsc"]}[way]
    run(need("swaks"), "--server", "127.0.0.1", "--port", host.ports[way], "--from", "ann@sender.test", "--to", to,
        "--auth", mechanism, "--auth-user", "apikey", "--auth-password", host.gateway.key, "--pipeline",
        *tls)  # fmt: skip
    arrived(sink, to)


@pytest.mark.parametrize("way", WAYS)
def test_msmtp(host: Host, sink: Sink, tmp_path: Path, way: str) -> None:
    config = tmp_path / "msmtprc"
    tls = {"plain": "tls off", "starttls": "tls on\ntls_starttls on", "tls": "tls on\ntls_starttls off"}[way]
    config.write_text(
        f"account default\nhost localhost\nport {host.ports[way]}\nfrom ann@sender.test\nauth plain\nuser sendkit\n"
        f"password {host.gateway.key}\n{tls}\ntls_trust_file {host.directory / 'chain.pem'}\n"
    )
    config.chmod(0o600)
    to = f"msmtp-{way}@example.test"
    run(need("msmtp"), "-C", config, to, data=f"From: ann@sender.test\nTo: {to}\nSubject: x\n\nHello.\n")
    assert arrived(sink, to).data.endswith(b"\r\n\r\nHello.\r\n")


@pytest.mark.parametrize("way", WAYS)
def test_s_nail(host: Host, sink: Sink, way: str) -> None:
    to = f"snail-{way}@example.test"
    scheme = "smtps" if way == "tls" else "smtp"
    tls = ["-S", "smtp-use-starttls"] if way == "starttls" else []
    run(need("s-nail"), "-:/", "-S", "v15-compat=yes", "-S", "sendwait",
        "-S", f"mta={scheme}://apikey:{host.gateway.key}@localhost:{host.ports[way]}",
        "-S", "smtp-auth=plain", "-S", f"tls-ca-file={host.directory / 'chain.pem'}", "-S", "tls-verify=strict", *tls,
        "-r", "ann@sender.test", "-s", "Grüße", to, data="Hallo.\n", LC_ALL="C.UTF-8")  # fmt: skip
    arrived(sink, to)


@pytest.mark.parametrize("way", WAYS)
def test_nodemailer(host: Host, sink: Sink, way: str) -> None:
    if not (MODULES / "nodemailer").is_dir():
        missing("npm's `nodemailer` is not installed; `make peers` installs it where npm is")
    to = f"node-{way}@example.test"
    options = {
        "host": "localhost",
        "port": host.ports[way],
        "secure": way == "tls",
        "requireTLS": way == "starttls",
        "ignoreTLS": way == "plain",
        "tls": {"ca": (host.directory / "chain.pem").read_text()},
        "auth": {"user": "resend", "pass": host.gateway.key},
        "pool": True,
    }
    mail = {"from": "Ann Müller <ann@sender.test>", "to": to, "subject": "Grüße 🐎", "text": "Hallo.",
            "html": "<b>Hallo.</b>", "attachments": [{"filename": "März.txt", "content": "x"}]}  # fmt: skip
    script = (
        f"const t = require('nodemailer').createTransport({json.dumps(options)});"
        f"t.sendMail({json.dumps(mail)}).then(i => {{ console.log(i.response); t.close(); }},"
        "e => { console.error(e); process.exit(1); });"
    )
    run(need("node"), "-e", script, NODE_PATH=str(MODULES))
    arrived(sink, to)


@pytest.mark.parametrize("way", WAYS)
def test_django(host: Host, sink: Sink, way: str) -> None:
    from django.conf import settings
    from django.core.mail import EmailMultiAlternatives
    from django.core.mail.backends.smtp import EmailBackend

    if not settings.configured:
        settings.configure()
    backend = EmailBackend(
        host="127.0.0.1",
        port=host.ports[way],
        username="apikey",
        password=host.gateway.key,
        use_tls=way == "starttls",
        use_ssl=way == "tls",
        timeout=30,
    )
    backend.__dict__["ssl_context"] = ssl._create_unverified_context()
    to = f"django-{way}@example.test"
    message = EmailMultiAlternatives("Grüße", "Hallo.", "Ann <ann@sender.test>", [to], bcc=[f"b{to}"])
    message.attach_alternative("<b>Hallo.</b>", "text/html")
    assert backend.send_messages([message]) == 1
    arrived(sink, to)
    arrived(sink, f"b{to}")


def test_a_key_given_as_the_user_name_is_not_logged(host: Host) -> None:
    wrong = pytest.raises(smtplib.SMTPAuthenticationError)
    with smtplib.SMTP("127.0.0.1", host.ports["plain"], timeout=30) as client, wrong:
        client.login(host.gateway.key, "password")
    assert f"as {host.gateway.key[:9]}…" in host.gateway.log()
    assert host.gateway.key not in host.gateway.log()


@pytest.mark.parametrize("told", [True, False], ids=["SIGHUP", "by itself"])
def test_a_new_certificate_is_shown_without_a_restart(host: Host, told: bool) -> None:
    """At once when told to, else with the next look; sessions that are open stay."""

    def shown() -> bytes:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with smtplib.SMTP_SSL("127.0.0.1", host.ports["tls"], timeout=30, context=context) as client:
            assert isinstance(client.sock, ssl.SSLSocket)
            found = client.sock.getpeercert(binary_form=True)
            assert found is not None
            return found

    def tell() -> None:
        process = host.gateway.process
        assert process is not None
        if told:
            process.send_signal(signal.SIGHUP)

    before, complaints = shown(), host.gateway.log().count("the old one stays")
    with smtplib.SMTP("127.0.0.1", host.ports["starttls"], timeout=30) as session:
        session.starttls(context=ssl._create_unverified_context())
        (host.directory / "key.pem").write_text("half written")
        tell()
        eventually(lambda: host.gateway.log().count("the old one stays") > complaints, "the log tells of it", 30)
        assert shown() == before
        write_certificate(host.directory, "localhost", "renewed.test")
        tell()
        eventually(lambda: shown() != before, "the new certificate", 30)
        session.login("resend", host.gateway.key)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(host: Host, version: ssl.TLSVersion) -> None:
    context = ssl._create_unverified_context()
    context.minimum_version = context.maximum_version = version
    with smtplib.SMTP_SSL("127.0.0.1", host.ports["tls"], timeout=30, context=context) as client:
        assert isinstance(client.sock, ssl.SSLSocket)
        cipher = client.sock.cipher()
        assert cipher is not None
        assert version is ssl.TLSVersion.TLSv1_3 or cipher[0].startswith("ECDHE-")


def test_the_api_with_the_same_certificate(host: Host) -> None:
    context = ssl.create_default_context(cafile=str(host.directory / "chain.pem"))
    answer = httpx.get(f"https://localhost:{host.ports['https']}/healthz", verify=context, timeout=20)
    assert (answer.status_code, answer.http_version) == (200, "HTTP/1.1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(host: Host) -> None:
    context = ssl._create_unverified_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        smtplib.SMTP_SSL("127.0.0.1", host.ports["tls"], timeout=30, context=context)


def test_a_proxy_before_tls(host: Host) -> None:
    """HAProxy sends its header and the client's first octets in one packet."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
    with socket.create_connection(("127.0.0.1", host.ports["tls"]), 20, ("127.0.0.3", 0)) as connection:
        before = b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 465\r\n"
        greeting = b""
        while not greeting:
            try:
                greeting = tls.read(1000)
            except ssl.SSLWantReadError:
                connection.sendall(before + outgoing.read())
                before = b""
                data = connection.recv(65536)
                assert data, "closed"
                incoming.write(data)
        assert greeting.startswith(b"220 ")


SAMPLES = CORPORA / "mime" / "samples"


@pytest.mark.parametrize("owned", [False, True], ids=["as it is", "with our From"])
def test_every_odd_message(host: Host, sink: Sink, owned: bool) -> None:
    """Accepted, and at its recipient as it was but for what is documented; or refused with a reason, unharmed."""
    files = sorted(SAMPLES.glob("*"))
    if not files:
        missing("the corpus of odd messages is not beside the repository")
    assert len(files) >= 299
    accepted: dict[str, bytes] = {}
    with smtplib.SMTP("127.0.0.1", host.gateway.submission_port, timeout=60) as client:
        client.login("resend", host.gateway.key)
        for index, file in enumerate(files):
            data = to_crlf(file.read_bytes())
            if owned:
                data = b"From: ann@sender.test\r\n" + without(
                    data, b"from", b"sender", b"resent-from", b"resent-sender"
                )
            to = f"odd{index}-{owned:d}@example.test"
            assert client.mail("ann@sender.test")[0] == 250
            assert client.rcpt(to)[0] == 250
            code, text = client.data(data)
            if code == 250:
                accepted[to] = without(data, b"bcc", b"resent-bcc")
            else:
                assert 550 <= code <= 559, (file.name, code, text)
                assert re.match(rb"5\.\d\.\d .{10}", text), (file.name, text)
    assert len(accepted) >= (200 if owned else 0)
    for to, data in accepted.items():
        received = unsigned(arrived(sink, to).data)
        header, _, body = received.partition(b"\r\n\r\n")
        expected, _, expected_body = unsigned(data).partition(b"\r\n\r\n")
        assert body == expected_body, to
        added, kept = fields_of(header), fields_of(expected)
        added, found = added[: len(added) - len(kept)], added[len(added) - len(kept) :]
        assert all(re.match(rb"(?:Date|Message-ID|MIME-Version): ", field) for field in added), to
        for before, after in zip(kept, found, strict=True):
            if before.isascii():
                assert after == before, to
            else:  # written in encoded words
                assert after.isascii(), to
                assert after.partition(b":")[0].strip() == before.partition(b":")[0].strip(), to


def to_crlf(data: bytes) -> bytes:
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def fields_of(header: bytes) -> list[bytes]:
    return re.split(rb"\r\n(?![ \t])", header.rstrip(b"\r\n"))


def without(data: bytes, *names: bytes) -> bytes:
    """The message without these fields of its header."""
    header, separator, body = data.partition(b"\r\n\r\n")
    pattern = rb"(?im)^(?:%s)[ \t]*:.*\r\n(?:[ \t].*\r\n)*" % b"|".join(names)
    return re.sub(pattern, b"", header + b"\r\n").removesuffix(b"\r\n") + separator + body
