"""The schema's versions: numbered scripts, each the step to its number; refused when newer than us.

A fresh file runs all of them, an old one those it has not seen, in one transaction: whatever happens meanwhile, the
file has one version or the other. A script that was released never changes.
"""

import sqlite3
from importlib import resources
from pathlib import Path

from emailgw.errors import StoreUnavailable

# Number → name of the script in this package.
STEPS = {
    int(entry.name.removesuffix(".sql")): entry.name
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".sql")
}
VERSION = max(STEPS)


def prepare(path: Path) -> None:
    """Bring the database file to VERSION before anything else opens it; blocking, all or nothing.

    Raises StoreUnavailable when the file is newer than this program or can't be used.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _prepare(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: {error}") from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == VERSION:
        return
    if found > VERSION:
        raise StoreUnavailable(
            f"{path} was written by a newer emailgw (schema {found}; this program knows {VERSION}): install that "
            "version"
        )
    if found == 0:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number, name in STEPS.items():
            if number > found:
                for statement in _statements(_script(name)):
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _script(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _statements(script: str) -> list[str]:
    """One by one: executescript() would commit the open transaction first."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
