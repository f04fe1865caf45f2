"""`emailgw tls`."""

import click

from emailgw.cli.context import Context
from emailgw.cli.output import json_option, print_fields, print_json
from emailgw.control import inward


@click.group()
def tls() -> None:
    """The certificate that the daemon orders (ACME)."""


@tls.command("show")
@json_option
@click.pass_obj
def show_tls(context: Context, as_json: bool) -> None:
    """Show the certificate, when it is renewed, and why that failed last."""
    _print(context.ask(inward.ShowTls()), as_json)


@tls.command("renew")
@json_option
@click.pass_obj
def renew_tls(context: Context, as_json: bool) -> None:
    """Order a new certificate now, and wait for it."""
    _print(context.ask(inward.RenewTls()), as_json)


def _print(answer: object, as_json: bool) -> None:
    assert isinstance(answer, inward.TlsAnswer)
    if as_json:
        print_json(answer)
        return
    print_fields((("names", ", ".join(answer.names) or "no certificate yet"), ("issuer", answer.issuer)))
    print_fields((("valid", f"{answer.not_before} to {answer.not_after}" if answer.not_before else ""),))
    print_fields((("renewed at", answer.renews_at), ("trouble", answer.trouble or "none")))
    if answer.trouble:
        click.echo(f"hint: {answer.hint}", err=True)
