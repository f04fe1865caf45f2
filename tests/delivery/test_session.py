"""One session with one host: what is said, what replies mean, TLS, reuse."""

import msgspec
import pytest

from emailgw.core.status import Scope
from emailgw.delivery.settings import TLSLevel
from tests.delivery.conftest import MESSAGE, World, envelope
from tests.harness.sink import Drop, Say, server_context

PLAIN = "From: a@sender.test\r\n\r\n"


def test_a_message_arrives_as_it_is(world: World) -> None:
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "2.0.0"
    assert attempt.status.reply is not None
    assert attempt.status.reply.code == 250
    assert (attempt.host, attempt.address, attempt.port) == ("mx.example.test", "127.0.0.1", world.sink.port)
    [message] = world.sink.messages
    assert message.data == MESSAGE
    assert message.reverse_path == "b@sender.test"
    assert message.recipients == ["joe@example.test"]
    assert world.sink.commands == [
        "EHLO gw.test",
        f"MAIL FROM:<b@sender.test> SIZE={len(MESSAGE)}",
        "RCPT TO:<joe@example.test>",
        "DATA",
        "QUIT",
    ]
    assert attempt.transcript[-8:] == (
        f"> MAIL FROM:<b@sender.test> SIZE={len(MESSAGE)}",
        "< 250 2.1.0 ok",
        "> RCPT TO:<joe@example.test>",
        "< 250 2.1.5 ok",
        "> DATA",
        "< 354 go ahead",
        f"! {len(MESSAGE)} bytes of message, then a dot",
        "< 250 2.0.0 queued",
    )
    assert attempt.started_at > 1_600_000_000_000


@pytest.mark.parametrize(
    "data",
    [
        b".\r\n",
        b"..\r\n.\r\n.x\r\n",
        PLAIN.encode() + b".\r\n\r\n.\r\n..\r\nMAIL FROM:<x@y>\r\n",
        PLAIN.encode() + "Grüße\r\n".encode(),
        PLAIN.encode() + b"\x00\xff\xfe\r\n",
        PLAIN.encode() + b".a line of text that starts with a dot and fills blocks\r\n" * 60_000,
    ],
)
def test_every_byte_survives(world: World, data: bytes) -> None:
    attempt = world.deliver_one(envelope(data=data))
    assert attempt.status.status.is_success, attempt.transcript
    assert [message.data for message in world.sink.messages] == [data]


@pytest.mark.parametrize("data", [b"", b"no end", b"bare\n.\r\n", b"bare\r.\r\n", b"a\n\rb\r\n"])
def test_line_ends_that_could_be_read_as_two_messages_are_refused(world: World, data: bytes) -> None:
    with pytest.raises(ValueError, match="CR LF"):
        world.deliver_one(envelope(data=data))
    assert world.sink.sessions == []


@pytest.mark.parametrize("path", ["a@b>\r\nRCPT TO:<c@d", "a@b> X=<", "a b@c", "a@b\n"])
def test_a_reverse_path_cannot_carry_commands(world: World, path: str) -> None:
    with pytest.raises(ValueError, match="address"):
        world.deliver_one(envelope(reverse_path=path))
    assert world.sink.sessions == []


def test_parameters_are_those_the_host_offers(world: World) -> None:
    eight = envelope(data=PLAIN.encode() + b"\xc3\xbc\r\n", reverse_path="")
    world.deliver(eight)
    world.sink.extensions = ()
    world.deliver(eight)
    first, second = world.sink.messages
    assert (first.reverse_path, first.parameters) == ("", f"SIZE={len(eight.data)} BODY=8BITMIME")
    assert (second.reverse_path, second.parameters) == ("", "")


def test_non_ascii_addresses_need_smtputf8(world: World) -> None:
    joerg = envelope("jörg@example.test")
    assert world.deliver_one(joerg).status.status.is_success
    assert world.sink.messages[0].recipients == ["jörg@example.test"]
    assert "SMTPUTF8" in world.sink.messages[0].parameters
    world.sink.extensions = ("8BITMIME",)
    refused, fine = world.deliver(joerg, envelope())
    assert str(refused.status.status) == "5.6.7"
    assert refused.status.scope is Scope.RECIPIENT
    assert fine.status.status.is_success


@pytest.mark.parametrize(("octets", "parameter"), [(b"Gr\xc3\xbc\xc3\x9fe", " SMTPUTF8"), (b"Gr\xfc\xdfe", "")])
def test_a_header_that_others_wrote_in_eight_bits_goes_on(world: World, octets: bytes, parameter: str) -> None:
    data = b"From: a@other.test\r\nSubject: %s\r\n\r\nx\r\n" % octets
    passed_on = msgspec.structs.replace(envelope(data=data), foreign=True)
    assert world.deliver_one(passed_on).status.status.is_success
    world.sink.extensions = ("8BITMIME",)
    assert world.deliver_one(passed_on).status.status.is_success
    first, second = world.sink.messages
    assert (first.data, first.parameters) == (data, f"SIZE={len(data)} BODY=8BITMIME{parameter}")
    assert (second.data, second.parameters) == (data, "BODY=8BITMIME")


def test_our_own_header_in_utf8_needs_smtputf8(world: World) -> None:
    own = envelope(data="From: a@sender.test\r\nSubject: Grüße\r\n\r\nx\r\n".encode())
    world.sink.extensions = ("8BITMIME",)
    assert str(world.deliver_one(own).status.status) == "5.6.7"


def test_a_message_over_the_offered_size_is_not_sent(world: World) -> None:
    world.sink.extensions = ("SIZE 100",)
    large, small = world.deliver(envelope(data=b"x\r\n" * 34), envelope(data=b"x\r\n" * 33))
    assert str(large.status.status) == "5.3.4"
    assert large.status.scope is Scope.MESSAGE
    assert small.status.status.is_success
    assert len([command for command in world.sink.commands if command.startswith("MAIL")]) == 1


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0", "SIZE many", "SIZE -1", "SIZE " + "9" * 1000])
def test_a_size_that_says_nothing_limits_nothing(world: World, offer: str) -> None:
    world.sink.extensions = (offer,)
    assert world.deliver_one().status.status.is_success


def test_helo_when_ehlo_is_not_known(world: World) -> None:
    world.sink.on("EHLO", Say("502 5.5.1 what?"))
    assert world.deliver_one().status.status.is_success
    assert world.sink.commands[:3] == ["EHLO gw.test", "HELO gw.test", "MAIL FROM:<b@sender.test>"]


@pytest.mark.parametrize(
    ("step", "reply", "status", "scope"),
    [
        ("MAIL", "550 5.7.1 not from you", "5.7.1", Scope.MESSAGE),
        ("MAIL", "451 4.3.0 later", "4.3.0", Scope.MESSAGE),
        ("RCPT", "550 5.1.1 unknown", "5.1.1", Scope.RECIPIENT),
        ("RCPT", "550 no status", "5.0.0", Scope.RECIPIENT),
        ("RCPT", "550 4.2.2 class differs", "5.0.0", Scope.RECIPIENT),
        ("RCPT", "550-5.1.1 two\n550 5.1.1 lines", "5.1.1", Scope.RECIPIENT),
        ("RCPT", "451 4.7.1 greylisted", "4.7.1", Scope.RECIPIENT),
        ("DATA", "554 5.5.1 no", "5.5.1", Scope.MESSAGE),
        ("DATA", "451 4.3.0 later", "4.3.0", Scope.MESSAGE),
        ("DOT", "554 5.7.1 spam", "5.7.1", Scope.MESSAGE),
        ("DOT", "452 4.3.1 full", "4.3.1", Scope.MESSAGE),
    ],
)
def test_refusals_end_the_try_and_leave_the_session(
    world: World, step: str, reply: str, status: str, scope: Scope
) -> None:
    world.sink.on(step, Say(reply))
    refused, fine = world.deliver(envelope("one@example.test"), envelope("two@example.test"))
    assert str(refused.status.status) == status
    assert refused.status.scope is scope
    assert refused.status.host == "mx.example.test"
    assert refused.status.reply is not None
    assert refused.status.reply.code == int(reply[:3])
    assert fine.status.status.is_success
    assert len(world.sink.sessions) == 1
    assert [message.recipients for message in world.sink.messages] == [["two@example.test"]]
    # An open transaction is reset before the next one, at the price of a command only when there is a next one.
    assert ("RSET" in world.sink.commands) is (step in ("RCPT", "DATA"))


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_closing_down_in_reply_to_anything_is_the_sites_trouble(world: World, step: str) -> None:
    world.sink.on(step, Say("421 4.3.2 closing", close=True))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "4.3.2"
    assert attempt.status.scope is Scope.SITE


def test_a_session_carries_many_messages_but_not_too_many(world: World) -> None:
    world.change(max_messages_per_session=3)
    attempts = world.deliver(*(envelope(f"u{number}@example.test") for number in range(7)))
    assert all(attempt.status.status.is_success for attempt in attempts)
    assert [message.session for message in world.sink.messages] == [0, 0, 0, 1, 1, 1, 2]
    world.sink.wait_for(lambda: world.sink.commands.count("QUIT") == 3)
    assert attempts[1].delays.connect == 0
    assert not any("EHLO" in line for line in attempts[1].transcript)


@pytest.mark.parametrize("farewell", [Drop(), Drop(reset=True), Say("421 4.4.2 idle too long", close=True)])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_used_session_that_died_counts_as_nothing(world: World, farewell: Say | Drop, step: str) -> None:
    world.sink.on(step, farewell, about="two" if step == "RCPT" else "second@")
    attempts = world.deliver(envelope("one@example.test"), envelope("two@example.test", reverse_path="second@s.test"))
    assert [str(attempt.status.status) for attempt in attempts] == ["2.0.0", "2.0.0"]
    assert [message.session for message in world.sink.messages] == [0, 1]


def test_a_session_closed_while_idle_is_replaced(world: World) -> None:
    world.sink.on("DOT", Say("250 2.0.0 ok, and good bye", close=True))
    attempts = world.deliver(envelope("one@example.test"), envelope("two@example.test"))
    assert [attempt.status.status.is_success for attempt in attempts] == [True, True]
    assert [message.session for message in world.sink.messages] == [0, 1]


def test_tls_is_used_when_offered(world: World) -> None:
    world.sink.tls = server_context()
    large = envelope(data=b"line of text\r\n" * 100_000)
    first, second = world.deliver(envelope(), large)
    assert first.tls is not None
    assert first.tls.version == "TLSv1.3"
    assert first.tls.cipher
    assert not first.tls.verified
    assert second.tls == first.tls
    assert [message.tls for message in world.sink.messages] == ["TLSv1.3", "TLSv1.3"]
    assert world.sink.messages[1].data == large.data
    assert world.sink.commands.count("EHLO gw.test") == 2


def test_tls_is_not_used_when_turned_off(world: World) -> None:
    world.sink.tls = server_context()
    world.change(tls=TLSLevel.OFF)
    assert world.deliver_one().tls is None
    assert world.sink.messages[0].tls is None


def test_a_failed_handshake_falls_back_to_clear_text_on_a_new_connection(world: World) -> None:
    world.sink.tls = "broken"
    attempt = world.deliver_one()
    assert attempt.status.status.is_success
    assert attempt.tls is None
    assert any("without TLS" in line for line in attempt.transcript)
    assert len(world.sink.sessions) == 2


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "502 5.5.1 no"])
def test_an_offer_taken_back_leaves_the_session_in_clear(world: World, reply: str) -> None:
    world.sink.tls = server_context()
    world.sink.on("STARTTLS", Say(reply))
    attempt = world.deliver_one()
    assert attempt.status.status.is_success
    assert attempt.tls is None
    assert len(world.sink.sessions) == 1


def test_nothing_said_in_clear_survives_the_handshake(world: World) -> None:
    """RFC 3207 §4.2: replies injected behind the 220 must not be taken for the encrypted host's."""
    world.sink.tls = server_context()
    world.sink.on("STARTTLS", Say(b"220 go\r\n250 injected\r\n"))
    attempt = world.deliver_one()
    assert attempt.status.status.is_success
    assert not any("injected" in line for line in attempt.transcript)


def test_required_tls_never_falls_back(world: World) -> None:
    attempt = world.deliver_one(tls=TLSLevel.REQUIRED)
    assert str(attempt.status.status) == "4.7.4"
    world.sink.tls = "broken"
    attempt = world.deliver_one(tls=TLSLevel.REQUIRED)
    assert str(attempt.status.status) == "4.7.5"
    assert attempt.status.scope is Scope.SITE
    world.sink.tls = server_context()
    attempt = world.deliver_one(tls=TLSLevel.REQUIRED)
    assert attempt.status.status.is_success
    assert attempt.tls is not None
