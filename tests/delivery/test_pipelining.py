"""Refusals mean the same whether commands go one by one or in one write (RFC 2920), and however the replies come."""

import asyncio

import pytest

from emailgw.core.events import Attempt
from emailgw.core.status import Scope
from emailgw.delivery.agent import Agent
from emailgw.delivery.router import Router
from tests.delivery.conftest import World, envelope, now, run
from tests.harness.sink import Drop, Endless, Manner, Say, Silence, Step, server_context

ONE, TWO = envelope("one@example.test"), envelope("two@example.test")


def commands(world: World) -> list[str]:
    """The verbs of the first session."""
    return [command[:4] for command in world.sink.sessions[0].commands]


def offers(world: World) -> bool:
    return "PIPELINING" in world.sink.extensions


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize(
    ("step", "reply", "status", "scope", "ends"),
    [
        ("MAIL", "550 5.7.1 not from you", "5.7.1", Scope.MESSAGE, False),
        ("MAIL", "451 4.3.0 later", "4.3.0", Scope.MESSAGE, False),
        ("MAIL", "421 4.3.2 closing", "4.3.2", Scope.SITE, True),
        ("MAIL", "354 go ahead", "4.5.0", Scope.SITE, True),
        ("RCPT", "550-5.1.1 no such\n550 5.1.1 user", "5.1.1", Scope.RECIPIENT, False),
        ("RCPT", "450 4.7.1 greylisted", "4.7.1", Scope.RECIPIENT, False),
        ("RCPT", "421 4.7.0 too many", "4.7.0", Scope.SITE, True),
        ("RCPT", "354 go ahead", "4.5.0", Scope.SITE, True),
        ("RCPT", "199 what", "4.5.0", Scope.SITE, True),
        ("DATA", "554 5.5.1 no", "5.5.1", Scope.MESSAGE, False),
        ("DATA", "451 4.3.0 later", "4.3.0", Scope.MESSAGE, False),
        ("DATA", "421 4.3.2 closing", "4.3.2", Scope.SITE, True),
        ("DATA", "250 ok", "4.5.0", Scope.SITE, True),
        ("DOT", "554 5.7.1 spam", "5.7.1", Scope.MESSAGE, False),
        ("DOT", "452 4.3.1 full", "4.3.1", Scope.MESSAGE, False),
        ("DOT", "421 4.3.2 closing", "4.3.2", Scope.SITE, True),
        ("DOT", "354 go ahead", "4.5.0", Scope.MESSAGE, True),
    ],
)
def test_a_refusal_means_what_it_says(
    world: World, manner: Manner, step: str, reply: str, status: str, scope: Scope, ends: bool
) -> None:
    world.sink.manner = manner
    world.be_patient()
    world.sink.on(step, Say(reply))
    refused, fine = world.deliver(ONE, TWO)
    assert (str(refused.status.status), refused.status.scope) == (status, scope)
    assert refused.status.reply is not None
    assert refused.status.reply.code == int(reply[:3])
    assert refused.status.reply.text == reply[4:].replace("\n550 ", " ")
    assert fine.status.status.is_success, fine.transcript
    taken = [message.recipients for message in world.sink.messages if message.recipients != ["one@example.test"]]
    assert taken == [["two@example.test"]]
    if step != "DOT":
        assert len(world.sink.messages) == 1
    assert len(world.sink.sessions) == 1 + ends


def test_the_offer_alone_decides_what_is_said_after_a_refusal(world: World) -> None:
    """And one DATA in vain is enough: some hosts hang up after a few."""
    world.sink.on("RCPT", Say("550 5.1.1 unknown"), about="one@", always=True)
    refused, fine, again = world.deliver(ONE, TWO, ONE)
    asked_in_vain = ["DATA"] if offers(world) else []
    assert commands(world) == [
        *("EHLO", "MAIL", "RCPT"),
        *asked_in_vain,
        *("RSET", "MAIL", "RCPT", "DATA"),
        *("MAIL", "RCPT", "QUIT"),
    ]
    assert str(again.status.status) == "5.1.1"
    said = [line for line in refused.transcript if line.startswith(("> RCPT", "> DATA", "<"))][-2 - 2 * offers(world) :]
    assert said[:2] == ["> RCPT TO:<one@example.test>", "< 550 5.1.1 unknown"]
    assert said[2:] == (["> DATA", "< 503 5.5.1 RCPT first"] if offers(world) else [])
    assert fine.status.status.is_success


@pytest.mark.parametrize("manner", Manner)
def test_commands_go_ahead_of_the_first_reply(world: World, manner: Manner) -> None:
    """A host that replies together replies to nothing before DATA: whoever waited for it would wait in vain."""
    world.sink.manner = manner
    world.be_patient()
    world.sink.on("RCPT", Say("550 5.1.1 unknown"), about="one@")
    attempts = world.deliver(ONE, TWO, TWO)
    assert [str(attempt.status.status) for attempt in attempts] == ["5.1.1", "2.0.0", "2.0.0"]
    assert len(world.sink.sessions) == 1
    assert commands(world).count("RSET") == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize(
    ("end", "stays"),
    [
        (Say("554 5.5.1 no valid recipients"), True),
        (Say("250 2.0.0 queued nothing"), True),
        (Say("421 4.3.2 closing", close=True), False),
        (Say("199 what"), False),
        (Drop(), False),
        (Silence(), False),
    ],
)
@pytest.mark.parametrize("sink", [True], indirect=True, ids=["pipelining"])
def test_a_host_that_wants_the_message_after_its_refusal_gets_a_dot_alone(
    world: World, step: str, end: Step, stays: bool
) -> None:
    world.sink.on(step, Say("550 5.7.1 not here"))
    world.sink.on("EMPTY", Say("354 go ahead all the same"))
    world.sink.on("DOT", end)
    refused, fine = world.deliver(ONE, TWO)
    assert str(refused.status.status) == "5.7.1"
    assert refused.status.scope is (Scope.MESSAGE if step == "MAIL" else Scope.RECIPIENT)
    assert f"(in reply to {step}" in refused.status.reason
    assert fine.status.status.is_success
    assert [message.data for message in world.sink.messages if message.recipients != ["two@example.test"]] == (
        [b""] if end == Say("250 2.0.0 queued nothing") else []
    )
    assert len(world.sink.sessions) == (1 if stays else 2)
    assert commands(world).count("RSET") == stays


@pytest.mark.parametrize("end", [Drop(), Drop(reset=True), Silence(), Say("HTTP/1.1 400 Bad Request"), Say("421 bye")])
@pytest.mark.parametrize(("refusing", "then"), [("MAIL", "EMPTY"), ("RCPT", "EMPTY")])
def test_a_refusal_stands_whatever_becomes_of_the_rest(world: World, refusing: str, then: str, end: Step) -> None:
    world.change_timeouts(data=100)
    world.sink.on(refusing, Say("550 5.7.1 not here"))
    world.sink.on(then, end)
    refused, fine = world.deliver(ONE, TWO)
    assert str(refused.status.status) == "5.7.1"
    assert fine.status.status.is_success
    assert len(world.sink.sessions) == (2 if offers(world) else 1)


@pytest.mark.parametrize("manner", [Manner.PROMPT, Manner.DRIP])
@pytest.mark.parametrize("end", [Drop(), Drop(reset=True), Silence()])
@pytest.mark.parametrize(("step", "command"), [("MAIL", "MAIL FROM"), ("RCPT", "RCPT TO"), ("DATA", "DATA")])
def test_a_host_that_stops_answering_in_the_middle_is_in_trouble(
    world: World, step: str, command: str, end: Step, manner: Manner
) -> None:
    world.sink.manner = manner
    world.be_patient()
    if end == Silence():
        world.change_timeouts(**{step.lower(): 200})
    world.sink.on(step, end, always=True)
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "4.4.2"
    assert attempt.status.scope is Scope.SITE
    assert ("timed out" in attempt.status.reason) is (end == Silence())
    if end != Drop(reset=True):  # which may take the replies before it along
        assert attempt.status.reason.endswith(f"in reply to {command}")
    assert world.sink.messages == []


def test_a_refused_reset_costs_the_session_and_nothing_else(world: World) -> None:
    world.sink.on("RCPT", Say("550 5.1.1 unknown"))
    world.sink.on("RSET", Say("500 5.5.1 what?"))
    refused, fine = world.deliver(ONE, TWO)
    assert str(refused.status.status) == "5.1.1"
    assert fine.status.status.is_success
    assert [(message.recipients, message.session) for message in world.sink.messages] == [(["two@example.test"], 1)]


def test_a_farewell_that_nobody_asked_for_is_the_answer(world: World) -> None:
    """RFC 5321 §3.8: 421 may come at any time."""
    world.sink.extensions = ("FIRST", *world.sink.extensions)
    world.sink.on("EHLO", Say(b"250-sink.test\r\n250 PIPELINING\r\n421 4.3.2 shutting down\r\n", close=True))
    attempt = world.deliver_one()
    assert (str(attempt.status.status), attempt.status.scope) == ("4.3.2", Scope.SITE)
    assert "(in reply to MAIL FROM)" in attempt.status.reason


@pytest.mark.parametrize("more", [b"421 4.4.2 idle\r\n", b"250 ok\r\n", b"25", b"354 go\r\n" * 100])
def test_what_nobody_asked_for_costs_a_used_session_and_no_message(world: World, more: bytes) -> None:
    world.sink.on("DOT", Say(b"250 2.0.0 queued\r\n" + more))
    attempts = world.deliver(ONE, TWO)
    assert [str(attempt.status.status) for attempt in attempts] == ["2.0.0", "2.0.0"]
    assert [message.session for message in world.sink.messages] == [0, 1]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_replies_without_end_are_not_kept(world: World, step: str) -> None:
    world.sink.on(step, Endless(b"299 ok\r\n" if step != "DATA" else b"399 go\r\n"), always=True)
    attempt = world.deliver_one()
    assert attempt.status.status.is_transient or step == "DOT"


def test_pipelining_offered_in_clear_counts_for_nothing_under_tls(world: World) -> None:
    world.sink.tls = server_context()
    world.sink.on("EHLO", Say("250-sink.test\n250-STARTTLS\n250 PIPELINING"))
    world.sink.on("EHLO", Say("250 sink.test"))
    world.sink.on("RCPT", Say("550 5.1.1 unknown"))
    assert str(world.deliver_one().status.status) == "5.1.1"
    assert "DATA" not in world.sink.commands


def test_cancelled_in_the_middle_a_try_closes_its_session_and_the_next_one_is_whole(world: World) -> None:
    world.change_timeouts(rcpt=60_000)
    world.sink.on("RCPT", Silence())

    async def work() -> Attempt:
        router = Router(world.settings)
        agent = Agent(router, world.settings, "example.test", now)
        try:
            task = asyncio.create_task(agent.deliver(ONE, now() + 60_000))
            await asyncio.to_thread(world.sink.wait_for, lambda: any("RCPT" in line for line in world.sink.commands))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(world.sink.wait_for, lambda: world.sink.sessions[0].closed)
            return await agent.deliver(TWO, now() + 5000)
        finally:
            await agent.close()
            await router.close()

    assert run(work()).status.status.is_success
    assert [message.recipients for message in world.sink.messages] == [["two@example.test"]]
