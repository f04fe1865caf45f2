"""The mail log: its keys and their order, that nothing foreign makes two lines of one, and when a line was written."""

import asyncio
import logging
import time

import pytest

from emailgw import maillog
from emailgw.cli.logs import LineFormatter
from emailgw.core.address import Address
from emailgw.core.events import Attempt, Delays, Detail, Event, EventType, Source, TLSInfo
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId
from emailgw.core.model import Message, Recipient, RecipientState
from emailgw.core.status import EnhancedStatus, LocalCause

BOB = Address("bob", "rcpt.test")
ANN = Message(MessageId("m1"), ContentId(1), KeyId("k1"), Address('"ann b"', "sender.test"), ())
STATUS = EnhancedStatus(2, 0, 0)


@pytest.fixture(autouse=True)
def mail_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "emailgw.mail")


ACCEPTED = [
    r'accepted message=m1 key=k1 author="\"ann b\"@sender.test" recipients=2 size=4096 door=smtp',
    r'accepted message=m1 key=k1 author="\"ann b\"@sender.test" recipients=1 size=100 door=smtp',
]


def test_accepted(caplog: pytest.LogCaptureFixture) -> None:
    maillog.accepted([(ANN, 2, 4096), (ANN, 1, 100)], "smtp")
    assert caplog.messages == ACCEPTED


async def test_what_is_said_in_one_turn_of_the_loop_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    maillog.accepted([(ANN, 2, 4096)], "smtp")
    maillog.accepted([(ANN, 1, 100)], "smtp")
    assert caplog.messages == []
    await asyncio.sleep(0)
    assert caplog.messages == ["\n".join(ACCEPTED)]
    maillog.accepted([(ANN, 2, 4096)], "smtp")
    await asyncio.sleep(0)
    assert caplog.messages[1:] == ACCEPTED[:1]


def test_what_is_said_last_before_the_loop_ends_is_written(caplog: pytest.LogCaptureFixture) -> None:
    async def say() -> None:
        maillog.accepted([(ANN, 2, 4096)], "smtp")

    asyncio.run(say())
    assert caplog.messages == ACCEPTED[:1]


def test_tried(caplog: pytest.LogCaptureFixture) -> None:
    recipient = Recipient(
        RecipientId(7), MessageId("m1"), BOB, "rcpt.test", RecipientState.DELIVERED, 1, status=STATUS, reason='"100%s"'
    )
    attempt = Attempt(
        LocalCause.INTERNAL.status("-"), 0, Delays(1, 20, 300, 4000), "mx.rcpt.test", "::1", 25, TLSInfo("TLSv1.3", "x")
    )
    maillog.tried(recipient, attempt)
    assert caplog.messages == [
        "delivered message=m1 recipient=7 to=bob@rcpt.test nexthop=rcpt.test host=mx.rcpt.test[::1]:25 tls=TLSv1.3 "
        r'tries=1 delay=4.32 delays=0.001/0.02/0.3/4 status=2.0.0 reason="\"100%s\""'
    ]


def test_tried_and_came_to_no_host(caplog: pytest.LogCaptureFixture) -> None:
    recipient = Recipient(RecipientId(7), MessageId("m1"), BOB, "rcpt.test", RecipientState.DEFERRED, 1)
    maillog.tried(recipient, Attempt(LocalCause.DNS_TROUBLE.status("-"), 0))
    assert caplog.messages == [
        "deferred message=m1 recipient=7 to=bob@rcpt.test nexthop=rcpt.test host=none tls=none "
        'tries=1 delay=0 delays=0/0/0/0 status=none reason=""'
    ]


@pytest.mark.parametrize("foreign", ["a\nb", "a\r\nb", "a\u2028b", "a b", 'a"b', "ä", "\x1b[2J", "", " "])
def test_what_others_said_stays_in_its_quotes(caplog: pytest.LogCaptureFixture, foreign: str) -> None:
    detail = Detail(Source.DSN, STATUS, foreign, reporting_mta=foreign)
    maillog.changed(Event(0, EventType.BOUNCED, MessageId("m1"), RecipientId(7), BOB, detail))
    (line,) = caplog.messages
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert line.endswith('"')
    assert " reason=" in line


def test_a_log_that_is_off_writes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "emailgw.mail")
    maillog.accepted([(ANN, 1, 1)], "http")
    maillog.unparsed("m1", 7, "auto_reply", 100)
    assert caplog.messages == []


@pytest.mark.parametrize("moments", [(1.001, 1.999, 2.0), (5.25, 4.5, 5.125), (0.0, 86_400.5, 86_400.75)])
def test_each_line_has_its_own_time(moments: tuple[float, ...]) -> None:
    plain, ours = logging.Formatter("%(asctime)s %(message)s"), LineFormatter("%(asctime)s %(message)s")
    record = logging.LogRecord("emailgw.mail", logging.INFO, "", 0, "line", None, None)
    for record.created in moments:
        record.msecs = record.created % 1 * 1000
        expected = plain.format(record)
        assert expected.startswith(time.strftime("%Y-%m-%d", time.localtime(record.created)))
        assert ours.format(record) == expected
