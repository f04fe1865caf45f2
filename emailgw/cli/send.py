"""`emailgw send`: a quick test send."""

import time

import click

from emailgw.cli.context import Context
from emailgw.cli.output import hint, json_option, print_json
from emailgw.control import requests as ask

_FINAL = {"delivered", "bounced", "expired", "suppressed", "cancelled"}


@click.command()
@click.option("--from", "author", required=True, help="The author: an address at one of the domains here.")
@click.option("--to", "to", required=True, multiple=True, help="A recipient; give it again for more.")
@click.option("--subject", default="Test from emailgw", show_default=True)
@click.option("--text", default="This is a test message, sent from the command line.\n", help="The plain text.")
@click.option("--html", help="An HTML part beside it.")
@click.option("--wait", type=click.IntRange(0, 600), default=0, metavar="SECONDS",
              help="Wait for the outcome; exit status 1 unless everything was delivered.")  # fmt: skip
@json_option
@click.pass_obj
def send(
    context: Context, author: str, to: tuple[str, ...], subject: str, text: str, html: str | None, wait: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Queue a message, as an application would over HTTP."""
    answer = context.ask(ask.SendTest(author, to, subject, text, html))
    assert isinstance(answer, ask.SentAnswer)
    if not context.daemon_runs:
        hint("no daemon is running; the message waits in the queue until `emailgw serve` runs")
        wait = 0
    if not wait:
        print_json(answer) if as_json else click.echo(answer.id)
        return
    outcome = _wait(context, answer.id, wait)
    if as_json:
        print_json(outcome)
    else:
        click.echo(answer.id)
        for r in outcome.recipients:
            click.echo(f"{r.address}: {r.state} {r.status or ''} {r.reason}".rstrip())
    if any(r.state != "delivered" for r in outcome.recipients):
        raise click.exceptions.Exit(1)


def _wait(context: Context, id: str, seconds: int) -> ask.MessageAnswer:
    deadline = time.monotonic() + seconds
    while True:
        outcome = context.ask(ask.ShowMessage(id))
        assert isinstance(outcome, ask.MessageAnswer)
        if all(r.state in _FINAL for r in outcome.recipients) or time.monotonic() > deadline:
            return outcome
        time.sleep(0.2)
