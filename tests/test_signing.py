"""Signing processes, each scenario in a program of its own: processes are forked before there is a thread."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emailgw.core.directory import DkimAlgorithm
from emailgw.mime.dkim import Signer, generate_key
from emailgw.signing import MOST, Signed, SigningProcesses, processes_for, sign_here
from tests.harness.waiting import eventually

AT = 1_700_000_000_000
ONE = Signer("one.test", "rsa", generate_key(DkimAlgorithm.RSA))
TWO = Signer("two.test", "ed", generate_key(DkimAlgorithm.ED25519))
MAIL = b"From: a@one.test\r\nSubject: hello\r\n\r\nHello there.\r\n"
LETTERS = [(MAIL, [ONE, TWO]), (MAIL.replace(b"hello", b"again"), [TWO]), (MAIL, [ONE])]

PROGRAM = """
import concurrent.futures, json, multiprocessing, os, pathlib, signal, sys, time
import emailgw.signing
from emailgw.mime.dkim import Signer
from emailgw.signing import SigningProcesses

emailgw.signing.PATIENCE = 1
processes = SigningProcesses(2)
keys = [Signer(domain, selector, bytes.fromhex(der)) for domain, selector, der in json.loads(sys.argv[1])]
texts, at = json.loads(sys.argv[2])
letters = [(message.encode("latin-1"), [keys[place] for place in places]) for message, places in texts]
pids = sorted(process.pid for process in multiprocessing.active_children())
processes.sign_all([], 0), processes.sign_all([], 0)  # each has begun: signals are its own business now

def ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])

def ask():
    return [(signed.fields.decode(), signed.fault) for signed in processes.sign_all(letters, at)]

def tell(**found):
    # With the answers to so many requests that each process has some.
    answers = [ask() for _ in range(6)]
    found |= {"answers": answers[:1], "alike": all(answer == answers[0] for answer in answers)}
    print(json.dumps(found | {"pids": pids, "warnings": processes.warnings()}), flush=True)
"""


def program(then: str, letters: list[tuple[bytes, list[Signer]]], keys: list[list[str]] | None = None) -> list[str]:
    signers = [ONE, TWO]
    keys = keys or [[signer.domain, signer.selector, signer.private_der.hex()] for signer in signers]
    texts = [(message.decode("latin-1"), [signers.index(signer) for signer in own]) for message, own in letters]
    return [sys.executable, "-W", "error", "-c", PROGRAM + then, json.dumps(keys), json.dumps([texts, AT])]


def told(then: str, letters: list[tuple[bytes, list[Signer]]] = LETTERS) -> dict[str, Any]:
    done = subprocess.run(program(then, letters), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not any(map(is_alive, found["pids"])), "no process outlives the program"
    return found | {"log": done.stderr}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def expected(letters: list[tuple[bytes, list[Signer]]] = LETTERS) -> list[list[str]]:
    """Both kinds of signature are the same each time."""
    return [[signed.fields.decode(), ""] for signed in sign_here(letters, AT)]


def test_they_sign_as_the_program_itself_would() -> None:
    found = told(
        "before = sum(map(ticks, pids)); own = time.process_time()\n"
        "with concurrent.futures.ThreadPoolExecutor(3) as threads:\n"
        "    answers = [task.result() for task in [threads.submit(ask) for _ in range(300)]]\n"
        "assert all(answer == answers[0] for answer in answers)\n"
        "used, own = (sum(map(ticks, pids)) - before) / os.sysconf('SC_CLK_TCK'), time.process_time() - own\n"
        "tell(used=used, own=own)\n"
        "processes.close()\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["used"] > found["own"], "most of the work is theirs"
    assert found["warnings"] == []
    assert found["log"] == ""


def test_one_that_is_killed_is_told_of_once_and_loses_nothing() -> None:
    found = told("os.kill(pids[0], signal.SIGKILL)\ntell()\nprocesses.close()\n")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == ["1 of 2 signing processes ended; restart to have them back"]
    assert found["log"].count("until the next start threads sign in its place") == 1


def test_one_that_stalls_is_not_waited_for_for_ever() -> None:
    found = told(
        "os.kill(pids[1], signal.SIGSTOP)\n"
        "began = time.monotonic()\n"
        "for _ in range(6): ask()\n"
        "tell(took=time.monotonic() - began)\n"
        "processes.close()\n"
    )
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert 0.9 < found["took"] < 10, "its two pipes at most, a second each"
    assert found["warnings"] == ["1 of 2 signing processes ended; restart to have them back"]


def test_without_any_left_the_program_signs() -> None:
    found = told("for pid in pids: os.kill(pid, signal.SIGKILL)\ntell()\nprocesses.close()\n")
    assert found["answers"] == [expected()]
    assert found["alike"]
    assert found["warnings"] == ["2 of 2 signing processes ended; restart to have them back"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_that_go_to_the_whole_service_do_not_end_them(number: signal.Signals) -> None:
    found = told(
        f"for pid in pids: os.kill(pid, {number.value})\n"
        "tell()\n"
        "processes.close()\n"
    )  # fmt: skip
    assert found["answers"] == [expected()]
    assert found["warnings"] == []


def test_they_end_with_a_program_that_is_killed() -> None:
    with subprocess.Popen(program("tell()\ntime.sleep(60)\n", LETTERS), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = json.loads(process.stdout.readline())["pids"]
        assert all(map(is_alive, pids))
        eventually(lambda: {Path(f"/proc/{pid}/comm").read_text() for pid in pids} == {"emailgw-sign\n"}, "their names")
        process.kill()
    eventually(lambda: not any(map(is_alive, pids)), "they end")


def test_a_program_that_forgets_to_close_them_ends_all_the_same() -> None:
    assert told("tell()\n")["answers"] == [expected()]


def test_what_is_large_is_not_copied_to_them() -> None:
    large = [(MAIL + b"x" * 1_100_000 + b"\r\n", [ONE, TWO])]
    found = told(
        "letters = [(message + b'x' * 1_100_000 + b'\\r\\n', own) for message, own in letters]\n"
        "for pid in pids: os.kill(pid, signal.SIGSTOP)\n"
        "tell()\n"
        "for pid in pids: os.kill(pid, signal.SIGCONT)\n"
        "processes.close()\n",
        [(MAIL, [ONE, TWO])],
    )
    assert found["answers"] == [expected(large)]
    assert found["warnings"] == []


def test_a_message_that_cannot_be_signed_hurts_no_other() -> None:
    found = told(
        "letters[1][1][0].private_der = b'no key'\n"
        "tell()\n"
        "processes.close()\n",
        [(MAIL, [ONE]), (MAIL, [TWO]), (MAIL, [ONE])],
    )  # fmt: skip
    [[first, second, third]] = found["answers"]
    assert [first, third] == expected([(MAIL, [ONE])]) * 2
    assert second[0] == ""
    assert second[1].startswith("ValueError")
    assert found["warnings"] == []


class Broken:
    domain = selector = algorithm = "x"

    def signature(self, data: bytes) -> bytes:
        raise ValueError("no")


def test_here_as_well() -> None:
    with_broken: Any = [(MAIL, [ONE]), (MAIL, [Broken()])]
    good, bad = sign_here(with_broken, AT)
    assert good == Signed(expected([(MAIL, [ONE])])[0][0].encode())
    assert bad == Signed(b"", "ValueError: no")


def test_none_at_all() -> None:
    processes = SigningProcesses(0)
    assert processes.sign_all(LETTERS, AT) == sign_here(LETTERS, AT)
    assert processes.warnings() == []
    processes.close()


@pytest.mark.parametrize(("cores", "count"), [(1, 0), (2, 2), (4, 4), (64, MOST)])
def test_how_many(cores: int, count: int) -> None:
    assert processes_for(cores) == count
