"""Django's mail through the unmodified `anymail.backends.resend`: a client of the contract, and none of the SDKs."""

import email.policy
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from tests.api.directory_world import World, world  # noqa: F401  (fixture)
from tests.harness.site import django_site
from tests.harness.waiting import eventually


@pytest.fixture(scope="module", autouse=True)
def backend(world: World) -> Iterator[None]:  # noqa: F811
    with django_site(
        EMAIL_BACKEND="anymail.backends.resend.EmailBackend",
        ANYMAIL={"RESEND_API_KEY": world.resend_key, "RESEND_API_URL": world.gateway.url},
    ):
        yield
        get_connection().close()


def message(**fields: Any) -> EmailMultiAlternatives:
    given = {"subject": "Hällo", "body": "Text.", "from_email": "Ann <a@sender.test>", "to": ["any@there.test"]}
    return EmailMultiAlternatives(**{**given, **fields})


def test_a_message_with_everything(world: World) -> None:  # noqa: F811
    sent: Any = message(cc=["cc@there.test"], bcc=["bcc@there.test"], reply_to=["r@sender.test"])
    sent.attach_alternative("<b>HTML</b>", "text/html")
    sent.attach("a.csv", "1,2\n", "text/csv")
    sent.extra_headers["X-Mine"] = "yes"
    sent.tags = ["welcome"]
    sent.metadata = {"order": 7}
    assert sent.send() == 1
    status = sent.anymail_status
    assert status.status == {"queued"}
    shown = world.call("GET", f"/emails/{status.message_id}", key=world.resend_key).json()
    assert shown["subject"] == "Hällo"
    arrived = eventually(lambda: [one for one in list(world.sink.messages) if one.recipients == ["any@there.test"]])
    parsed: Any = message_from_bytes(arrived[0].data, policy=email.policy.default)
    assert parsed["X-Mine"] == "yes"
    assert parsed["X-Tags"] == '["welcome"]'
    assert parsed["X-Metadata"] == '{"order": 7}'
    assert parsed.get_body().get_content().strip() == "<b>HTML</b>"
    assert [part.get_filename() for part in parsed.iter_attachments()] == ["a.csv"]


def test_merging_is_a_batch(world: World) -> None:  # noqa: F811
    sent: Any = message(to=["m1@there.test", "m2@there.test"])
    sent.merge_metadata = {"m1@there.test": {"n": 1}, "m2@there.test": {"n": 2}}
    assert sent.send() == 1
    ids = {recipient.message_id for recipient in sent.anymail_status.recipients.values()}
    assert len(ids) == 2
    for id in ids:
        assert world.call("GET", f"/emails/{id}", key=world.resend_key).status_code == 200


def test_a_refusal_is_its_exception() -> None:
    from anymail.exceptions import AnymailRequestsAPIError

    with pytest.raises(AnymailRequestsAPIError, match="domain is not verified"):
        message(from_email="a@not-ours.test").send()
