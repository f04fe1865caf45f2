"""Answers on the terminal: `--json` as one document, otherwise tables; hints and talk on stderr."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from emailgw.core.text import clean_line

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 10_000  # characters of a cell, and columns where nothing may be cut off

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)


def print_json(answer: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Foreign text is shown as it is, but never as markup or as control characters: names of keys and webhooks come
    from whoever may call the API.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    _console().print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Name and value, a line each."""
    from rich.text import Text

    console = _console()
    for name, value in fields:
        console.print(Text.assemble((f"{name}: ", "bold"), _shown(value)))


def _shown(value: object) -> str:
    return "" if value is None else clean_line(str(value), LONGEST)


def _console() -> "Console":
    # Rich is loaded by those who draw: `serve` and `--json` start a tenth sooner without it.
    from rich.console import Console

    # A pipe has no width: nothing may be cut off there.
    return Console(highlight=False, width=None if sys.stdout.isatty() else LONGEST, soft_wrap=True)


def hint(text: str) -> None:
    click.echo(f"hint: {text}", err=True)


def how_long(iso: str | None) -> str:
    """A future time as `in 5m`, a past one as `now`."""
    if iso is None:
        return ""
    seconds = (datetime.fromisoformat(iso) - datetime.now(UTC)).total_seconds()
    if seconds <= 0:
        return "now"
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"in {seconds / size:.0f}{unit}"
    return f"in {seconds:.0f}s"
