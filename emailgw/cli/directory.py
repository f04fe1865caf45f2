"""`emailgw domain` and `emailgw key`."""

import click

from emailgw.cli.context import Context
from emailgw.cli.output import hint, json_option, print_fields, print_json, print_table
from emailgw.control import requests as ask
from emailgw.core.directory import Dialect, KeyMode


@click.group()
def domain() -> None:
    """The domains that may send."""


@domain.command("add")
@click.argument("name")
@click.option("--unverified", is_flag=True, help="Let it send only once DNS shows its records.")
@json_option
@click.pass_obj
def add_domain(context: Context, name: str, unverified: bool, as_json: bool) -> None:
    """Add a domain: makes its DKIM keys and prints the DNS records to publish. It may send at once, by your word."""
    _show_domain(context.ask(ask.AddDomain(name, unverified)), as_json)


@domain.command("verify")
@click.argument("name")
@json_option
@click.pass_obj
def verify_domain(context: Context, name: str, as_json: bool) -> None:
    """Look a domain's DNS records up now, and say what is wrong with them."""
    _show_domain(context.ask(ask.VerifyDomain(name)), as_json)


@domain.command("rotate")
@click.argument("name")
@json_option
@click.pass_obj
def rotate_domain(context: Context, name: str, as_json: bool) -> None:
    """Make new DKIM keys; they sign as soon as DNS shows their records."""
    _show_domain(context.ask(ask.RotateDomain(name)), as_json)


@domain.command("delete")
@click.argument("name")
@json_option
@click.pass_obj
def delete_domain(context: Context, name: str, as_json: bool) -> None:
    """Delete a domain and its keys; not while mail of it is unfinished."""
    answer = context.ask(ask.DeleteDomain(name))
    assert isinstance(answer, ask.DomainAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"deleted {answer.name}", err=True)


@domain.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_domain(context: Context, name: str, as_json: bool) -> None:
    """Show a domain and the DNS records to publish."""
    _show_domain(context.ask(ask.ShowDomain(name)), as_json)


@domain.command("list")
@json_option
@click.pass_obj
def list_domains(context: Context, as_json: bool) -> None:
    """List the domains."""
    answer = context.ask(ask.ListDomains())
    assert isinstance(answer, ask.DomainsAnswer)
    if as_json:
        print_json(answer.domains)
    else:
        print_table(("DOMAIN", "STATUS", "SINCE"), ((d.name, d.status, d.created_at) for d in answer.domains))


@domain.command("set")
@click.argument("name")
@click.option("--forward-reports-to", metavar="ADDRESS", required=True,
              help='Where copies of its bounces and complaints go; "" for nowhere.')  # fmt: skip
@json_option
@click.pass_obj
def set_domain(context: Context, name: str, forward_reports_to: str, as_json: bool) -> None:
    """Change a domain's settings."""
    _show_domain(context.ask(ask.SetDomain(name, forward_reports_to)), as_json)


@domain.command("receive")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.argument("name")
@json_option
@click.pass_obj
def receive_domain(context: Context, switch: str, name: str, as_json: bool) -> None:
    """Take mail to a domain, or stop taking it. Its MX record must lead here."""
    _show_domain(context.ask(ask.ReceiveDomain(name, switch == "on")), as_json)


@click.group()
def key() -> None:
    """The API keys that applications send with."""


@key.command("create")
@click.argument("name", default="default")
@click.option("--dialect", type=click.Choice([dialect.value for dialect in Dialect]), default=Dialect.SENDKIT.value,
              show_default=True, help="Whose SDK the application uses.")  # fmt: skip
@click.option("--permission", type=click.Choice(["full", "sending"]), default="full", show_default=True)
@click.option("--domain", "domains", multiple=True, help="Restrict it to this author domain; may be repeated.")
@click.option("--expires", metavar="TIME", help="ISO 8601, such as 2027-03-01.")
@click.option("--mode", type=click.Choice([mode.value for mode in KeyMode]), default=KeyMode.LIVE.value,
              show_default=True, help="With `test` nothing reaches the network.")  # fmt: skip
@json_option
@click.pass_obj
def create_key(
    context: Context, name: str, dialect: str, permission: str, domains: tuple[str, ...], expires: str | None,
    mode: str, as_json: bool,
) -> None:  # fmt: skip
    """Create an API key. It is shown once: only a hash of it is stored."""
    _print_new_key(context.ask(ask.CreateKey(name, dialect, permission, domains, mode, expires)), as_json)


@key.command("rotate")
@click.argument("id_or_name")
@click.option("--grace", metavar="HOURS", type=click.IntRange(0, 720), default=24, show_default=True,
              help="How long the old key stays good.")  # fmt: skip
@json_option
@click.pass_obj
def rotate_key(context: Context, id_or_name: str, grace: int, as_json: bool) -> None:
    """Give an API key a new token; the old one stays good for a while."""
    _print_new_key(context.ask(ask.RotateKey(id_or_name, grace * 3_600_000)), as_json)


@key.command("list")
@json_option
@click.pass_obj
def list_keys(context: Context, as_json: bool) -> None:
    """List the API keys, by their first characters."""
    answer = context.ask(ask.ListKeys())
    assert isinstance(answer, ask.KeysAnswer)
    if as_json:
        print_json(answer.keys)
    else:
        rows = ((k.id, k.name, f"{k.hint}…", k.dialect, k.created_at, k.revoked_at or "no") for k in answer.keys)
        print_table(("ID", "NAME", "KEY", "DIALECT", "SINCE", "REVOKED"), rows)


@key.command("revoke")
@click.argument("id_or_name")
@json_option
@click.pass_obj
def revoke_key(context: Context, id_or_name: str, as_json: bool) -> None:
    """Revoke an API key, named by its id, name or first characters: it is refused from now on."""
    answer = context.ask(ask.RevokeKey(id_or_name))
    assert isinstance(answer, ask.KeyAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"revoked {answer.name} ({answer.hint}…)", err=True)


def _print_new_key(answer: object, as_json: bool) -> None:
    assert isinstance(answer, ask.KeyAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(answer.key)
        hint("keep it now: it is not stored and cannot be shown again")


def _show_domain(answer: object, as_json: bool) -> None:
    assert isinstance(answer, ask.DomainAnswer)
    if as_json:
        print_json(answer)
        return
    print_fields((("domain", answer.name), ("status", answer.status), ("since", answer.created_at)))
    forwarded = {None: "as configured", "": "nowhere"}.get(answer.forward_reports_to, answer.forward_reports_to)
    print_fields((("feedback loops", answer.feedback_address), ("reports to", forwarded)))
    print_fields((("receives", "yes" if answer.receiving else "no"),))
    click.echo("\nPublish these DNS records:\n")
    for record in answer.records:
        priority = f"{record.priority} " if record.priority is not None else ""
        value = f'"{record.value}"' if record.type == "TXT" else f"{record.value}."
        click.echo(f"{record.name}. {record.type} {priority}{value}")
        if record.message:
            click.echo(f"    {record.status}: {record.message}")
