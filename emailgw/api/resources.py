"""All resources of the API, built from the parts that `service` hands over."""

from collections.abc import Callable

import msgspec

from emailgw.api.domains import DomainResource
from emailgw.api.emails import Emails
from emailgw.api.events import EventResource
from emailgw.api.fetch import Fetch
from emailgw.api.guard import Guard
from emailgw.api.keys import KeyResource
from emailgw.api.limits import BodyLimits
from emailgw.api.links import Links
from emailgw.api.operation import DescribedRoute
from emailgw.api.reading import Reading
from emailgw.api.receiving import Receiving, RuleResource
from emailgw.api.sharing import Sharing
from emailgw.api.stream import Streams
from emailgw.api.suppressions import SuppressionResource
from emailgw.api.templates import TemplateResource
from emailgw.api.tracking import TrackingResource
from emailgw.api.validation import ValidationResource
from emailgw.api.webhooks import WebhookResource
from emailgw.core.dns import Lookup
from emailgw.queue.accept import Accept
from emailgw.queue.domains import Domains
from emailgw.queue.inbox import Rules
from emailgw.queue.keyring import KeyRing
from emailgw.queue.once import Once
from emailgw.queue.rates import RateLimits
from emailgw.queue.schedule import Schedule
from emailgw.queue.templates import TemplateEditor
from emailgw.store.open import Store
from emailgw.webhooks.endpoints import Endpoints


class Parts(msgspec.Struct, frozen=True):
    """What resources are made of; each takes only what it needs. The other doors share the last four."""

    store: Store
    accept: Accept
    limits: BodyLimits
    fetch: Fetch
    clock: Callable[[], int]
    domains: Domains
    rules: Rules
    open_lookup: Callable[[], Lookup]
    link_key: bytes
    keys: KeyRing
    rates: RateLimits
    once: Once
    templates: TemplateEditor
    streams: Streams
    tracking: TrackingResource
    endpoints: Endpoints


def build_resources(parts: Parts) -> list[DescribedRoute]:
    """The guarded routes. A path that is a word (`/emails/batch`) stands before `/emails/{id}`."""
    guard = Guard(parts.keys, parts.clock, parts.rates)
    return [
        *ValidationResource(parts.open_lookup, parts.limits, parts.clock).routes(guard),
        *_emails(parts).routes(guard),
        *Receiving(parts.store.received, Links(parts.link_key), parts.clock).routes(guard),
        *RuleResource(parts.rules, parts.limits).routes(guard),
        *_reading(parts).routes(guard),
        *Sharing(parts.store.history, Links(parts.link_key), parts.limits, parts.clock).routes(guard),
        *EventResource(parts.store.events, parts.store.directory, parts.streams).routes(guard),
        *DomainResource(parts.store.directory, parts.domains, parts.limits).routes(guard),
        *KeyResource(parts.store.directory, parts.limits, parts.clock).routes(guard),
        *SuppressionResource(parts.store.suppressions, parts.limits, parts.clock).routes(guard),
        *_webhooks(parts).routes(guard),
        *TemplateResource(parts.store.templates, parts.templates, parts.limits).routes(guard),
        *parts.tracking.routes(),
    ]


def _reading(parts: Parts) -> Reading:
    store = parts.store
    return Reading(store.history, store.messages, store.figures, store.directory, Links(parts.link_key), parts.clock)


def _webhooks(parts: Parts) -> WebhookResource:
    store = parts.store
    return WebhookResource(parts.endpoints, store.deliveries, store.events, parts.limits, parts.clock)


def _emails(parts: Parts) -> Emails:
    schedule = Schedule(parts.store.queue, parts.store.history, parts.clock)
    return Emails(parts.accept, parts.templates, schedule, parts.limits, parts.once, parts.fetch, parts.clock)
