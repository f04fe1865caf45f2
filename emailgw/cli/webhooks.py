"""`emailgw webhook`."""

import click

from emailgw.cli.context import Context
from emailgw.cli.output import hint, json_option, print_fields, print_json, print_table
from emailgw.control import webhook_requests as ask
from emailgw.core.directory import Dialect
from emailgw.core.webhooks import MAX_BATCH


@click.group()
def webhook() -> None:
    """The endpoints that are told what happens. WEBHOOK is an id or a URL."""


@webhook.command("list")
@json_option
@click.pass_obj
def list_webhooks(context: Context, as_json: bool) -> None:
    """List them, newest first."""
    answer = context.ask(ask.ListWebhooks())
    assert isinstance(answer, ask.WebhooksAnswer)
    if as_json:
        print_json(answer.webhooks)
        return
    rows = ((w.id, w.endpoint, w.status, ", ".join(w.events), w.pending, w.reason) for w in answer.webhooks)
    print_table(("ID", "ENDPOINT", "STATUS", "EVENTS", "PENDING", "REASON"), rows)


@webhook.command("add")
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, help="A name such as email.bounced; may be repeated. All unless given."
)
@click.option("--domain", "domains", multiple=True, help="Only events about this author domain; may be repeated.")
@click.option(
    "--tag", "tags", metavar="NAME[:VALUE]", multiple=True, help="Only of mail with this tag; may be repeated."
)
@click.option("--dialect", type=click.Choice([dialect.value for dialect in Dialect]), default=Dialect.RESEND.value,
              show_default=True, help="How payloads are written.")  # fmt: skip
@click.option("--batch", type=click.IntRange(1, MAX_BATCH), default=1, show_default=True,
              help="Events that one POST may carry.")  # fmt: skip
@click.option("--description", default="")
@json_option
@click.pass_obj
def add_webhook(
    context: Context, url: str, events: tuple[str, ...], domains: tuple[str, ...], tags: tuple[str, ...],
    dialect: str, batch: int, description: str, as_json: bool,
) -> None:  # fmt: skip
    """Tell URL what happens from now on. Prints the secret that signs."""
    request = ask.AddWebhook(url, events or ("*",), domains, tags, dialect, batch, description)
    _print_secret(context.ask(request), as_json)


@webhook.command("show")
@click.argument("webhook")
@json_option
@click.pass_obj
def show_webhook(context: Context, webhook: str, as_json: bool) -> None:
    """Show one, with its secret."""
    answer = context.ask(ask.ShowWebhook(webhook))
    assert isinstance(answer, ask.WebhookAnswer)
    if as_json:
        print_json(answer)
        return
    fields = {**{name: getattr(answer, name) for name in answer.__struct_fields__}}
    for name in ("events", "domains", "tags"):
        fields[name] = ", ".join(fields[name])
    print_fields((name.replace("_", " "), value) for name, value in fields.items() if value not in ("", None))


def _changing(action: str, done: str, words: str) -> None:
    @webhook.command(action, help=words)
    @click.argument("webhook")
    @json_option
    @click.pass_obj
    def change(context: Context, webhook: str, as_json: bool) -> None:
        answer = context.ask(ask.ChangeWebhook(webhook, action))
        assert isinstance(answer, ask.WebhookAnswer)
        if as_json:
            print_json(answer)
        else:
            click.echo(f"{done} {answer.endpoint}", err=True)


_changing("enable", "enabled", "Tell it of what happens from now on; one that is paused, of what it missed as well.")
_changing("disable", "disabled", "Tell it of nothing any more.")
_changing("pause", "paused", "Keep for it what happens.")
_changing("resume", "resumed", "Go on telling one that is paused, beginning with what it missed.")
_changing("delete", "deleted", "Delete it, with all that it was told.")


@webhook.command("rotate")
@click.argument("webhook")
@click.option("--grace", metavar="HOURS", type=click.IntRange(0, 720), default=24, show_default=True,
              help="How long the old secret signs as well.")  # fmt: skip
@json_option
@click.pass_obj
def rotate_webhook(context: Context, webhook: str, grace: int, as_json: bool) -> None:
    """Give it a new secret. Prints it."""
    _print_secret(context.ask(ask.RotateWebhook(webhook, grace * 3_600_000)), as_json)


@webhook.command("test")
@click.argument("webhook")
@json_option
@click.pass_obj
def test_webhook(context: Context, webhook: str, as_json: bool) -> None:
    """Send it an event `webhook.test`."""
    answer = context.ask(ask.TestWebhook(webhook))
    assert isinstance(answer, ask.WebhookEventAnswer)
    if as_json:
        print_json(answer)
        return
    click.echo(answer.id)
    if not context.daemon_runs:
        hint("no daemon is running; it is sent when one is")


@webhook.command("replay")
@click.argument("webhook")
@click.argument("event", required=False)
@click.option("--since", metavar="TIME", help="Instead of an event: all that it was told since then (ISO 8601).")
@click.option("--until", metavar="TIME", help="Now unless given.")
@click.option("--failed", is_flag=True, help="Of these only what was given up.")
@json_option
@click.pass_obj
def replay_webhook(
    context: Context, webhook: str, event: str | None, since: str | None, until: str | None, failed: bool, as_json: bool
) -> None:
    """Tell it again of one EVENT, or of a time."""
    if (event is None) == (since is None):
        raise click.UsageError("Give an EVENT, or --since.")
    answer = context.ask(ask.ReplayWebhook(webhook, event, since, until, failed))
    assert isinstance(answer, ask.WebhookReplayAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"telling it again of {answer.changed}", err=True)


@webhook.command("attempts")
@click.argument("webhook")
@click.option("--event", metavar="ID", help="Only of this event.")
@click.option("--after", type=int, metavar="ID", help="Go on behind this attempt.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@click.pass_obj
def list_attempts(
    context: Context, webhook: str, event: str | None, after: int | None, limit: int, as_json: bool
) -> None:
    """List the tries to tell it, newest first."""
    answer = context.ask(ask.ListWebhookAttempts(webhook, event, after, limit))
    assert isinstance(answer, ask.WebhookAttemptsAnswer)
    if as_json:
        print_json(answer)
        return
    rows = ((a.sent_at, a.event, a.status or "none", f"{a.duration} ms", a.response) for a in answer.attempts)
    print_table(("SENT", "EVENT", "STATUS", "TOOK", "RESPONSE"), rows)
    if answer.more is not None:
        hint(f"more with --after {answer.more}")


def _print_secret(answer: object, as_json: bool) -> None:
    assert isinstance(answer, ask.WebhookAnswer)
    if as_json:
        print_json(answer)
    else:
        click.echo(answer.signing_secret)
        hint(f"the secret of webhook {answer.id}; `emailgw webhook show` shows it again")
