"""`emailgw sendmail` as the command line shows it; `start` runs it before click is even loaded."""

import click

from emailgw.cli.context import Context
from emailgw.sendmail.command import run


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-t] [-i] [-f SENDER] [RECIPIENT]…")
@click.pass_obj
def sendmail(context: Context, arguments: tuple[str, ...]) -> None:
    """Queue a message from standard input, as sendmail(8) does; meant to be linked to /usr/sbin/sendmail."""
    raise click.exceptions.Exit(run(list(arguments), str(context.path)))
