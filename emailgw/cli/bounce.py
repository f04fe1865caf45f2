"""`emailgw bounce parse`: what the parser sees in a message. `emailgw bounces`: mail that it could not use."""

import sys
from pathlib import Path

import click
import msgspec

from emailgw.bounce.report import Report
from emailgw.cli.context import Context
from emailgw.cli.output import hint, json_option, print_json, print_table
from emailgw.control import requests as ask
from emailgw.mime.reader import MAX_MESSAGE

_encoder = msgspec.json.Encoder()


@click.group()
def bounce() -> None:
    """Look into a single report by mail."""


@bounce.command("parse")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each file, a line each.")
def parse_files(files: tuple[str, ...], as_json: bool) -> None:
    """Show what the gateway understands of a message. `-` is standard input."""
    from emailgw.bounce.describe import describe  # tables in many languages, which no other command needs
    from emailgw.bounce.parse import parse

    failed = False
    for name in files:
        try:
            raw = _read(name)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            click.echo(f"emailgw: {click.format_filename(name)}: {reason}", err=True)
            failed = True
            continue
        report = parse(raw)
        shown = click.format_filename(name)  # a name need not be UTF-8
        if as_json:
            click.echo(_encoder.encode({"file": shown, **describe(report)}).decode())
        else:
            _show(shown, report)
    if failed:
        raise click.exceptions.Exit(1)


def _read(name: str) -> bytes:
    """As much of a file as the parser looks at: the name may be that of something endless."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_MESSAGE)
    with Path(name).open("rb") as file:
        return file.read(MAX_MESSAGE)


def _show(name: str, report: Report) -> None:
    extra = "".join(
        f", {word} {value}"
        for word, value in (("feedback type", report.feedback_type), ("reporting MTA", report.reporting_mta))
        if value
    )
    click.echo(f"{name}: {report.kind.value}{extra}")
    if report.recipients:
        rows = ((r.recipient, r.action, r.status, r.reason, r.type, r.diagnostic[:200]) for r in report.recipients)
        print_table(("RECIPIENT", "ACTION", "STATUS", "REASON", "TYPE", "DIAGNOSTIC"), rows)


@click.group()
def bounces() -> None:
    """Mail to our return paths that changed nothing because it could not be read."""


@bounces.command("unparsed")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@click.pass_obj
def list_unparsed(context: Context, limit: int, as_json: bool) -> None:
    """List it, newest first."""
    answer = context.ask(ask.ListUnparsed(limit))
    assert isinstance(answer, ask.UnparsedAnswer)
    if as_json:
        print_json(answer.unparsed)
        return
    rows = ((u.id, u.at, u.recipient_id, u.address or "forgotten", u.kind, u.size) for u in answer.unparsed)
    print_table(("ID", "AT", "RECIPIENT", "ADDRESS", "KIND", "SIZE"), rows)
    if answer.unparsed:
        hint("`emailgw bounces show ID` prints one as it came")


@bounces.command("show")
@click.argument("id", type=int)
@json_option
@click.pass_obj
def show_unparsed(context: Context, id: int, as_json: bool) -> None:
    """Print one as it came."""
    answer = context.ask(ask.ShowUnparsed(id))
    assert isinstance(answer, ask.UnparsedMailAnswer)
    if as_json:
        print_json(answer)
    else:
        sys.stdout.buffer.write(answer.raw)
