"""Lines of lists and single messages: their domain, template, newest events and when they were first taken."""

import msgspec

from emailgw.core.directory import Domain, DomainStatus
from emailgw.core.events import EventType
from emailgw.core.ids import DomainId, TemplateId, uuid7
from emailgw.core.listing import MessageFilter, Origin
from emailgw.core.template import Template, TemplateFields
from emailgw.store.arriving import Arrival
from emailgw.store.messages import EVENTS_SHOWN
from emailgw.store.open import Store
from emailgw.store.paging import Piece
from tests.harness.mail import NOW, event_of, make_mail, together

DOMAIN = DomainId(uuid7(NOW, bytes(10)))
TEMPLATE = TemplateId(uuid7(NOW, bytes(9) + b"t"))


async def test_a_line_says_where_a_message_comes_from_and_what_happened(store: Store) -> None:
    await store.directory.add_domain(Domain(DOMAIN, "sender.test", DomainStatus.VERIFIED, NOW), ())
    await store.templates.add(Template(TEMPLATE, "Welcome", TemplateFields(html="x"), NOW, NOW, NOW))
    mail = make_mail()
    reply_to = mail.message.to
    message = msgspec.structs.replace(mail.message, template=TEMPLATE, reply_to=reply_to)
    [recipient] = mail.recipients
    late = [event_of(recipient, EventType.DEFERRED, NOW + number) for number in range(EVENTS_SHOWN)]
    taken = [event_of(recipient, EventType.DELIVERED, NOW + at) for at in (100, 200)]
    contents = {message.content_id: mail.content}
    await store.queue.enqueue_all(Arrival(contents, (message,), mail.recipients, (*mail.events, *late, *taken)))
    plain = make_mail(now=NOW + 1, author="a@elsewhere.test")
    await store.queue.enqueue_all(together(plain))
    shown = (EventType.QUEUED, EventType.DELIVERED)
    other, line = (await store.messages.page(MessageFilter(), Piece(), shown, count=False)).lines
    assert line.message == message
    assert line.origin == Origin(DOMAIN, "Welcome")
    assert line.sent_at == NOW + 100
    assert line.last is EventType.DELIVERED
    assert [event.at for event in line.events] == [event.at for event in (*late, *taken)][-EVENTS_SHOWN:]
    assert (other.origin, other.sent_at) == (Origin(), None)
    assert [event.type for event in other.events] == [EventType.QUEUED]
    story = await store.history.story(message.id)
    assert story.origin == line.origin
    assert len(story.events) == EVENTS_SHOWN + 3
    await store.templates.remove(TEMPLATE)
    assert (await store.history.story(message.id)).origin == Origin(DOMAIN, None)
