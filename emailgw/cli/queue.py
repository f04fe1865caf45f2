"""`emailgw queue`."""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from emailgw.cli.context import Context
from emailgw.cli.output import Command, hint, how_long, json_option, print_fields, print_json, print_table
from emailgw.control import requests as ask


@click.group()
def queue() -> None:
    """The mail that waits, and what to do with it."""


@queue.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(["queued", "deferred", "held"]),
              help="Only these states.")  # fmt: skip
@click.option("--nexthop", help="Only mail for this recipient domain.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--after", type=int, default=0, help="Go on behind this recipient (`more` of the last page).")
@json_option
@click.pass_obj
def list_queue(
    context: Context, states: tuple[str, ...], nexthop: str | None, limit: int, after: int, as_json: bool
) -> None:
    """List unfinished recipients, oldest first."""
    answer = context.ask(ask.ListQueue(states, nexthop, after, limit))
    assert isinstance(answer, ask.QueueAnswer)
    if as_json:
        print_json(answer)
        return
    if answer.recipients:
        rows = (
            (r.id, r.message_id, r.address, "delivering" if r.being_delivered else r.state, r.tries,
             how_long(r.next_try_at), f"{r.status or ''} {r.reason}".strip()[:100])
            for r in answer.recipients
        )  # fmt: skip
        print_table(("RECIPIENT", "MESSAGE", "TO", "STATE", "TRIES", "NEXT", "LAST RESULT"), rows)
    click.echo(", ".join(f"{count} {state}" for state, count in answer.counts.items()), err=True)
    for site in answer.paused_sites:
        click.echo(f"paused until {site.resumes_at}: {site.site} ({site.reason})", err=True)
    if answer.more is not None:
        hint(f"more with --after {answer.more}")


@queue.command("show")
@click.argument("id")
@json_option
@click.pass_obj
def show_message(context: Context, id: str, as_json: bool) -> None:
    """Show a message, named by its id or by a recipient's number: its recipients and all that happened."""
    answer = context.ask(ask.ShowMessage(id))
    assert isinstance(answer, ask.MessageAnswer)
    if as_json:
        print_json(answer)
        return
    print_fields((name, getattr(answer, name)) for name in ("id", "author", "subject", "accepted_at", "expires_at"))
    click.echo()
    rows = ((r.id, r.address, r.state, r.tries, how_long(r.next_try_at), r.status, r.reason) for r in answer.recipients)
    print_table(("RECIPIENT", "ADDRESS", "STATE", "TRIES", "NEXT", "STATUS", "REASON"), rows)
    click.echo()
    events: list[dict[str, Any]] = [msgspec.json.decode(event) for event in answer.events]
    print_table(
        ("AT", "EVENT", "RECIPIENT", "STATUS", "REASON"),
        ((e["created_at"], e["type"], e["recipient"], e.get("status"), e.get("reason")) for e in events),
    )


def _selection(command: Command) -> Command:
    options: list[Callable[[Command], Command]] = [
        click.argument("ids", nargs=-1),
        click.option("--nexthop", help="All mail for this recipient domain."),
        click.option("--all", "everything", is_flag=True, help="All mail."),
        json_option,
    ]
    for option in options:
        command = option(command)
    return command


def _change(
    context: Context, action: str, ids: tuple[str, ...], nexthop: str | None, everything: bool, as_json: bool
) -> None:
    if not (ids or nexthop or everything):
        raise click.UsageError("name messages or recipients by their ids, or use --nexthop or --all")
    answer = context.ask(ask.ChangeQueue(action, ids, nexthop, everything))
    assert isinstance(answer, ask.ChangedAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{action}: {answer.changed} recipients")
        for skipped in answer.skipped:
            click.echo(f"left alone: {skipped}", err=True)
    if not answer.changed and ids:
        raise click.exceptions.Exit(1)


def _changing_command(action: str, words: str) -> None:
    @queue.command(action, help=words)
    @_selection
    @click.pass_obj
    def change(context: Context, ids: tuple[str, ...], nexthop: str | None, everything: bool, as_json: bool) -> None:
        _change(context, action, ids, nexthop, everything, as_json)


_changing_command("retry", "Try waiting mail now, whatever its schedule says.")
_changing_command("hold", "Set waiting mail aside until it is released.")
_changing_command("release", "Let held mail go on.")
_changing_command("cancel", "Give up unfinished mail for good.")
