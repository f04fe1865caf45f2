"""Events in both families' words (contracts 1.7 and 2.10)."""

from typing import Any

import msgspec
import pytest

from emailgw.core.address import Address
from emailgw.core.directory import Dialect
from emailgw.core.events import Event, EventType, event_without_message
from emailgw.core.model import Message
from emailgw.core.suppression import Suppression, SuppressionReason, withheld
from emailgw.errors import Rejected
from emailgw.wire.event_lists import read_event_filter, read_event_piece
from emailgw.wire.events import ALL_NAMES, NAMES, names_of, read_event_id, show_payload, types_of
from emailgw.wire.reading import show_event
from tests.harness.mail import NOW, attempt_with, event_of, make_mail, said

E = EventType
SENDKIT, RESEND = Dialect.SENDKIT, Dialect.RESEND
# What the SDKs' types list, of what we have (contracts 1.7, 2.10).
RESENDS = (
    "email.sent email.scheduled email.delivered email.delivery_delayed email.complained email.bounced email.opened "
    "email.clicked email.received email.failed email.suppressed domain.created domain.updated domain.deleted "
    "suppression.added suppression.removed"
)
SENDKITS = (
    "email.sent email.delivered email.bounced email.complained email.opened email.clicked email.rejected email.failed "
    "email.delivery_delayed"
)


def told(type: EventType, **detail: Any) -> tuple[Event, Message]:
    mail = make_mail("Joe <joe@example.test>", "ann@example.test")
    message = msgspec.structs.replace(
        mail.message, tags=(("kind", "welcome"),), metadata=(("order", "7"),), author_name="Ann"
    )
    event = event_of(mail.recipients[0], type, **detail)
    return msgspec.structs.replace(event, domain="sender.test", id=7), message


def test_every_name_of_both_families_is_there() -> None:
    assert {*RESENDS.split(), *SENDKITS.split(), "domain.verified", "domain.failed"} <= set(ALL_NAMES)
    assert all(types_of(name) for name in ALL_NAMES)
    assert all(type in types_of(type.value) for type in E)
    assert set(NAMES) == set(E)
    assert names_of(E.SUPPRESSED, SENDKIT)[0] == "email.rejected"
    assert names_of(E.SUPPRESSED, RESEND)[0] == "email.suppressed"


@pytest.mark.parametrize(
    ("reason", "word", "codes"),
    [
        (SuppressionReason.BOUNCE, "previous_bounce", ["550 no such user"]),
        (SuppressionReason.COMPLAINT, "previous_complaint", ["550 no such user"]),
        (SuppressionReason.MANUAL, "manual", []),
        (SuppressionReason.UNSUBSCRIBE, "unsubscribe", []),
    ],
)
def test_a_suppressed_recipient_says_why(reason: SuppressionReason, word: str, codes: list[str]) -> None:
    entry = Suppression("s1", Address.parse("joe@example.test"), reason, "sender.test", "550 no such user", NOW)
    event, message = told(E.SUPPRESSED)
    event = msgspec.structs.replace(event, detail=withheld(entry))
    for dialect in (RESEND, SENDKIT):
        shown = show_payload(event, message, dialect)["data"]["suppressed"]
        assert shown["type"] == "OnAccountSuppressionList"
        assert shown["reason"] == word
        assert shown["message"].startswith("the address is on the suppression list of sender.test ")
        assert shown["message"].endswith(": 550 no such user")
        assert shown["diagnosticCode"] == codes
    assert show_event(event)["category"] == reason
    assert show_event(event)["reason"] == event.detail.reason


def test_a_delivery_for_resend() -> None:
    event, message = told(E.DELIVERED, attempt=attempt_with(said(250, "2.0.0 ok")))
    shown = show_payload(event, message, RESEND, headers=(("X-Tags", '["a"]'),))
    assert shown["type"] == "email.delivered"
    assert shown["created_at"].endswith("Z")
    data = shown["data"]
    assert data["to"] == ["joe@example.test"]
    assert data["tags"] == {"kind": "welcome"}
    assert data["from"] == "Ann <ann@sender.test>"
    assert data["headers"] == [{"name": "X-Tags", "value": '["a"]'}]
    assert data["email_id"] == message.id
    assert data["message_id"] == f"<{message.id}@sender.test>"
    assert data["delivery"]["host"] == "mx.example.test"
    assert data["delivery"]["delays"] == {"queue": 1, "wait": 2, "connect": 3, "transmit": 4}


def test_the_same_for_sendkit() -> None:
    event, message = told(E.DELIVERED, attempt=attempt_with(said(250, "2.0.0 ok")))
    shown = show_payload(event, message, SENDKIT)
    assert shown["created_at"].endswith("+00:00")
    assert shown["data"]["to"] == "joe@example.test"
    assert shown["data"]["tags"] == [{"name": "kind", "value": "welcome"}]
    assert "headers" not in shown["data"]


def test_a_bounce_says_what_anybody_asks() -> None:
    attempt = attempt_with(said(550, "5.1.1 no such user"))
    event, message = told(
        E.BOUNCED, attempt=attempt, reason="550 5.1.1 no such user", bounce_type="Permanent",
        bounce_subtype="General", category="user-unknown", status=attempt.status.status,
    )  # fmt: skip
    bounce = show_payload(event, message, RESEND)["data"]["bounce"]
    assert (bounce["type"], bounce["subType"]) == ("Permanent", "General")
    assert "bounce message" in bounce["message"]  # what django-anymail tells a bounce by
    assert bounce["diagnosticCode"] == ["550 5.1.1 no such user"]
    assert (bounce["code"], bounce["status"], bounce["category"]) == (550, "5.1.1", "user-unknown")
    assert bounce["remoteHost"] == "mx.example.test"


@pytest.mark.parametrize(("type", "word"), [(E.CLICKED, "click"), (E.OPENED, "open"), (E.UNSUBSCRIBED, "unsubscribe")])
def test_what_people_do(type: EventType, word: str) -> None:
    event, message = told(type, ip="192.0.2.1", user_agent="Mozilla", link="https://example.com/", machine=True)
    shown = show_payload(event, message, RESEND)["data"][word]
    assert (shown["ipAddress"], shown["userAgent"]) == ("192.0.2.1", "Mozilla")
    assert (shown["link"], shown["machine"]) == ("https://example.com/", True)
    assert show_payload(event, message, SENDKIT)["data"]["url"] == "https://example.com/"


def test_domains_and_suppressions() -> None:
    event = event_without_message(NOW, E.DOMAIN_FAILED, "d1", "d.test", category="partially_failed", reason="MX: none")
    shown = show_payload(event, None, RESEND, name="domain.updated")
    assert shown["type"] == "domain.updated"
    assert shown["data"] == {
        "id": "d1", "name": "d.test", "status": "partially_failed", "created_at": None, "message": "MX: none"
    }  # fmt: skip
    added = event_without_message(
        NOW, E.SUPPRESSION_ADDED, "s1", "", Address.parse("joe@example.test"), category="bounce", created_at=NOW
    )
    data = show_payload(added, None, SENDKIT)["data"]
    assert (data["id"], data["email"], data["origin"]) == ("s1", "joe@example.test", "bounce")


def test_queries() -> None:
    wanted = read_event_filter({"type": "email.bounced,complained", "to": "Joe <joe@Example.test>"[5:-1]}, None)
    assert wanted.types == (E.BOUNCED, E.COMPLAINED)
    assert wanted.recipient == "joe@example.test"
    assert read_event_filter({"type": "email.delivery_delayed"}, None).types == (E.DEFERRED, E.DELAYED)
    assert read_event_id("evt_12") == 12
    assert read_event_id("evt_x") is None
    piece = read_event_piece({"after": "evt_5", "order": "asc", "limit": "1000"})
    assert (piece.above, piece.below, piece.newest_first, piece.page.size) == (5, None, False, 1000)
    piece = read_event_piece({"before": "evt_5"})
    assert (piece.above, piece.below, piece.newest_first) == (5, None, False)
    for query in ({"after": "x"}, {"order": "up"}, {"order": "asc", "before": "evt_1"}, {"limit": "1001"}):
        with pytest.raises(Rejected):
            read_event_piece(query)
    for query in ({"type": "nonsense"}, {"email_id": "x"}, {"start_date": "x"}):
        with pytest.raises(Rejected):
            read_event_filter(query, None)
