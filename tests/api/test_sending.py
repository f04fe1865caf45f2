"""What the contracts promise of good requests: every form of a field that SDKs send, and what is read back."""

import base64
import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.api.conftest import Api, fresh
from tests.harness.waiting import eventually


def message_to(api: Api, to: str) -> EmailMessage:
    message = email.message_from_bytes(api.delivered(to).data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_twice_a_slash(api: Api) -> None:
    response = api.post(fresh(), path=f"{api.gateway.url}//emails")
    assert response.status_code == 200
    assert api.get(f"{api.gateway.url}//emails//{response.json()['id']}").status_code == 200


def test_a_slash_at_the_end(api: Api) -> None:
    """As django-anymail's Postmark backend writes paths."""
    response = api.post(fresh(), path=f"{api.gateway.url}/emails/")
    assert response.status_code == 200
    assert api.get(f"{api.gateway.url}/emails/{response.json()['id']}/").status_code == 200
    assert api.get(f"{api.gateway.url}/emails//").json()["object"] == "list"


def test_unknown_fields_are_ignored(api: Api) -> None:
    _, to = api.send(zzz={"new": [1, 2, None]}, topic_id="x", **{"": "", "From": "b@other.test"})
    data = api.delivered(to).data
    assert b"b@other.test" not in data
    assert b"zzz" not in data


LONG = "x" * 300_000  # a body is looked at in another way from 256 KB on


@pytest.mark.parametrize("text", ["y", LONG], ids=["small", "large"])
def test_a_field_that_is_named_twice_is_refused(api: Api, text: str) -> None:
    for first, second in (("other", "sender"), ("sender", "other")):
        body = f'{{"from":"a@{first}.test","to":"d1@example.test","text":"{text}","from" : "a@{second}.test"}}'
        refused = api.post(body.encode())
        assert refused.status_code == 400
        assert "`from` twice" in refused.json()["message"]
    api.send(metadata={"from": "shop", "to": "all"}, html='<a href="to">"from"</a>', text=text)


def test_of_a_field_spelled_in_two_ways_one_counts_and_only_for_its_own_mail(api: Api) -> None:
    """Which one is the parser's business; that a checked value is the one that is used is ours. (A small body is
    refused.)
    """
    fields = r'"fro\u006d":"a@other.test","from":"a@sender.test","to":"d1@example.test","subject":"x"'
    assert api.post(f'{{{fields},"text":"y"}}'.encode()).status_code == 400
    content = f'{{{fields},"text":"{LONG}"}}'.encode()
    first = api.post(content)
    second = api.post(
        content.replace(b"a@other", b"a@temporary").replace(b"a@sender", b"a@other").replace(b"d1@", b"d2@")
    )
    assert first.status_code == 200
    assert second.status_code == 403
    assert str(message_to(api, "d1@example.test")["from"]) == "a@sender.test"


@pytest.mark.parametrize(
    "form", ["d3@example.test", ["d3@example.test"], "Dee <d3@example.test>", ["<d3@example.test>"]]
)
def test_recipients_are_a_string_or_a_list(api: Api, form: str | list[str]) -> None:
    response = api.post(fresh(to=form, cc=form, bcc=form, reply_to=form))
    assert response.status_code == 200
    shown = api.get(f"/emails/{response.json()['id']}").json()
    assert [recipient["address"] for recipient in shown["recipients"]] == ["d3@example.test"]


def test_bcc_is_on_the_envelope_and_nowhere_else(api: Api) -> None:
    hidden = f"hidden{next(api.counter)}@example.test"
    _, to = api.send(bcc=[hidden])
    for address in (to, hidden):
        assert b"hidden" not in api.delivered(address).data


@pytest.mark.parametrize(
    "tags", [[{"name": "kind", "value": "welcome"}], [{"name": "kind"}], {"kind": "welcome"}, [], None]
)
def test_tags(api: Api, tags: Any) -> None:
    id, _ = api.send(tags=tags)
    expected = (
        [{"name": "kind", "value": "" if isinstance(tags, list) and "value" not in tags[0] else "welcome"}]
        if tags
        else []
    )
    assert api.get(f"/emails/{id}").json()["tags"] == expected


PICTURE = bytes(range(256)) * 20


@pytest.mark.parametrize(
    "content",
    [
        base64.b64encode(PICTURE).decode(),
        list(PICTURE),
        base64.encodebytes(PICTURE).decode(),
        {"type": "Buffer", "data": list(PICTURE)},
    ],
    ids=["base64", "octets", "base64 in lines", "a buffer of Node's, as resend 4 and nodemailer-resend send it"],
)
def test_attachments_in_every_form(api: Api, content: Any) -> None:
    _, to = api.send(attachments=[{"filename": "Bild é.bin", "content": content, "content_type": "application/x-a"}])
    [attachment] = message_to(api, to).iter_attachments()
    assert attachment.get_filename() == "Bild é.bin"
    assert attachment.get_content_type() == "application/x-a"
    assert attachment.get_payload(decode=True) == PICTURE


@pytest.mark.parametrize(
    ("filename", "type"),
    [
        ("logo.png", "image/png"),
        ("Q3 bericht.PDF", "application/pdf"),
        ("invite.ics", "text/calendar"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("all.tar.gz", "application/gzip"),
        ("data:text/html,x", "application/octet-stream"),
        ("png", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_an_attachment_has_the_type_of_its_name(api: Api, filename: str | None, type: str) -> None:
    """The SDKs' examples give a name and no type; readers show a picture or a PDF only when its type says so."""
    _, to = api.send(attachments=[{"filename": filename, "content": base64.b64encode(PICTURE).decode()}])
    [attachment] = message_to(api, to).iter_attachments()
    assert attachment.get_content_type() == type
    assert attachment.get_payload(decode=True) == PICTURE


@pytest.mark.parametrize("field", ["content_id", "inline_content_id"])
@pytest.mark.parametrize("id", ["logo", "<logo>", "logo@sender.test"])
def test_inline_pictures(api: Api, field: str, id: str) -> None:
    picture = {"filename": "logo.png", "content": "iVBORw==", "content_type": "image/png", field: id}
    _, to = api.send(html='<img src="cid:logo">', attachments=[picture])
    message = message_to(api, to)
    [part] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert part["content-id"] == f"<{id.strip('<>')}>"
    assert part.get_content_disposition() == "inline"
    assert "multipart/related" in [part.get_content_type() for part in message.walk()]


@pytest.mark.parametrize("when", ["2099-03-05 10:30:00", "2000-01-01T00:00:00Z", "in 31 days", "2 hours ago"])
def test_a_time_out_of_bounds(api: Api, when: str) -> None:
    response = api.post(fresh(scheduled_at=when))
    assert response.status_code == 422
    assert "scheduled_at" in response.json()["message"]


def test_both_dialects_read_what_they_expect(api: Api) -> None:
    for key, to_type, time_length in ((api.resend, list, 29), (api.sendkit, str, 19)):
        id = api.post(fresh(to=["Ann <ann@example.test>", "ben@example.test"], cc="c@example.test"), key).json()["id"]
        shown = api.get(f"/emails/{id}", key).json()
        assert shown["object"] == "email"
        assert shown["id"] == id
        assert shown["from"] == "Ann <a@sender.test>"
        assert shown["subject"] == "Hello"
        assert isinstance(shown["to"], to_type)
        assert len(shown["created_at"]) == time_length
        assert "statusCode" not in shown  # some SDKs take it for an error
        assert shown["message_id"].startswith(f"<{id}@")


def test_what_happened_is_told_recipient_by_recipient(api: Api) -> None:
    id, to = api.send()
    api.delivered(to)
    shown = eventually(
        lambda: (found := api.get(f"/emails/{id}").json())["last_event"] == "delivered" and found, "it is delivered"
    )
    assert isinstance(shown, dict)
    [recipient] = shown["recipients"]
    assert (recipient["address"], recipient["state"], recipient["tries"]) == (to, "delivered", 1)
    queued, delivered = shown["events"]
    assert (queued["type"], queued["source"]) == ("queued", "api")
    assert (delivered["type"], delivered["source"], delivered["recipient"]) == ("delivered", "smtp", to)
    attempt = delivered["attempt"]
    assert (attempt["host"], attempt["address"]) == ("mx.example.test", "127.0.0.1")
    assert attempt["reply"]["code"] == 250
    assert any(line.startswith("> RCPT TO") for line in attempt["transcript"])
    assert not any("Hello" in line for line in attempt["transcript"])  # message data is left out


def test_mail_is_the_domains_not_the_keys(api: Api) -> None:
    """A key that was rotated still sees its owner's mail."""
    id, _ = api.send()
    assert api.get(f"/emails/{id}", api.sendkit).json()["id"] == id


def test_health_and_metrics_need_no_key(api: Api) -> None:
    assert api.client.get("/healthz").json() == {"status": "ok"}
    text = api.client.get("/metrics").text
    assert "emailgw_accepted_messages_total" in text


def test_a_get_may_have_a_body(api: Api) -> None:
    """One SDK sends `{}` with every GET."""
    id, _ = api.send()
    headers = {"authorization": f"Bearer {api.resend}", "content-type": "application/json"}
    assert api.client.request("GET", f"/emails/{id}", content=b"{}", headers=headers).status_code == 200
