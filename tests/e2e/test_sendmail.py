"""`emailgw sendmail` in the place of /usr/sbin/sendmail: cron, PHP, git and scripts, with the daemon up and down."""

import email
import email.policy
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.dns import DNSServer
from tests.harness.gateway import ENVIRONMENT, PROGRAM, Gateway
from tests.harness.need import need, need_root
from tests.harness.sink import Received, Say, Sink
from tests.harness.waiting import eventually

TEXT = b"From: Ann <ann@sender.test>\nSubject: Hello\n\nHello.\n"
# Loaded as root, from wherever the program is, and then run as nobody.
AS_NOBODY = """
import os, sys
from emailgw.sendmail.command import run
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(run([sys.argv[1]], sys.argv[2]))
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, dns: DNSServer, sink: Sink) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("sendmail")
    settings = {"sendmail": {"domain": "sender.test"}}
    with Gateway(directory, nameserver=dns.nameserver, mx_port=sink.port, settings=settings) as gateway:
        gateway.add_domain("sender.test")
        yield gateway
        assert gateway.stop() == 0
        assert " fault " not in gateway.log()


def sendmail(host: Gateway, *arguments: str, data: bytes = TEXT, status: int = 0) -> subprocess.CompletedProcess[bytes]:
    result = subprocess.run(
        [*PROGRAM, "-c", str(host.config_path), "sendmail", *arguments],
        input=data, capture_output=True, timeout=60, env=ENVIRONMENT, check=False,
    )  # fmt: skip
    assert result.returncode == status, (arguments, result.returncode, result.stderr)
    return result


def arrived(sink: Sink, to: str) -> Received:
    return eventually(lambda: [m for m in list(sink.messages) if m.recipients == [to]], f"mail for {to}")[0]


def header(received: Received, name: str) -> str:
    return str(email.message_from_bytes(received.data, policy=email.policy.default)[name])


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["-oi"],
        ["-i", "-oem", "-odb"],
        ["-v", "-O", "X=y", "-q5m"],
        ["-B8BITMIME", "-oi", "--"],
        ["-o", "i", "-e", "m", "-A", "c"],
        ["-ivf", "ann@sender.test"],
        ["-fAnn Smith <ann@sender.test>"],
        ["-h", "3", "-X", "/dev/null", "-L", "tag", "-d0.1"],
        ["-Nnever", "-Rhdrs", "-VQQ314159"],
    ],
)
def test_recipients_as_arguments(host: Gateway, sink: Sink, flags: list[str]) -> None:
    to = f"arguments{len(flags)}{len(''.join(flags))}@example.test"
    sendmail(host, *flags, to)
    assert arrived(sink, to).data.endswith(b"\r\n\r\nHello.\r\n")


def test_recipients_in_one_argument_as_a_mailer_writes_them(host: Gateway, sink: Sink) -> None:
    sendmail(host, "one-a@example.test, Joe Two <two-a@example.test>")
    for to in ("one-a", "two-a"):
        arrived(sink, f"{to}@example.test")


@pytest.mark.parametrize("arguments", [["-q"], ["-q30m"], ["-qRexample.test"], ["-I"], ["-bi"], ["-bp"]])
def test_what_the_daemon_does_by_itself_is_done_without_reading(host: Gateway, arguments: list[str]) -> None:
    waiting = subprocess.Popen(
        [*PROGRAM, "-c", str(host.config_path), "sendmail", *arguments], stdin=subprocess.PIPE, env=ENVIRONMENT
    )
    with waiting:
        assert waiting.wait(60) == 0


def test_recipients_from_the_header(host: Gateway, sink: Sink) -> None:
    data = b'To: One <one-t@example.test>, "Two, T" <two-t@example.test>\n'
    data += b"Cc: All: three-t@example.test (3);\nBcc: four-t@example.test\n"
    sendmail(host, "-ti", data=data + TEXT)
    for to in ("one-t", "two-t", "three-t", "four-t"):
        received = arrived(sink, f"{to}@example.test")
        assert b"Bcc:" not in received.data


def test_cron(host: Gateway, sink: Sink) -> None:
    """As Debian's cron calls it: no domain anywhere, the name in a comment."""
    data = b"From: root (Cron Daemon)\nTo: root-cron@example.test\nSubject: Cron <root@host> true\n"
    data += b"Auto-Submitted: auto-generated\n\nout\n"
    sendmail(host, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root-cron@example.test", data=data)
    received = arrived(sink, "root-cron@example.test")
    assert header(received, "From") == "Cron Daemon <root@sender.test>"
    assert header(received, "Auto-Submitted") == "auto-generated"


def test_a_message_without_a_header_of_its_own(host: Gateway, sink: Sink) -> None:
    sendmail(host, "-f", "ann@sender.test", "-F", "Ann O'Neil, Ltd.", "bare-h@example.test", data=b"just text\n")
    received = arrived(sink, "bare-h@example.test")
    assert header(received, "From") == '"Ann O\'Neil, Ltd." <ann@sender.test>'
    assert received.data.endswith(b"\r\n\r\njust text\r\n")


def test_a_name_begins_no_field(host: Gateway, sink: Sink) -> None:
    sendmail(host, "-fann@sender.test", "-FAnn\r\nX-Injected: yes", "name-f@example.test", data=b"text\n")
    received = arrived(sink, "name-f@example.test")
    assert header(received, "From") == '"Ann X-Injected: yes" <ann@sender.test>'
    assert header(received, "X-Injected") == "None"


def test_the_dot_ends_the_message_unless_told_otherwise(host: Gateway, sink: Sink) -> None:
    data = TEXT + b".\nafter\n..two\n"
    sendmail(host, "dot-ends@example.test", data=data)
    sendmail(host, "-i", "dot-text@example.test", data=data)
    assert arrived(sink, "dot-ends@example.test").data.endswith(b"Hello.\r\n")
    assert arrived(sink, "dot-text@example.test").data.endswith(b"Hello.\r\n.\r\nafter\r\n..two\r\n")


def test_smtp_on_standard_input(host: Gateway, sink: Sink) -> None:
    dialog = (
        b"EHLO x\r\nMAIL FROM:<ann@sender.test>\r\nRCPT TO:<stdin@example.test>\r\nDATA\r\n"
        + TEXT
        + b"\r\n.\r\nQUIT\r\n"
    )
    said = sendmail(host, "-bs", data=dialog).stdout
    assert b"250 2.0.0 OK: queued as " in said
    arrived(sink, "stdin@example.test")


@pytest.mark.parametrize(
    ("arguments", "data", "status", "said"),
    [
        (["-t"], TEXT, 64, b"no recipients"),
        (["-Z"], TEXT, 64, b"-Z"),
        (["-f"], TEXT, 64, b"-f"),
        (["-bd"], TEXT, 64, b"-bd"),
        ([f"r{number}@example.test" for number in range(1001)], TEXT, 69, b"4.5.3"),
        (["-N", "bogus", "joe@example.test"], TEXT, 64, b"-N"),
        (["-R", "some", "joe@example.test"], TEXT, 64, b"-R"),
        (["-V", "a b SMTPUTF8", "joe@example.test"], TEXT, 64, b"-V"),
        (["joe@example.test>\r\nRCPT TO:<eve@example.test"], TEXT, 64, b"control character"),
        (["-f", "ann@sender.test>\r\nRCPT TO:<eve@example.test", "joe@example.test"], TEXT, 64, b"control character"),
        (["-t"], b"To: joe@exam\rple.test\n" + TEXT, 67, b"control character"),
        (["joe@[127.0.0.1]"], TEXT, 67, b"553 5.1.3"),
        (["-t"], b"To: joe@example.test, Bo <bo@@example.test\n" + TEXT, 67, b"5.1.3"),
        (["-f", "ceo@bank.test", "joe@example.test"], TEXT, 77, b"550 5.7.1"),
        (["joe@example.test"], b"From: ceo@bank.test\n\nx\n", 77, b"550 5.7.1"),
        (["joe@example.test"], TEXT + b"x" * 2000 + b"\n", 65, b"554 5.6.0"),
    ],
)
def test_refusals_are_told_with_their_status(
    host: Gateway, arguments: list[str], data: bytes, status: int, said: bytes
) -> None:
    assert said in sendmail(host, *arguments, data=data, status=status).stderr


@pytest.mark.parametrize("name", ["newaliases", "mailq"])
def test_other_names(host: Gateway, tmp_path: Path, name: str) -> None:
    link = tmp_path / name
    link.symlink_to(PROGRAM[0])
    assert subprocess.run([link], env=ENVIRONMENT, timeout=60, check=False).returncode == 0


def test_by_its_name(host: Gateway, sink: Sink, tmp_path: Path) -> None:
    """A symlink called sendmail, as in /usr/sbin, with the configuration from the environment."""
    link = tmp_path / "sendmail"
    link.symlink_to(PROGRAM[0])
    environment = {**ENVIRONMENT, "EMAILGW_CONFIG": str(host.config_path)}
    subprocess.run([link, "-oi", "named@example.test"], input=TEXT, env=environment, timeout=60, check=True)
    arrived(sink, "named@example.test")


def test_php(host: Gateway, sink: Sink) -> None:
    php = need("php")
    script = "exit(mail('php@example.test', 'Grüße aus PHP', \"Hallo.\\n\", \"From: ann@sender.test\") ? 0 : 1);"
    path = f"sendmail_path={PROGRAM[0]} -c {host.config_path} sendmail -t -i"
    subprocess.run([php, "-d", path, "-r", script], env=ENVIRONMENT, timeout=60, check=True)
    assert header(arrived(sink, "php@example.test"), "Subject") == "Grüße aus PHP"


def test_git_send_email(host: Gateway, sink: Sink, tmp_path: Path) -> None:
    need("git")
    environment = {**ENVIRONMENT, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    link = tmp_path / "sendmail"
    link.write_text(f'#!/bin/sh\nexec {PROGRAM[0]} -c {host.config_path} sendmail "$@"\n')
    link.chmod(0o755)
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@sender.test"]

    def git(*arguments: str) -> None:
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, env=environment, timeout=60, check=True)

    git("init", "-q")
    (tmp_path / "file").write_text("x\n")
    git("add", "file")
    git("commit", "-qm", "Change something")
    git("format-patch", "--root", "-o", "out", "HEAD")
    patch = next((tmp_path / "out").iterdir())
    git("send-email", "--quiet", f"--sendmail-cmd={link}", "--to=git@example.test", "--confirm=never", str(patch))
    assert header(arrived(sink, "git@example.test"), "Subject") == "[PATCH] Change something"


def test_without_a_daemon_it_waits_in_the_store(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port)
    gateway.add_domain("sender.test")
    sendmail(gateway, "later@example.test")
    sendmail(gateway, "-f", "ceo@bank.test", "later@example.test", status=77)
    with gateway:
        arrived(sink, "later@example.test")


def test_without_a_daemon_reports_are_promised_too(tmp_path: Path, dns: DNSServer, sink: Sink) -> None:
    dns.domain("sender.test", "127.0.0.1")
    sink.on("RCPT", Say("550 5.1.1 no such user"), about="promised@example.test", always=True)
    gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=sink.port)
    gateway.add_domain("sender.test")
    options = ["-f", "ann@sender.test", "-N", "failure", "-R", "hdrs", "-V"]
    sendmail(gateway, *options, "x" * 101, "promised@example.test", status=64)
    sendmail(gateway, *options, "id+2B1", "promised@example.test")
    with gateway:
        report = arrived(sink, "ann@sender.test")
    assert b"\r\nOriginal-Envelope-Id: id+1\r\n" in report.data
    assert b"\r\nFinal-Recipient: rfc822; promised@example.test\r\n" in report.data


@pytest.mark.parametrize(("group", "status"), [("", 75), ("*", 0)])
def test_who_may_reach_the_daemon(dns: DNSServer, sink: Sink, group: str, status: int) -> None:
    """Nobody but its user by default; everybody with `*`. Who may not is told so with 75, and nothing is lost."""
    need_root()
    with tempfile.TemporaryDirectory(prefix="emailgw-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)  # pytest's own directories are for root alone
        settings = {"submission": {"socket": str(directory / "submit.sock"), "socket_group": group}}
        gateway = Gateway(directory / "gw", nameserver=dns.nameserver, mx_port=sink.port, settings=settings)
        gateway.add_domain("sender.test")
        with gateway:
            result = subprocess.run(
                [sys.executable, "-c", AS_NOBODY, f"reach{status}@example.test", str(gateway.config_path)],
                input=TEXT, capture_output=True, timeout=60, env=ENVIRONMENT, check=False,
            )  # fmt: skip
            assert result.returncode == status, result.stderr
            assert (b"socket_group" in result.stderr) == (status != 0)
            if status == 0:
                arrived(sink, "reach0@example.test")
