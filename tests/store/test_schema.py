"""Versions of the schema: what an old file becomes, and that a killed migration leaves one version or the other."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from emailgw.errors import StoreUnavailable
from emailgw.store import schema

# Old enough to lack everything that came later; killed at a statement of its migration.
_KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from emailgw.store import schema
real, left = schema._statements, int(sys.argv[2])
def counting(script):
    global left
    for statement in real(script):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        yield statement
schema._statements = counting
schema.prepare(Path(sys.argv[1]))
"""


def test_steps_are_numbered_from_one() -> None:
    assert min(schema.STEPS) == 1
    assert list(schema.STEPS.values()) == [f"{number:04}.sql" for number in sorted(schema.STEPS)]


@pytest.mark.parametrize("version", schema.STEPS)
def test_an_old_file_becomes_what_a_fresh_one_is(tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, old = tmp_path / "fresh.db", tmp_path / "old.db"
    schema.prepare(fresh)
    with monkeypatch.context() as then:
        then.setattr(schema, "STEPS", {number: name for number, name in schema.STEPS.items() if number <= version})
        then.setattr(schema, "VERSION", version)
        schema.prepare(old)
    schema.prepare(old)
    assert _look(old) == _look(fresh)


@pytest.mark.parametrize("statements", [0, 1, 7, 20])
def test_a_killed_migration_leaves_nothing_behind(tmp_path: Path, statements: int) -> None:
    path = tmp_path / "killed.db"
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(path), str(statements)], timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert _look(path) == (0, [])
    schema.prepare(path)
    assert _look(path)[0] == schema.VERSION


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "emailgw.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE messages (id TEXT)")  # in the way of the first step
    connection.close()
    with pytest.raises(StoreUnavailable, match="messages already exists"):
        schema.prepare(path)
    version, made = _look(path)
    assert version == 0
    assert [name for name, _ in made] == ["messages"]


def _look(path: Path) -> tuple[int, list[tuple[str, str]]]:
    connection = sqlite3.connect(path)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        made = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        return version, made
    finally:
        connection.close()
