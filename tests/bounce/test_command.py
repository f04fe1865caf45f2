"""`emailgw bounce parse` as support staff and the corpora's scorer use it: the installed program, real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bounce.corpora import CORPORA, needs_corpora
from tests.harness.gateway import ENVIRONMENT, PROGRAM

BOUNCES = CORPORA / "bounces"
MESSAGE = b"""From: MAILER-DAEMON@mx.example.net
To: b-abc@send.sender.test
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; joe@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--x--
"""


def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    command = [*PROGRAM, "bounce", "parse", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, env=ENVIRONMENT, cwd=cwd, check=False)


def test_standard_input_as_json() -> None:
    result = run("--json", "-", stdin=MESSAGE)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {
        "file": "-",
        "kind": "dsn",
        "recipients": [
            {
                "recipient": "joe@example.net",
                "action": "failed",
                "status": "5.1.1",
                "reason": "user-unknown",
                "bounce": "hard",
            }
        ],
        "feedback_type": None,
    }


def test_for_people(tmp_path: Path) -> None:
    path = tmp_path / "report.eml"
    path.write_bytes(MESSAGE)
    result = run(str(path))
    assert result.returncode == 0, result.stderr
    words = result.stdout.decode()
    assert "dsn, reporting MTA mx.example.net" in words
    for word in ("joe@example.net", "failed", "5.1.1", "user-unknown", "Permanent", "no such user"):
        assert word in words


def test_a_missing_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "report.eml"
    path.write_bytes(MESSAGE)
    result = run("--json", str(tmp_path / "missing"), str(path))
    assert result.returncode == 1
    assert b"missing: No such file" in result.stderr
    assert json.loads(result.stdout)["kind"] == "dsn"


def test_whatever_is_named_there_is_an_answer_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "report.eml").write_bytes(MESSAGE)
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    strange = tmp_path / os.fsdecode(b"caf\xe9.eml")
    strange.write_bytes(MESSAGE)
    names = ["report.eml", "empty.eml", "folder", strange.name, "/dev/zero", "nul\udc80.eml"]
    result = run("--json", *names, cwd=tmp_path)
    assert result.returncode == 1
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["file"], one["kind"]) for one in answers] == [
        ("report.eml", "dsn"),
        ("empty.eml", "malformed"),
        ("caf\ufffd.eml", "dsn"),
        ("/dev/zero", "malformed"),
    ]
    assert result.stderr.splitlines() == [
        b"emailgw: folder: Is a directory",
        "emailgw: nul\ufffd.eml: No such file or directory".encode(),
    ]


@needs_corpora
def test_the_corpus_through_the_program(tmp_path: Path) -> None:
    names = sorted(f"samples/{path.name}" for path in (BOUNCES / "samples").iterdir())
    result = run("--json", *names, cwd=BOUNCES)
    assert result.returncode == 0, result.stderr
    predictions = tmp_path / "predictions.jsonl"
    predictions.write_bytes(result.stdout)
    scorer = [sys.executable, str(CORPORA / "score_bounces.py"), str(BOUNCES / "expected.jsonl"), str(predictions)]
    scored = subprocess.run([*scorer, "--json"], capture_output=True, text=True, timeout=60, check=True)
    score = json.loads(scored.stdout)
    assert score["n"] > 500
    assert score["kind_event"] >= 98.5
    assert score["rcpt_set_exact"] >= 98.5
    assert score["status_exact"] >= 97
    assert score["action"] >= 97
    assert score["hard_soft"] >= 95
    assert score["reason_group"] >= 93
    assert score["fp_final"] == 0
