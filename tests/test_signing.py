"""Signing processes, each scenario in a program of its own: processes are forked before there is a thread."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from emailgw.core.address import Mailbox
from emailgw.core.directory import DkimAlgorithm
from emailgw.core.model import Attachment, Content
from emailgw.core.template import Variable
from emailgw.mime.compose import compose
from emailgw.mime.dkim import Signer, generate_key, sign
from emailgw.mime.template import render
from emailgw.signing import MOST, Draft, Made, SigningProcesses, make_here, processes_for
from emailgw.store.rows import decode_content, encode_content
from tests.bench.sample import MESSAGE
from tests.harness.waiting import eventually

AT = 1_700_000_000_000
ONE = Signer("one.test", "rsa", generate_key(DkimAlgorithm.RSA))
TWO = Signer("two.test", "ed", generate_key(DkimAlgorithm.ED25519))
GREETED = msgspec.structs.replace(MESSAGE, variables={"NAME": "Ann"})
AUTHOR = Mailbox("", MESSAGE.author)
TEMPLATE = encode_content(
    Content(
        AUTHOR,
        subject="Grüße",
        text="Hello {{NAME}}",
        html="<p>Hello {{NAME}} of {{PLACE}}",
        attachments=(Attachment("a.txt", b"attached"),),
        placeholders=(Variable("NAME"), Variable("PLACE", fallback="nowhere")),
    )
)
MAIL = encode_content(Content(AUTHOR, raw=b"From: a@one.test\r\nSubject: hello\r\n\r\nHello there."))
DRAFTS = [
    Draft(TEMPLATE, GREETED, [ONE, TWO]),
    Draft(TEMPLATE, MESSAGE, [TWO]),
    Draft(MAIL, MESSAGE, [ONE]),
    Draft(MAIL, MESSAGE, []),
]

PROGRAM = """
import asyncio, json, multiprocessing, os, pathlib, signal, subprocess, sys, time
import msgspec, uvloop
import emailgw.signing
from emailgw.core.model import Message
from emailgw.mime.dkim import Signer
from emailgw.signing import Draft, SigningProcesses

emailgw.signing.PATIENCE = 1
program = os.getpid()
BEFORE
processes = SigningProcesses(2)
keys = [Signer(domain, selector, bytes.fromhex(der)) for domain, selector, der in json.loads(sys.argv[1])]
parts, at = json.loads(sys.argv[2])
drafts = [
    Draft(bytes.fromhex(content), msgspec.json.decode(message, type=Message), [keys[place] for place in places])
    for content, message, places in parts
]
late = []
pids = sorted(process.pid for process in multiprocessing.active_children())

def ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])

async def ask():
    return [(made.data.decode(), made.fault) for made in await processes.make_all(drafts, at)]

async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)

async def tell(**found):
    # With the answers to so many requests that each process has some.
    answers = [await ask() for _ in range(6)]
    found |= {"answers": answers[:1], "alike": all(answer == answers[0] for answer in answers)}
    print(json.dumps(found | {"pids": pids, "warnings": processes.warnings()}), flush=True)

async def main():
    async with processes.connected():
        # Each has begun then: signals are its own business.
        await processes.make_all([], 0)
        await processes.make_all([], 0)
        THEN
    if late:
        answers = await asyncio.gather(*late)
        assert all(answer == answers[0] for answer in answers)
        await tell()
"""
END = "uvloop.run(main())\n"
CLOSE = "processes.close()\n"


def program(then: str, drafts: list[Draft], end: str = END + CLOSE, before: str = "") -> list[str]:
    signers = [ONE, TWO]
    keys = [[signer.domain, signer.selector, signer.private_der.hex()] for signer in signers]
    parts = [
        (content.hex(), msgspec.json.encode(message).decode(), [signers.index(signer) for signer in own])
        for content, message, own in drafts
    ]
    text = PROGRAM.replace("BEFORE", before).replace("        THEN\n", textwrap.indent(then, 8 * " ")) + end
    return [sys.executable, "-W", "error", "-c", text, json.dumps(keys), json.dumps([parts, AT])]


def told(then: str, drafts: list[Draft] = DRAFTS, end: str = END + CLOSE, before: str = "") -> dict[str, Any]:
    done = subprocess.run(program(then, drafts, end, before), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not any(map(is_alive, found["pids"])), "no process outlives the program"
    return found | {"log": done.stderr}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def expected(drafts: list[Draft] = DRAFTS) -> list[list[str]]:
    """Both kinds of signature are the same each time."""
    made = []
    for content, message, signers in drafts:
        data = compose(render(decode_content(content), message.variables), message)
        made.append([((sign(data, signers, AT) if signers else b"") + data).decode(), ""])
    return made


def test_they_make_what_the_program_itself_would() -> None:
    found = told(
        "before = sum(map(ticks, pids)); own = time.process_time()\n"
        "answers = await asyncio.gather(*(ask() for _ in range(300)))\n"
        "assert all(answer == answers[0] for answer in answers)\n"
        "used, own = (sum(map(ticks, pids)) - before) / os.sysconf('SC_CLK_TCK'), time.process_time() - own\n"
        "await tell(used=used, own=own)\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["used"] > found["own"], "most of the work is theirs"
    assert found["warnings"] == []
    assert found["log"] == ""


def test_one_that_is_killed_is_told_of_once_and_loses_nothing() -> None:
    found = told("os.kill(pids[0], signal.SIGKILL)\nawait tell()\n")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == ["1 of 2 signing processes ended; restart to have them back"]
    assert found["log"].count("until the next start threads do its work") == 1


def test_one_that_is_killed_is_told_of_before_anybody_asks_it() -> None:
    found = told("os.kill(pids[1], signal.SIGKILL)\nawait until(processes.warnings)\nawait tell()\n")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["log"].count("until the next start threads do its work") == 1


def test_one_that_stalls_is_not_waited_for_for_ever() -> None:
    found = told(
        "os.kill(pids[1], signal.SIGSTOP)\n"
        "began = time.monotonic()\n"
        "for _ in range(6): await ask()\n"
        "await tell(took=time.monotonic() - began)\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert 0.9 < found["took"] < 10, "its two pipes at most, a second each"
    assert found["warnings"] == ["1 of 2 signing processes ended; restart to have them back"]


def test_who_waits_for_one_of_them_does_not_wait_for_ever() -> None:
    """More than there are pipes, and then there is none any more."""
    found = told(
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "asked = asyncio.gather(*(ask() for _ in range(20)))\n"
        "await until(processes._idle.empty)\n"
        "for pid in pids: os.kill(pid, signal.SIGKILL)\n"
        "answers = await asked\n"
        "assert all(answer == answers[0] for answer in answers)\n"
        "await tell()\n"
    )
    assert found["answers"] == [expected()]
    assert found["warnings"] == ["2 of 2 signing processes ended; restart to have them back"]


def test_who_stops_waiting_leaves_no_answer_to_the_next() -> None:
    found = told(
        "emailgw.signing.PATIENCE = 60\n"
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "tasks = [asyncio.create_task(processes.make_all(drafts[:1], at)) for _ in range(6)]\n"
        "await until(processes._idle.empty)\n"
        "for task in tasks: task.cancel()\n"
        "ends = await asyncio.gather(*tasks, return_exceptions=True)\n"
        "assert all(isinstance(end, asyncio.CancelledError) for end in ends)\n"
        "for pid in pids: os.kill(pid, signal.SIGCONT)\n"
        "await tell()\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("_answer = lambda data, load: b'\\xc1'", id="no answer at all"),
        pytest.param("_answer = lambda data, load: emailgw.signing._encoder.encode([])", id="too few"),
        pytest.param(
            "_framed = lambda data, framed=emailgw.signing._framed: framed(data) * (1 + (os.getpid() != program))",
            id="twice",
        ),
    ],
)
def test_one_that_answers_nonsense_is_asked_no_more(fault: str) -> None:
    found = told("await asyncio.gather(*(ask() for _ in range(20)))\nawait tell()\n", before=f"emailgw.signing.{fault}")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == ["2 of 2 signing processes ended; restart to have them back"]
    assert found["log"].count("\n") == 2, "told of once each"


def test_a_program_that_was_stopped_itself_reads_what_came_meanwhile() -> None:
    """For longer than it has patience; the answer came while it stood still."""
    found = told(
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "pipes = processes._idle.qsize()\n"
        "task = asyncio.create_task(ask())\n"
        "await until(lambda: processes._idle.qsize() < pipes)\n"
        "go_on = ' '.join(map(str, pids))\n"
        "with subprocess.Popen(\n"
        "    ['sh', '-c', f'kill -STOP {program}; kill -CONT {go_on}; sleep 1.5; kill -CONT {program}']\n"
        "):\n"
        "    await task\n"
        "await tell()\n"
    )
    assert found["answers"] == [expected()]
    assert found["warnings"] == []


def test_who_still_waits_when_the_program_ends_is_served() -> None:
    """More than there are pipes, and then those who ask when there is none."""
    found = told(
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "late[:] = [asyncio.create_task(ask()) for _ in range(9)]\n"
        "await until(processes._idle.empty)\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == []


def test_a_stop_that_is_interrupted_leaves_nothing_open() -> None:
    """uvloop would wait for it for ever."""
    end = (
        "entered = asyncio.Event()\n"
        "async def serve():\n"
        "    async with processes.connected():\n"
        "        entered.set()\n"
        "        await asyncio.Event().wait()\n"
        "async def stop():\n"
        "    task = asyncio.create_task(serve())\n"
        "    await entered.wait()\n"
        "    task.cancel()\n"
        "    await asyncio.sleep(0)\n"
        "    task.cancel()\n"
        "    await asyncio.gather(task, return_exceptions=True)\n"
        "uvloop.run(stop())\n"
        "print(json.dumps({'pids': pids, 'warnings': processes.warnings()}))\n"
    )
    assert told("", end=end + CLOSE)["warnings"] == []


def test_without_any_left_the_program_does_it() -> None:
    found = told("for pid in pids: os.kill(pid, signal.SIGKILL)\nawait tell()\n")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == ["2 of 2 signing processes ended; restart to have them back"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_that_go_to_the_whole_service_do_not_end_them(number: signal.Signals) -> None:
    found = told(
        f"for pid in pids: os.kill(pid, {number.value})\n"
        "await tell()\n"
    )  # fmt: skip
    assert found["answers"] == [expected()]
    assert found["warnings"] == []


def test_they_end_with_a_program_that_is_killed() -> None:
    with subprocess.Popen(
        program("await tell()\ntime.sleep(60)\n", DRAFTS), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids = json.loads(process.stdout.readline())["pids"]
        assert all(map(is_alive, pids))
        eventually(lambda: {Path(f"/proc/{pid}/comm").read_text() for pid in pids} == {"emailgw-sign\n"}, "their names")
        process.kill()
    eventually(lambda: not any(map(is_alive, pids)), "they end")


def test_a_program_that_forgets_to_close_them_ends_all_the_same() -> None:
    assert told("await tell()\n", end=END)["answers"] == [expected()]


def test_what_is_large_is_not_copied_to_them() -> None:
    large = encode_content(Content(AUTHOR, text="x" * 1_100_000))
    found = told(
        "large = msgspec.msgpack.encode(msgspec.msgpack.decode(drafts[0].content) | {'text': 'x' * 1_100_000})\n"
        "drafts[:] = [Draft(large, drafts[0].message, drafts[0].signers)]\n"
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "await tell()\n"
        "for pid in pids: os.kill(pid, signal.SIGCONT)\n",
        [Draft(encode_content(Content(AUTHOR, text="x")), MESSAGE, [ONE, TWO])],
    )
    assert found["answers"] == [expected([Draft(large, MESSAGE, [ONE, TWO])])]
    assert found["warnings"] == []


def test_a_content_that_many_share_goes_once() -> None:
    draft = Draft(encode_content(Content(AUTHOR, text="x" * 10_000)), MESSAGE, [TWO])
    found = told("await tell(sent=len(emailgw.signing._asked(drafts, at)))\n", [draft] * 5)
    assert found["answers"] == [expected([draft] * 5)]
    assert found["sent"] < 15_000


def test_what_cannot_be_handed_over_is_made_here() -> None:
    """JSON has numbers of any length, MessagePack has not."""
    huge = Draft(TEMPLATE, msgspec.structs.replace(MESSAGE, variables={"NAME": 10**40}), [TWO])
    found = told("await tell()\n", [DRAFTS[0], huge])
    assert found["answers"] == [expected([DRAFTS[0], huge])]
    assert "Hello 1" + 40 * "0" in found["answers"][0][1][0]
    assert found["warnings"] == []


@pytest.mark.parametrize("content", [b"\xc1", encode_content(Content(AUTHOR, text="{{", placeholders=()))])
def test_a_message_that_cannot_be_composed_hurts_no_other(content: bytes) -> None:
    good = Draft(MAIL, MESSAGE, [ONE])
    found = told("await tell()\n", [good, Draft(content, MESSAGE, [ONE]), good])
    [[first, (data, fault), third]] = found["answers"]
    assert [first, third] == expected([good]) * 2
    assert data == ""
    assert "Error: " in fault
    assert found["warnings"] == []


def test_a_message_that_cannot_be_signed_hurts_no_other() -> None:
    good, bad = Draft(MAIL, MESSAGE, [ONE]), Draft(MAIL, MESSAGE, [TWO])
    found = told("drafts[1].signers[0].private_der = b'no key'\nawait tell()\n", [good, bad, good])
    [[first, (data, fault), third]] = found["answers"]
    assert [first, third] == expected([good]) * 2
    assert data == "", "never without its signature"
    assert fault.startswith("ValueError")
    assert found["warnings"] == []


class Broken:
    domain = selector = algorithm = "x"

    def signature(self, data: bytes) -> bytes:
        raise ValueError("no")


def test_here_as_well() -> None:
    broken: Any = [Broken()]
    *good, bad = make_here([*DRAFTS, Draft(MAIL, MESSAGE, broken)], AT)
    assert [[made.data.decode(), made.fault] for made in good] == expected()
    assert bad == Made(b"", "ValueError: no")


async def test_none_at_all() -> None:
    processes = SigningProcesses(0)
    async with processes.connected():
        assert await processes.make_all(DRAFTS, AT) == make_here(DRAFTS, AT)
    assert processes.warnings() == []
    processes.close()


@pytest.mark.parametrize(("cores", "count"), [(1, 0), (2, 2), (4, 4), (64, MOST)])
def test_how_many(cores: int, count: int) -> None:
    assert processes_for(cores) == count
