"""The operator's questions about webhooks and their answers, as values (`control.requests`)."""

import msgspec

from emailgw.control.asking import Request


class WebhookAnswer(msgspec.Struct, frozen=True):
    """`tags`: `name` or `name:value`. `pending`: events it is still to be told of. `signing_secret`: not in lists."""

    id: str
    endpoint: str
    status: str
    reason: str
    events: tuple[str, ...]
    domains: tuple[str, ...]
    tags: tuple[str, ...]
    dialect: str
    batch: int
    description: str
    pending: int
    created_at: str
    old_secret_until: str | None = None
    signing_secret: str | None = None


class WebhooksAnswer(msgspec.Struct, frozen=True):
    webhooks: tuple[WebhookAnswer, ...]


class WebhookEventAnswer(msgspec.Struct, frozen=True):
    id: str


class WebhookReplayAnswer(msgspec.Struct, frozen=True):
    """How many events it is told again."""

    changed: int


class WebhookAttemptEntry(msgspec.Struct, frozen=True):
    """`status` of HTTP, None when there was no answer; `duration` in milliseconds."""

    id: int
    event: str
    sent_at: str
    status: int | None
    duration: int
    response: str


class WebhookAttemptsAnswer(msgspec.Struct, frozen=True):
    """`more`: give it as `after` for the next page; None on the last one."""

    attempts: tuple[WebhookAttemptEntry, ...]
    more: int | None = None


class ListWebhooks(Request, frozen=True, tag="webhook.list"):
    answer = WebhooksAnswer


class AddWebhook(Request, frozen=True, tag="webhook.add"):
    """`tags` as in the answer."""

    answer = WebhookAnswer
    endpoint: str
    events: tuple[str, ...] = ("*",)
    domains: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dialect: str = "resend"
    batch: int = 1
    description: str = ""


class ShowWebhook(Request, frozen=True, tag="webhook.show"):
    """`webhook`: its id or its URL, here and in the following."""

    answer = WebhookAnswer
    webhook: str


class ChangeWebhook(Request, frozen=True, tag="webhook.change"):
    """`action`: enable, disable, pause, resume or delete."""

    answer = WebhookAnswer
    webhook: str
    action: str


class RotateWebhook(Request, frozen=True, tag="webhook.rotate"):
    """`grace`: milliseconds for which the old secret signs as well."""

    answer = WebhookAnswer
    webhook: str
    grace: int


class TestWebhook(Request, frozen=True, tag="webhook.test"):
    answer = WebhookEventAnswer
    webhook: str


class ReplayWebhook(Request, frozen=True, tag="webhook.replay"):
    """One `event`, or what was told from `since` to `until`, in ISO 8601."""

    answer = WebhookReplayAnswer
    webhook: str
    event: str | None = None
    since: str | None = None
    until: str | None = None
    failed_only: bool = False


class ListWebhookAttempts(Request, frozen=True, tag="webhook.attempts"):
    """Newest first; of one `event`, or of all."""

    answer = WebhookAttemptsAnswer
    webhook: str
    event: str | None = None
    after: int | None = None
    limit: int = 100


AnyWebhookRequest = (
    ListWebhooks
    | AddWebhook
    | ShowWebhook
    | ChangeWebhook
    | RotateWebhook
    | TestWebhook
    | ReplayWebhook
    | ListWebhookAttempts
)
