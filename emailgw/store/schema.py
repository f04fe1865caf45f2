"""The schema's versions: created whole, migrated step by step inside one transaction, refused when newer than us."""

import sqlite3
from importlib import resources
from pathlib import Path

from emailgw.errors import StoreUnavailable

VERSION = 1
_MIGRATIONS: dict[int, str] = {}  # from version n: the script that leads to n + 1


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
        scripts = [resources.files("emailgw.store").joinpath("schema_sqlite.sql").read_text(encoding="utf-8")]
    else:
        scripts = [_MIGRATIONS[version] for version in range(found, VERSION)]
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in scripts:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


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
