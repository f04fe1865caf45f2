"""Whatever it is fed, the parser answers soon, in little memory, and never raises."""

import random
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from emailgw.bounce.parse import parse
from emailgw.bounce.report import Kind
from tests.bounce.corpora import every_message, needs_corpora

SECONDS = 0.5


def seconds(message: bytes) -> float:
    """CPU time: the parser waits for nothing, and what else the machine does meanwhile is not its own."""
    began = time.thread_time()
    parse(message)
    return time.thread_time() - began


MEGABYTES = 50
HEAD = b"From: MAILER-DAEMON@x.example\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\n"
MANY = 2_000_000


def mutations(message: bytes, dice: random.Random) -> Iterator[bytes]:
    """The message with other line ends, cut short, with its header twice, and with a few bytes changed."""
    lines = message.replace(b"\r\n", b"\n")
    yield lines.replace(b"\n", b"\r\n")
    yield lines.replace(b"\n", b"\r")
    yield lines.replace(b"\n", b"\r\r\n")
    yield message[: dice.randrange(len(message) + 1)]
    header, blank, body = lines.partition(b"\n\n")
    yield header + b"\n" + header + blank + body
    yield header + blank + lines
    changed = bytearray(message)
    for _ in range(8 if changed else 0):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    yield bytes(changed)


@needs_corpora
def test_every_message_and_its_mutations() -> None:
    dice = random.Random(3464)
    slowest = 0.0
    for message in every_message():
        for variant in (message, *mutations(message, dice)):
            began = time.thread_time()
            parse(variant)
            slowest = max(slowest, time.thread_time() - began)
    assert slowest < SECONDS


def in_every_place(unit: bytes) -> Iterator[bytes]:
    """Two megabytes of `unit` where they may hurt."""
    text = unit * (MANY // len(unit))
    part = text[: MANY // 4]
    yield text
    yield HEAD + b"\n" + text
    yield HEAD + b"Content-Type: text/html\n\n" + text
    yield HEAD + b"Content-Transfer-Encoding: base64\n\n" + text
    yield HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + text
    yield HEAD + b"Content-Type: multipart/mixed; boundary=" + text
    yield b"Subject: " + text + b"\nFrom: " + text
    report = b"Content-Type: multipart/report; boundary=a\n\n--a\n\n" + part + b"\n--a\nContent-Type: message/"
    yield HEAD + report + b"delivery-status\n\nFinal-Recipient: rfc822; " + part + b"\nDiagnostic-Code: smtp; " + part
    yield (
        HEAD
        + report
        + b"feedback-report\n\nOriginal-Rcpt-To: "
        + part
        + b"\n--a\nContent-Type: message/rfc822\n\nTo: "
        + part
    )


UNITS = [bytes([byte]) for byte in b"a@<>.-:=?\"'(;,&[]{}|\\ \t\n\r\0%+_/*#1\x80\xff"]
UNITS += [
    b"a@b.example ",
    b"<a@b.example>: 550 no\n",
    b"--a\n",
    b"<!--",
    b"<style>x",
    b"<br ",
    b"=?utf-8?B?",
    b'; a="',
    b"> ",
]
UNITS += [
    b"Final-Recipient: rfc822; a@b.example\n\n",
    b"rcpt to:<a@b.example>\n",
    b"original message\n",
    b"A: b\n",
    b"&#1;",
]
UNITS += [
    "\u30ac".encode(),
    "\u0301".encode(),
    b"[smtp:a@b.example] ",
    b"addressed to 'a@b.example' ",
    b"a." * 30 + b"\n",
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_two_megabytes_of_one_thing(unit: bytes) -> None:
    for message in in_every_place(unit):
        began = time.thread_time()
        parse(message)
        assert time.thread_time() - began < SECONDS


DEEP = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(1000))
SIZES = {
    "parts nested 1,000 deep": DEEP + b"\nhello",
    "messages nested 1,000 deep": b"Content-Type: message/rfc822\n\n" * 1000,
    "100,000 parts": HEAD
    + b"Content-Type: multipart/report; boundary=a\n\n"
    + b"--a\n\na@b.example: 550 no\n" * 100_000,
    "100,000 header fields": b"X: y\n" * 100_000 + b"\nhello",
    "100,000 recipients": HEAD
    + b"\n"
    + b"".join(b"Final-Recipient: rfc822; u%d@b.example\nAction: failed\n\n" % number for number in range(100_000)),
    "200 recipients with much to say of each": HEAD
    + b"\n"
    + b"".join(b"<u%d@b.example>:\n" % n + b"user message host connection " * 60 + b"\n" for n in range(300)),
    "the same without blanks": HEAD
    + b"Content-Type: text/plain; charset=utf-8\n\n"
    + b"".join(b"<u%d@b.example>:\n" % n + "邮箱用户邮件".encode() * 250 + b"\n" for n in range(300)),
    "300 recipients with long diagnostics": HEAD
    + b"\n"
    + b"".join(
        b"Final-Recipient: rfc822; u%d@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; " % n
        + b"user message host connection " * 130
        + b"\n\n"
        for n in range(300)
    ),
    "100,000 recipients in a notice": HEAD
    + b"\nThe following addresses failed:\n\n"
    + b"".join(b"<u%d@b.example>: odd thing %d happened\n" % (n, n) for n in range(100_000)),
    "100,000 failed recipients in a header field": HEAD
    + b"X-Failed-Recipients: "
    + b"".join(b"u%d@b.example," % n for n in range(100_000))
    + b"\n\nfailed\n",
    "a complaint of 100,000 recipients": b"Content-Type: multipart/report; report-type=feedback-report; boundary=a\n\n"
    + b"--a\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    + b"".join(b"Original-Rcpt-To: u%d@b.example\n" % n for n in range(100_000)),
    "a header field of 2 MB": b"Subject: " + b"x " * (MANY // 2) + b"\nFrom: MAILER-DAEMON\n\n<a@b.example>: 550 no\n",
    "encoded words": b"Subject: "
    + b"=?utf-8?q?=41?= " * 100_000
    + b"\nFrom: "
    + b"=?utf-7?b?K0FE?= " * 50_000
    + b"\n\n",
    "comments within comments": b"From: " + b"(" * 100_000 + b"x" + b")" * 100_000 + b"\nSubject: failed\n\n",
    "parameters": b"Content-Type: multipart/mixed; " + b"".join(b"a*%d=x; " % n for n in range(100_000)) + b"\n\n",
    "HTML of 2 MB": HEAD
    + b"Content-Type: text/html\n\n"
    + b"<a href='mailto:a@b.example'>a@b.example</a> failed<br>" * (MANY // 56),
    "uuencode": HEAD + b"\nbegin 644 x\n" + (b"M" + b"#" * 60 + b"\n") * 30_000 + b"end\n",
    "UTF-16": HEAD
    + b"Content-Type: text/plain; charset=utf-16\n\n"
    + ("failed a@b.example " * 50_000).encode("utf-16"),
    "escapes of a charset": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B%a\x1b(B" * 200_000,
    "a line of 2 MB": HEAD + b"\n" + b"x" * MANY,
    "attachment of 20 MB": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * (5 << 20),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", SIZES)
def test_size_is_bounded(name: str) -> None:
    took = min(seconds(SIZES[name]) for _ in range(3))
    tracemalloc.start()
    try:
        parse(SIZES[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < SECONDS
    assert peak < MEGABYTES << 20


@pytest.mark.parametrize("message", [b"", b"\n", b"\0", b"\xff\xfe", b"From ", b":", b"a"])
def test_almost_nothing(message: bytes) -> None:
    assert parse(message).kind in (Kind.MALFORMED, Kind.ORDINARY)
