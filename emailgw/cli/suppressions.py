"""`emailgw suppression`."""

from typing import BinaryIO

import click

from emailgw.cli.context import Context
from emailgw.cli.output import json_option, print_json, print_table
from emailgw.control import requests as ask
from emailgw.core.suppression import SuppressionReason


@click.group()
def suppression() -> None:
    """The addresses that get no mail."""


@suppression.command("list")
@click.option("--reason", type=click.Choice([reason.value for reason in SuppressionReason]))
@click.option("--after", metavar="ID", help="Go on behind this entry.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@click.pass_obj
def list_suppressions(context: Context, reason: str | None, after: str | None, limit: int, as_json: bool) -> None:
    """List them, newest first."""
    answer = context.ask(ask.ListSuppressions(after, limit, reason))
    assert isinstance(answer, ask.SuppressionsAnswer)
    if as_json:
        print_json(answer)
        return
    rows = ((e.address, e.reason, e.domain or "all", e.list or "-", e.created_at, e.cause) for e in answer.suppressions)
    print_table(("ADDRESS", "REASON", "FOR", "LIST", "SINCE", "CAUSE"), rows)
    if answer.more is not None:
        click.echo(f"hint: more with --after {answer.more}", err=True)


@suppression.command("add")
@click.argument("addresses", nargs=-1, required=True)
@click.option("--domain", help="Only for mail of this author domain.")
@click.option("--list", "of", help="Only for mail of this list of the domain.")
@json_option
@click.pass_obj
def add_suppressions(
    context: Context, addresses: tuple[str, ...], domain: str | None, of: str | None, as_json: bool
) -> None:
    """Send no more mail to ADDRESSES."""
    _print_changed(context.ask(ask.AddSuppressions(addresses, domain, of)), "added", as_json)


@suppression.command("remove")
@click.argument("names", nargs=-1, required=True)
@json_option
@click.pass_obj
def remove_suppressions(context: Context, names: tuple[str, ...], as_json: bool) -> None:
    """Take addresses (or entries, by id) off the list."""
    _print_changed(context.ask(ask.RemoveSuppressions(names)), "removed", as_json)


@suppression.command("import")
@click.argument("file", type=click.File("rb"))
@json_option
@click.pass_obj
def import_suppressions(context: Context, file: BinaryIO, as_json: bool) -> None:
    """Add the addresses of a CSV file: one a line, or with a header that names email, reason, domain and cause."""
    _print_changed(context.ask(ask.ImportSuppressions(file.read())), "added", as_json)


@suppression.command("export")
@json_option
@click.pass_obj
def export_suppressions(context: Context, as_json: bool) -> None:
    """Print all of them as CSV (with --json as one string in an object)."""
    after: str | None = None
    pieces: list[str] = []
    while True:
        answer = context.ask(ask.ExportSuppressions(after))
        assert isinstance(answer, ask.CsvAnswer)
        if as_json:
            pieces.append(answer.csv)
        else:
            click.echo(answer.csv, nl=False)
        after = answer.more
        if after is None:
            break
    if as_json:
        print_json({"csv": "".join(pieces)})


def _print_changed(answer: object, word: str, as_json: bool) -> None:
    assert isinstance(answer, ask.ChangedAnswer)
    if as_json:
        print_json(answer)
        return
    click.echo(f"{word} {answer.changed}", err=True)
    for remark in answer.skipped:
        click.echo(remark, err=True)
