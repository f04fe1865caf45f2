"""Webhook endpoints, and what each is told: pure values and decisions.

An endpoint is `enabled`; or `paused` by us after too many failures, when what happens is kept for it; or `disabled` by
its owner or by its own answer 410, when nothing is. Times are milliseconds UTC.
"""

import enum
from typing import NamedTuple, NewType

import msgspec

from emailgw.core.directory import Dialect

EndpointId = NewType("EndpointId", str)  # UUID version 7

ALL_EVENTS = "*"
MAX_ENDPOINTS = 1_000
MAX_BATCH = 100  # events in one POST
MAX_CHOICES = 100  # names of events, domains, tags of one endpoint
LONGEST_DESCRIPTION = 255


class EndpointStatus(enum.StrEnum):
    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class Endpoint(msgspec.Struct, frozen=True):
    """`events`: names it subscribes to, or `*`. `domains`: only events about these author domains; `tags`: only of mail
    that has one of these, (name, value) with value None for any; empty means all. `batch`: how many events a POST may
    carry. `sealed`, `old_sealed`: its secrets as the vault sealed them; both sign until `old_until`. `from_event`: it
    is told of later ones. `failures`: how many events were given up in a row.
    """

    id: EndpointId
    url: str
    sealed: bytes
    created_at: int
    updated_at: int
    status: EndpointStatus = EndpointStatus.ENABLED
    reason: str = ""
    events: tuple[str, ...] = (ALL_EVENTS,)
    domains: tuple[str, ...] = ()
    tags: tuple[tuple[str, str | None], ...] = ()
    dialect: Dialect = Dialect.RESEND
    batch: int = 1
    description: str = ""
    old_sealed: bytes | None = None
    old_until: int | None = None
    from_event: int = 0
    failures: int = 0

    def subscribes_to(self, names: tuple[str, ...]) -> str | None:
        """Under which of an event's names it wants such events; None when it does not."""
        if ALL_EVENTS in self.events:
            return names[0] if names else None
        return next((name for name in names if name in self.events), None)


class Wish(NamedTuple):
    """What endpoints may have in common. `names`: pairs of an event's type and the name under which they are told of
    such; only of what is about one of `domains` and of mail with one of `tags`, empty meaning all.
    """

    names: tuple[tuple[str, str], ...]
    domains: tuple[str, ...]
    tags: tuple[tuple[str, str | None], ...]


class DeliveryState(enum.StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookDelivery(msgspec.Struct, frozen=True):
    """One event for one endpoint. `tries` counts finished ones; `due_at` is set exactly while it is pending."""

    endpoint_id: EndpointId
    event_id: int
    name: str
    state: DeliveryState
    tries: int
    due_at: int | None
    lease: int | None
    batch: int | None
    created_at: int


class DeliveryFilter(NamedTuple):
    """Which deliveries a list shows: of one state, and while pending `leased` (somebody works on it) or not."""

    state: DeliveryState | None = None
    leased: bool = False


class WebhookAttempt(msgspec.Struct, frozen=True):
    """`status` of HTTP, None when there was no answer; `response`: its beginning, or why there was none."""

    endpoint_id: EndpointId
    event_id: int
    at: int
    duration: int
    status: int | None
    response: str
    id: int = 0

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Outcome(NamedTuple):
    """A delivery as it is after a try, and the try. `blamed`: a failure is the endpoint's, not one of our own."""

    after: WebhookDelivery
    attempt: WebhookAttempt
    blamed: bool = True


class WebhookPolicy(msgspec.Struct, frozen=True):
    """`retry`: waits after the first, second, … try; none follows the last. `jitter`: the share by which a wait grows.
    `longest`: the wait that an endpoint may ask for by Retry-After. `give_up_after`: however few its tries were.
    `pause_after`: so many events given up in a row pause the endpoint.
    """

    retry: tuple[int, ...]
    jitter: float
    longest: int
    give_up_after: int
    pause_after: int

    def next_due(self, delivery: WebhookDelivery, now: int, retry_after: int | None, dice: float) -> int | None:
        """When a delivery that just failed is due again; None when it is to be given up. `dice` in [0, 1)."""
        if delivery.tries >= len(self.retry) or now - delivery.created_at >= self.give_up_after:
            return None
        wait = round(self.retry[delivery.tries] * (1 + self.jitter * dice))
        return now + max(wait, min(retry_after or 0, self.longest))
