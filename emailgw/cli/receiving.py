"""`emailgw receive`."""

import click

from emailgw.cli.context import Context
from emailgw.cli.output import json_option, print_json, print_table
from emailgw.control import inward
from emailgw.core.receiving import RuleAction


@click.group()
def receive() -> None:
    """Who wants mail to the domains that receive."""


@receive.command("list")
@json_option
@click.pass_obj
def list_rules(context: Context, as_json: bool) -> None:
    """List the rules. A domain without any stores everything."""
    answer = context.ask(inward.ListRules())
    assert isinstance(answer, inward.RulesAnswer)
    if as_json:
        print_json(answer.rules)
    else:
        rows = ((r.address, r.action, r.forward_to, r.created_at, r.id) for r in answer.rules)
        print_table(("ADDRESS", "ACTION", "FORWARD TO", "SINCE", "ID"), rows)


@receive.command("add")
@click.argument("address")
@click.option("--forward-to", metavar="TARGET", help="A mailbox, or a mail host as smtp://host:port.")
@click.option("--action", type=click.Choice([action.value for action in RuleAction]),
              help="store unless there is a target, else forward.")  # fmt: skip
@json_option
@click.pass_obj
def add_rule(context: Context, address: str, forward_to: str | None, action: str | None, as_json: bool) -> None:
    """Take mail to ADDRESS: user@example.com (with user+anything@), user+tag@example.com or *@example.com."""
    _print_rule(context.ask(inward.AddRule(address, forward_to, action)), "added", as_json)


@receive.command("remove")
@click.argument("name")
@json_option
@click.pass_obj
def remove_rule(context: Context, name: str, as_json: bool) -> None:
    """Remove a rule, by its address or id."""
    _print_rule(context.ask(inward.RemoveRule(name)), "removed", as_json)


def _print_rule(answer: object, word: str, as_json: bool) -> None:
    assert isinstance(answer, inward.RuleEntry)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{word} {answer.address}", err=True)
