"""Counters and gauges for Prometheus. `docs/metrics.md` lists them; a test compares the two."""

import functools

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()

accepted_messages = Counter("emailgw_accepted_messages", "Messages accepted", ["door"], registry=registry)
accepted_recipients = Counter("emailgw_accepted_recipients", "Recipients accepted", ["door"], registry=registry)
rejected = Counter("emailgw_rejected", "Submissions refused", ["name"], registry=registry)
tries = Counter("emailgw_tries", "Delivery tries by the state they left", ["state"], registry=registry)
time_to_deliver = Histogram(
    "emailgw_time_to_deliver_seconds",
    "From due to handed over",
    buckets=(0.005, 0.015, 0.05, 0.15, 0.5, 1.5, 5, 15, 60, 300, 1800, 7200, 86400),
    registry=registry,
)
sessions = Gauge("emailgw_sessions", "SMTP sessions open or being opened", registry=registry)
waiting = Gauge("emailgw_waiting_recipients", "Recipients not finished, by state", ["state"], registry=registry)
troubled_sites = Gauge("emailgw_troubled_sites", "Sites that are paused", registry=registry)
reports = Counter("emailgw_reports", "Reports by mail, by kind and effect", ["kind", "effect"], registry=registry)
inbound_refused = Counter("emailgw_inbound_refused", "Recipients refused by inbound SMTP", registry=registry)
received = Counter(
    "emailgw_received", "Mail received for people and programs, by effect", ["effect"], registry=registry
)
authenticated = Counter(
    "emailgw_authenticated",
    "Received messages by what SPF, DKIM and DMARC said",
    ["method", "result"],
    registry=registry,
)
certificate_expires = Gauge("emailgw_certificate_expires", "End of the certificate, Unix time", registry=registry)
certificate_trouble = Gauge(
    "emailgw_certificate_trouble", "1 while the last order of a certificate failed", registry=registry
)
certificate_orders = Counter(
    "emailgw_certificate_orders", "Orders of a certificate, by outcome", ["outcome"], registry=registry
)
smtp_connections = Gauge(
    "emailgw_smtp_connections", "SMTP clients connected, by listener", ["listener"], registry=registry
)
visits = Counter("emailgw_visits", "Opens and clicks, by what became of them", ["kind", "outcome"], registry=registry)
failed_logins = Counter("emailgw_failed_logins", "Failed logins by SMTP", registry=registry)
domain_checks = Counter("emailgw_domain_checks", "Checks of a domain's DNS records", ["outcome"], registry=registry)
webhook_tries = Counter(
    "emailgw_webhook_tries", "Tries to tell endpoints of events, by the state they left", ["state"], registry=registry
)
webhook_endpoints = Gauge("emailgw_webhook_endpoints", "Webhook endpoints that are enabled", registry=registry)
http_requests = Counter("emailgw_http_requests", "HTTP requests by status", ["status"], registry=registry)
clock_leap = Gauge("emailgw_clock_leap_seconds", "By how much the machine's clock has leapt away", registry=registry)
faults = Counter("emailgw_faults", "Unexpected errors of our own, by place", ["place"], registry=registry)


@functools.cache
def labelled(counter: Counter, label: str) -> Counter:
    """The counter of one label, for those that count every message: finding it costs more than counting. Labels that
    strangers choose are not for this.
    """
    return counter.labels(label)


def expose() -> bytes:
    """All of them in the text format."""
    return generate_latest(registry)
