"""The state table of the design, row by row, and what must hold of any status whatever."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.events import EventType, Source
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus, EnhancedStatus, LocalCause, Scope
from emailgw.queue.disposition import conclude, decide, failed_here, is_site_failure
from tests.harness.mail import HOUR, LIFETIME, NOW, attempt_with, change, make_mail, said, status

S, E = RecipientState, EventType
POLICY = RetryPolicy((HOUR, 2 * HOUR), jitter=0.0)
END = NOW + LIFETIME


def recipient(state: RecipientState = S.QUEUED, tries: int = 0) -> Recipient:
    [fresh] = make_mail().recipients
    return change(fresh, state, due_at=NOW + HOUR, lease=7, tries=tries)


class Row(NamedTuple):
    said: DeliveryStatus
    at: int
    state: RecipientState
    event: EventType
    due_at: int | None = None
    shown: str = ""  # the status recorded, where it is not the one that was said


TABLE = {
    "2.x.x delivers": Row(said(250, "2.0.0 ok"), NOW, S.DELIVERED, E.DELIVERED),
    "2.x.x without a status": Row(said(250, "ok"), NOW, S.DELIVERED, E.DELIVERED),
    "2.x.x after the end of the lifetime": Row(said(250, "2.0.0 ok"), END + 1, S.DELIVERED, E.DELIVERED),
    "4.x.x defers": Row(said(450, "4.7.1 wait"), NOW, S.DEFERRED, E.DEFERRED, NOW + HOUR),
    "4.x.x just before the end": Row(said(450, "wait"), END - 1, S.DEFERRED, E.DEFERRED, END),
    "4.x.x near the end: the last try is then": Row(said(450, "wait"), END - 5, S.DEFERRED, E.DEFERRED, END),
    "4.x.x at the end": Row(said(450, "4.7.1 wait"), END, S.EXPIRED, E.EXPIRED, shown="5.4.7"),
    "4.x.x later": Row(said(450, "4.7.1 wait"), END + HOUR, S.EXPIRED, E.EXPIRED, shown="5.4.7"),
    "5.x.x bounces": Row(said(550, "5.1.1 unknown"), NOW, S.BOUNCED, E.BOUNCED),
    "5.x.x after the end of the lifetime": Row(said(550, "5.1.1 unknown"), END + 1, S.BOUNCED, E.BOUNCED),
    "a 4xx that speaks of 5.x.x": Row(said(450, "5.1.1 unknown"), NOW, S.DEFERRED, E.DEFERRED, NOW + HOUR, "4.0.0"),
    "a 5xx that speaks of 4.x.x": Row(said(550, "4.2.2 full"), NOW, S.BOUNCED, E.BOUNCED, shown="5.0.0"),
    "nonsense": Row(said(999, "what"), NOW, S.DEFERRED, E.DEFERRED, NOW + HOUR, "4.5.0"),
    "a whole site": Row(LocalCause.NO_ANSWER.status("dead"), NOW, S.DEFERRED, E.DEFERRED, NOW + HOUR),
    "our own fault": Row(LocalCause.INTERNAL.status("bug"), NOW, S.DEFERRED, E.DEFERRED, NOW + HOUR),
    "no such domain": Row(LocalCause.NO_SUCH_DOMAIN.status("NXDOMAIN"), NOW, S.BOUNCED, E.BOUNCED),
    "null MX": Row(LocalCause.NULL_MX.status("takes no mail"), NOW, S.BOUNCED, E.BOUNCED),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
@pytest.mark.parametrize("before", [S.QUEUED, S.DEFERRED])
def test_the_table(row: Row, before: RecipientState) -> None:
    tried = recipient(before)
    attempt = attempt_with(row.said, row.at)
    disposition = decide(tried, row.said, row.at, POLICY, 0.5)
    assert (disposition.state, disposition.due_at) == (row.state, row.due_at)
    after, event = conclude(tried, attempt, disposition, row.at)
    assert (after.state, after.due_at, after.tries, after.lease) == (row.state, row.due_at, 1, None)
    assert after.updated_at == event.at == row.at
    assert str(after.status) == (row.shown or str(row.said.status))
    assert row.said.reason in after.reason
    assert (event.type, event.recipient_id, event.message_id) == (row.event, tried.id, tried.message_id)
    assert (event.detail.status, event.detail.reason) == (after.status, after.reason)
    assert (event.detail.attempt, event.detail.retry_at) == (attempt, row.due_at)
    assert event.detail.source is (Source.SMTP if row.said.reply else Source.LOCAL)


@pytest.mark.parametrize(("tries", "wait"), [(0, HOUR), (1, 2 * HOUR), (2, 2 * HOUR), (9, 2 * HOUR)])
def test_the_schedule_goes_by_finished_tries(tries: int, wait: int) -> None:
    disposition = decide(recipient(S.DEFERRED, tries), said(450, "wait"), NOW, POLICY, 0.5)
    assert disposition.due_at == NOW + wait


def test_dice_spread_the_next_try() -> None:
    policy = RetryPolicy((HOUR,), jitter=0.5)
    due = [decide(recipient(), said(450, "wait"), NOW, policy, dice).due_at for dice in (0.0, 0.5, 0.99)]
    assert due == sorted(set(due), key=lambda at: at or 0)
    assert due[0] == NOW + HOUR // 2


STATUSES = st.builds(
    DeliveryStatus,
    st.builds(EnhancedStatus, st.integers(0, 9), st.integers(0, 999), st.integers(0, 999)),
    st.text(min_size=1, max_size=20),
    st.sampled_from(Scope),
)
POLICIES = st.builds(
    RetryPolicy,
    st.lists(st.integers(0, 10 * HOUR), min_size=1, max_size=4).map(tuple),
    st.floats(0, 0.9),
)


@given(STATUSES, st.integers(0, 3 * LIFETIME), st.integers(0, 200), POLICIES, st.floats(0, 1, exclude_max=True))
def test_the_decision_is_total_and_sound(
    status: DeliveryStatus, later: int, tries: int, policy: RetryPolicy, dice: float
) -> None:
    now = NOW + later
    tried = recipient(S.DEFERRED, tries)
    disposition = decide(tried, status, now, policy, dice)
    assert (disposition.state is S.BOUNCED) == (status.status.cls == 5)  # nothing else ever bounces
    assert (disposition.state is S.DELIVERED) == (status.status.cls == 2)
    assert (disposition.due_at is not None) == (disposition.state is S.DEFERRED)
    if disposition.due_at is not None:
        assert now <= disposition.due_at <= tried.expires_at
        assert now < tried.expires_at
    if disposition.state is S.EXPIRED:
        assert now >= tried.expires_at
    after, event = conclude(tried, attempt_with(status), disposition, now)
    assert after.tries == tries + 1
    assert after.reason
    assert event.type == disposition.event_type
    assert (after.due_at is not None) == after.state.is_waiting


@given(STATUSES)
def test_only_the_trouble_of_a_site_slows_it_down(status: DeliveryStatus) -> None:
    assert is_site_failure(status) == (status.scope is Scope.SITE and status.status.cls != 2)


def test_a_failure_before_any_host_is_an_attempt_too() -> None:
    attempt = failed_here(LocalCause.DNS_TROUBLE.status("no answer"), NOW)
    assert (attempt.host, attempt.started_at, attempt.status.status) == (None, NOW, status("4.4.3"))
