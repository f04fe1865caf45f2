"""`emailgw serve`, `check` and `init`."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emailgw.cli.context import Context
from emailgw.cli.logs import set_up_logging
from emailgw.cli.output import hint, json_option, print_json
from emailgw.config import Config, load
from emailgw.control import requests as ask
from emailgw.core.directory import Dialect
from emailgw.errors import ConfigError

if TYPE_CHECKING:
    from emailgw.signing import SigningProcesses


@click.command()
@click.pass_obj
def serve(context: Context) -> None:
    """Run the gateway until SIGTERM."""
    from emailgw.signing import SigningProcesses, processes_for  # no other command needs it

    config = context.config()
    set_up_logging(config)
    wanted = config.queue.signing_processes
    count = processes_for(len(os.sched_getaffinity(0))) if wanted < 0 else wanted
    # Forked before the rest is loaded, which they would otherwise have a part in.
    with contextlib.closing(SigningProcesses(count)) as signing:
        status = _run(config, signing)
    raise click.exceptions.Exit(status)


def _run(config: Config, signing: "SigningProcesses") -> int:
    import uvloop

    from emailgw.service.daemon import Service  # no other command needs so much

    # The loop shares the GIL with the threads that compose and commit. By default each of them may keep it for 5 ms,
    # and every turn of the loop would wait that long.
    sys.setswitchinterval(0.0005)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Service(config, signing).run())


@click.command()
@json_option
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Check the configuration without starting: exit status 78 and one line when something is wrong."""
    config = context.config()
    data_dir = Path(config.data_dir)
    # `os.path.exists`: a directory that this user may not look into is as good as missing, not a traceback.
    nearest = next(path for path in (data_dir, *data_dir.absolute().parents) if os.path.exists(path))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError(f"{context.path}: data_dir: {data_dir} cannot be written by this user")
    if config.tls.certificate:
        from emailgw.tls import Certificates  # OpenSSL; only here

        Certificates(config.tls.certificate, config.tls.key)
    if as_json:
        print_json({"file": str(context.path), "ok": True})
    else:
        click.echo(f"{context.path}: ok")


@click.command()
@click.option("--domain", "domain_name", help="The first domain to send from.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the queue lives.")
@click.option("--ehlo-name", help="The name of this machine, as other mail hosts see it.")
@click.option("--http", "http_listen", metavar="HOST:PORT", help="Where the HTTP API listens.")
@click.option("--inbound", "inbound_listen", metavar="HOST:PORT", help="Where bounces are received.")
@click.option("--dialect", type=click.Choice([dialect.value for dialect in Dialect]), default=Dialect.SENDKIT.value,
              show_default=True, help="Whose SDK the first application uses.")  # fmt: skip
@json_option
@click.pass_obj
def init(
    context: Context,
    domain_name: str | None,
    data_dir: Path | None,
    ehlo_name: str | None,
    http_listen: str | None,
    inbound_listen: str | None,
    dialect: str,
    as_json: bool,
) -> None:
    """Make a configuration, a first domain and an API key, whichever is missing.

    What is there already is left as it is, so it may be run again.
    """
    if not context.path.exists():
        _write_config(context.path, data_dir, ehlo_name, http_listen, inbound_listen)
    config = load(context.path)
    domains = context.ask(ask.ListDomains())
    keys = context.ask(ask.ListKeys())
    assert isinstance(domains, ask.DomainsAnswer)
    assert isinstance(keys, ask.KeysAnswer)
    domain = domains.domains[0] if domains.domains else None
    if domain_name is not None and domain_name.lower() not in [known.name for known in domains.domains]:
        added = context.ask(ask.AddDomain(domain_name))
        assert isinstance(added, ask.DomainAnswer)
        domain = added
    key = None
    if not any(known.revoked_at is None for known in keys.keys):
        created = context.ask(ask.CreateKey("first", dialect))
        assert isinstance(created, ask.KeyAnswer)
        key = created.key
    if as_json:
        print_json({"config": str(context.path), "domain": domain, "key": key})
    else:
        _tell(context, config, domain, key)


def _write_config(
    path: Path, data_dir: Path | None, ehlo_name: str | None, http_listen: str | None, inbound_listen: str | None
) -> None:
    """A file that holds only what differs from the defaults; `config.example.toml` shows all there is."""
    lines = ["# emailgw's configuration. Every key and its default: config.example.toml or docs/configuration.md."]
    lines += [f'{key} = "{value}"' for key, value in (("data_dir", data_dir), ("ehlo_name", ehlo_name)) if value]
    for section, listen in (("http", http_listen), ("inbound", inbound_listen)):
        if listen:
            lines += ["", f"[{section}]", f'listen = ["{listen}"]']
    text = "\n".join(lines) + "\n"
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        load(fresh)
        fresh.rename(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    except ConfigError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(str(error).replace(str(fresh), str(path))) from None
    click.echo(f"wrote {path}", err=True)


def _tell(context: Context, config: Config, domain: ask.DomainAnswer | None, key: str | None) -> None:
    """What to do next: a send that can be pasted."""
    if domain is None:
        hint("no domain yet: `emailgw domain add example.com`")
    shown = key or "$EMAILGW_KEY"
    name = domain.name if domain else "example.com"
    if key is None:
        hint("an API key exists already; it cannot be shown again. `emailgw key create` makes another")
    click.echo("\nSend a message once the gateway runs:\n")
    click.echo(
        f"curl http://{config.http.listen[0]}/emails -H 'Authorization: Bearer {shown}' "
        f"-H 'Content-Type: application/json' \\\n"
        f"""  -d '{{"from": "hello@{name}", "to": "you@example.net", "subject": "Hello", "text": "It works."}}'\n"""
    )
    if domain is not None:
        hint(f"`emailgw -c {context.path} domain show {name}` lists the DNS records to publish")
