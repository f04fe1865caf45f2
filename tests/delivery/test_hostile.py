"""Remote hosts that mean ill or know no better: the lane is freed in time, memory is bounded, nothing bounces."""

import json
import time
import tracemalloc

import pytest

from emailgw.core.status import Scope
from tests.delivery.conftest import World, envelope
from tests.harness.sink import Drop, Endless, Say, Silence, Step, server_context

STEPS = ["CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "DOT"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "reply",
    [
        Silence(),
        Drop(),
        Drop(reset=True),
        Endless(),
        Endless(b"250-" + b"x" * 4000 + b"\r\n"),
        Endless(b"x" * 1000),
        Say("199 1.0.0 what"),
        Say("300 3.0.0 go on"),
        Say("600 6.0.0 beyond"),
        Say("755 7.5.5 nonsense"),
        Say("99"),
        Say("5"),
        Say(""),
        Say("-50 negative"),
        Say("5x0 5.1.1 no such user"),
        Say("HTTP/1.1 400 Bad Request\nServer: nginx"),
        Say(b"\x00\x01\x02\x80\xff\r\n"),
        Say("250-unfinished", close=True),
    ],
)
def test_nothing_but_a_real_5xx_is_permanent(world: World, step: str, reply: Step) -> None:
    world.change_timeouts(**dict.fromkeys(("greeting", "ehlo", "tls", "mail", "rcpt", "data", "dot"), 150))
    world.sink.on(step, reply, always=True)
    if step == "STARTTLS":
        world.sink.tls = server_context()
    attempt = world.deliver_one(limit=1500)
    if step == "STARTTLS" or (step == "DATA" and reply == Say("300 3.0.0 go on")):
        return  # falls back to clear text, or is an odd way to say 354; the point is that it returned
    assert attempt.status.status.is_transient, attempt.status
    assert world.sink.messages == [] or step == "DOT"


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_an_early_go_ahead_is_nonsense(world: World, step: str) -> None:
    world.sink.on(step, Say("354 go ahead"))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "4.5.0"
    assert world.sink.messages == []


@pytest.mark.parametrize(
    ("step", "early"),
    [
        ("MAIL", b"250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"),
        ("DATA", b"354 go\r\n250 taken\r\n"),
        ("DATA", b"354 go\r\n550 5.1.1 unknown\r\n"),
    ],
)
def test_replies_to_what_was_not_said_yet_are_nonsense(world: World, step: str, early: bytes) -> None:
    world.sink.on(step, Say(early))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "4.5.0"
    assert world.sink.messages == []


def test_a_reply_in_the_middle_of_a_large_message_is_heard(world: World) -> None:
    world.sink.on("BODY", Say("552 5.3.4 too large for us", delay=0.05, close=True))
    attempt = world.deliver_one(envelope(data=b"line of text\r\n" * 2_000_000))
    assert str(attempt.status.status) in ("5.3.4", "4.4.2")  # the reset may overtake the reply
    assert world.sink.messages == []


@pytest.mark.parametrize("end", [Silence(), Drop(), Drop(reset=True), Say("299")])
def test_silence_after_the_final_dot_is_never_permanent_and_asks_no_other_host(world: World, end: Step) -> None:
    world.dns.mx("example.test", (10, "mx.example.test"), (20, "again.test"))
    world.dns.add("again.test", "A", "127.0.0.1")
    world.sink.on("DOT", end)
    attempt = world.deliver_one()
    if end == Say("299"):
        assert attempt.status.status.is_success  # RFC 5321 §4.3.2: an unknown code means what its first digit means
    else:
        assert str(attempt.status.status) == "4.4.2"
        assert attempt.status.scope is Scope.MESSAGE
    assert len(world.sink.sessions) == 1


@pytest.mark.alone
@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "DOT"])
def test_a_drip_cannot_prolong_a_step(world: World, step: str) -> None:
    world.sink.on(step, Say("250-" + "a" * 500 + "\n250 ok", drip=0.02), always=True)
    began = time.monotonic()
    attempt = world.deliver_one()
    assert time.monotonic() - began < 3
    assert str(attempt.status.status) == "4.4.2"
    assert "timed out" in attempt.status.reason


@pytest.mark.alone
def test_a_try_ends_at_its_deadline_however_many_hosts_are_left(world: World) -> None:
    world.dns.mx("example.test", *((number, f"slow{number}.test") for number in range(10)))
    for number in range(10):
        world.dns.add(f"slow{number}.test", "A", "127.0.0.1")
    world.change_timeouts(greeting=60_000)
    world.sink.on("CONNECT", Silence(), always=True)
    began = time.monotonic()
    attempt = world.deliver_one(limit=400)
    assert 0.3 < time.monotonic() - began < 2
    assert str(attempt.status.status) == "4.4.2"
    assert len(world.sink.sessions) == 1


def test_a_deadline_that_is_past_dials_nobody(world: World) -> None:
    attempt = world.deliver_one(limit=-1000)
    assert attempt.status.status.is_transient
    assert world.sink.sessions == []


@pytest.mark.alone
def test_a_host_that_stops_reading_is_given_up(world: World) -> None:
    world.change_timeouts(block=300, dot=60_000)
    world.sink.on("BODY", Silence(reads=False))
    attempt = world.deliver_one(envelope(data=b"line of text\r\n" * 2_000_000))
    assert str(attempt.status.status) == "4.4.2"
    assert attempt.delays.transmit < 3000


def test_endless_replies_are_bounded_in_memory(world: World) -> None:
    world.change_timeouts(ehlo=2000)
    world.sink.on("EHLO", Endless(b"250-" + b"x" * 60_000 + b"\r\n"), always=True)
    tracemalloc.start()
    try:
        attempt = world.deliver_one()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert attempt.status.status.is_transient
    assert peak < 16 << 20


def test_many_small_lines_cost_little_time(world: World) -> None:
    world.change_timeouts(ehlo=5000)
    world.sink.on("EHLO", Endless(b"250-\n"), always=True)
    began = time.process_time()
    world.deliver_one()
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        b"550 5.1.1 \x1b[2J\x1b]0;owned\x07 gone\r\n",
        b"550 5.1.1 <script>alert(1)</script>\r\n",
        b"550 5.1.1 nul \x00 here\r\n",
        b"550 5.1.1 latin1 \xe4\xf6\xfc\r\n",
        b"550 5.1.1 \xe2\x80\xaereversed\xe2\x80\xa8line\r\n",
        b"550 5.1.1 \xed\xa0\x80 surrogate\r\n",
        b"550 5.1.1 " + b"long " * 1500 + b"\r\n",
        b"550-5.1.1 many\r\n" * 400 + b"550 5.1.1 lines\r\n",
    ],
)
def test_remote_text_is_harmless_wherever_it_goes(world: World, text: bytes) -> None:
    world.sink.on("RCPT", Say(text))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "5.1.1"
    assert attempt.status.reply is not None
    for line in (attempt.status.reason, attempt.status.reply.text, *attempt.transcript):
        assert line.isprintable() or "\N{REPLACEMENT CHARACTER}" in line
        assert len(line) <= 1010
        json.dumps(line).encode()
        line.encode()


def test_a_transcript_is_bounded_and_keeps_its_end(world: World) -> None:
    hosts = [(number, f"h{number}.test") for number in range(10)]
    world.dns.mx("example.test", *hosts)
    for _, host in hosts:
        world.dns.add(host, "A", "127.0.0.1")
    world.sink.on("DATA", Drop(), always=True)
    attempt = world.deliver_one()
    assert len(attempt.transcript) == 60
    assert "left out" in attempt.transcript[20]
    assert "connection lost" in attempt.transcript[-1]
