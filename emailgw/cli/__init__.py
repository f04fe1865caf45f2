"""The command line. Data to stdout (`--json` everywhere), talk to stderr, no traceback for a user's mistake.

Exit status as in sysexits.h: 0 done, 1 failed, 64 wrong usage, 69 the daemon or the store is not available, 75 another
process has the data directory or the port, 78 the configuration is wrong.
"""

import logging
import sys

import click

from emailgw import __version__
from emailgw.cli.bounce import bounce, bounces
from emailgw.cli.context import DEFAULT_CONFIG, Context
from emailgw.cli.directory import domain, key
from emailgw.cli.queue import queue
from emailgw.cli.receiving import receive
from emailgw.cli.send import send
from emailgw.cli.sendmail import sendmail
from emailgw.cli.setup import check, init, serve
from emailgw.cli.suppressions import suppression
from emailgw.cli.tls import tls
from emailgw.cli.webhooks import webhook
from emailgw.errors import CannotListen, ConfigError, EmailgwError, Locked, StoreUnavailable

EX_USAGE, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 64, 69, 75, 78


@click.group(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "EMAILGW"})
@click.version_option(__version__, prog_name="emailgw")
@click.option("-c", "--config", default=DEFAULT_CONFIG, show_default=True, envvar="EMAILGW_CONFIG",
              help="The configuration file (environment: EMAILGW_CONFIG).")  # fmt: skip
@click.pass_context
def group(context: click.Context, config: str) -> None:
    """A self-hosted email gateway: HTTP in, a durable queue, DKIM-signed SMTP out."""
    context.obj = Context(config)


for command in (
    serve, check, init, domain, key, suppression, receive, tls, webhook, queue, send, bounce, bounces, sendmail,
):  # fmt: skip
    group.add_command(command)


def main() -> None:
    """The program's entry point: every error a user can cause is one line and its exit status."""
    logging.captureWarnings(True)
    try:
        # Not standalone, click makes an Exit the return value.
        result = group.main(standalone_mode=False)
        status = result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        status = 130
    except click.ClickException as error:
        error.show()
        status = EX_USAGE
    except ConfigError as error:
        status = _complain(error, EX_CONFIG)
    except (Locked, CannotListen) as error:
        status = _complain(error, EX_TEMPFAIL)
    except StoreUnavailable as error:
        status = _complain(error, EX_UNAVAILABLE)
    except EmailgwError as error:
        status = _complain(error, 1)
    except BrokenPipeError:
        status = 1
    sys.exit(status)


def _complain(error: EmailgwError, status: int) -> int:
    click.echo(f"emailgw: {error}", err=True)
    return status
