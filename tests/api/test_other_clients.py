"""Bodies as clients write and read them that cannot run here: those of PHP, Elixir, Go, .NET and Rust."""

import email
import email.policy

from tests.api.conftest import Api, fresh


def to_new(api: Api) -> str:
    return f"other{next(api.counter)}@example.test"


def test_success_is_200_for_resends_clients_and_202_for_sendkits(api: Api) -> None:
    """Symfony's transport, among others, takes nothing but 200 for success."""
    raw = "From: a@sender.test\r\nSubject: x\r\n\r\nHello\r\n"
    for key, status in ((api.resend, 200), (api.sendkit, 202)):
        assert api.post(fresh(to=to_new(api)), key).status_code == status
        mime = {"envelope_from": "a@sender.test", "envelope_to": to_new(api), "raw_message": raw}
        assert api.post(mime, key, "/emails/mime").status_code == status
        again = [api.post(fresh(), key, **{"Idempotency-Key": "both"}).status_code for _ in range(2)]
        assert again == [status, status]


def test_laravel(api: Api) -> None:
    """PHP has one empty array, and writes it as `[]`."""
    to = to_new(api)
    body = fresh(to=[to], **{"from": '"Ann" <a@sender.test>'}, html="<p>x</p>")
    body |= {"cc": [], "bcc": [], "reply_to": [], "headers": [], "attachments": [], "text": None}
    assert api.post(body).status_code == 200
    assert api.delivered(to)
    assert api.post(fresh(to=to, metadata=[], tags=[])).status_code == 200


def test_symfony_hands_on_the_fields_of_its_message(api: Api) -> None:
    to = to_new(api)
    own = {"Date": "Mon, 01 Jan 2024 00:00:00 +0000", "Sender": "Eve <eve@other.test>", "return-path": "<b@other.test>",
           "MIME-Version": "9.9", "Reply-To": "desk@sender.test", "X-Ref": "1"}  # fmt: skip
    assert api.post(fresh(to=to, headers=own, reply_to="desk@sender.test")).status_code == 200
    message = email.message_from_bytes(api.delivered(to).data)
    assert message.get_all("MIME-Version") == ["1.0"]
    assert message.get_all("Reply-To") == ["desk@sender.test"]
    assert message.get_all("X-Ref") == ["1"]
    assert (message["Sender"], message["Return-Path"]) == (None, None)
    [date] = message.get_all("Date", [])
    assert "2024" not in date
    for name in ("Date", "Sender"):
        answer = api.post(fresh(headers={name: "x\r\nBcc: eve@example.test"}))
        assert answer.status_code == 422


def test_swoosh_has_headers_in_an_array(api: Api) -> None:
    to = to_new(api)
    headers = [{"name": "X-One", "value": "1"}, {"name": "x-two", "value": "zwei ü"}]
    assert api.post(fresh(to=to, headers=headers)).status_code == 200
    message = email.message_from_bytes(api.delivered(to).data, policy=email.policy.default)
    assert (message["X-One"], message["X-Two"]) == ("1", "zwei ü")
    for wrong in ([{"name": "X"}], [{"name": "From", "value": "a@b.test"}], ["X: y"], [{"name": "X", "value": "a\nb"}]):
        answer = api.post(fresh(headers=wrong))
        assert answer.status_code == 422
        assert "headers" in answer.json()["message"]
    for once in ("Reply-To", "References", "List-Unsubscribe"):
        twice = [{"name": once, "value": "<a@sender.test>"}, {"name": once.lower(), "value": "<b@sender.test>"}]
        assert "twice" in api.post(fresh(headers=twice)).json()["message"]
    mailing = {"from": "a@sender.test", "subject": "x", "text": "y", "headers": headers, "recipients": [{"to": to}]}
    assert api.post(mailing, path="/emails/batch").status_code == 200
    mailing["headers"] = [{"name": "Message-ID", "value": "<a@sender.test>"}]
    assert api.post(mailing, path="/emails/batch").status_code == 422


def test_a_reply_to_that_names_nobody_is_left_out(api: Api) -> None:
    to = to_new(api)
    assert api.post(fresh(to=to, headers={"Reply-To": " ", "X-Empty": ""})).status_code == 200
    message = email.message_from_bytes(api.delivered(to).data)
    assert (message["Reply-To"], message["X-Empty"]) == (None, "")


def test_go_sends_empty_texts_for_what_nobody_gave(api: Api) -> None:
    fields = {"name": "go", "from": "News <news@sender.test>", "subject": "Hi {{NAME}}", "text": "Hello {{NAME}}.",
              "reply_to": "desk@sender.test", "status": "published"}  # fmt: skip
    id = api.post(fields, path="/templates").json()["id"]
    to = to_new(api)
    body = {"from": "", "to": [to], "subject": "", "reply_to": "", "cc": None, "bcc": "",
            "template": {"id": id, "variables": {"NAME": "Joe"}}}  # fmt: skip
    assert api.post(body).status_code == 200
    message = email.message_from_bytes(api.delivered(to).data)
    assert (message["From"], message["Subject"]) == ("News <news@sender.test>", "Hi Joe")
    assert message["Reply-To"] == "desk@sender.test"
    assert api.post({**body, "template": None, "text": "x"}).json()["name"] == "missing_required_field"
    missing = api.post({**body, "template": {"id": id, "variables": []}})
    assert missing.status_code == 422
    assert "NAME" in missing.json()["message"]
    assert api.post({"variables": []}, path=f"/templates/{id}/preview").status_code == 422
    file = {"content": "YQ==", "filename": "a.txt", "path": "", "content_id": "", "content_type": ""}
    assert api.post(fresh(attachments=[file])).status_code == 200


def test_a_time_out_of_the_calendar(api: Api) -> None:
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert api.post(fresh(scheduled_at=when)).json()["name"] == "invalid_parameter"
        answer = api.post({"name": "k", "expires_at": when}, path="/api-keys")
        assert answer.status_code == 422


def test_typed_clients_have_a_word_for_everything(api: Api) -> None:
    """.NET and Rust refuse an answer whole where an enumeration has a member that theirs has not."""
    made = api.post({"name": "typed.test"}, path="/domains").json()
    for shown in (made, api.get(f"/domains/{made['id']}").json()):
        assert shown["region"] in ("us-east-1", "eu-west-1", "sa-east-1", "ap-northeast-1")
        assert {record["record"] for record in shown["records"]} <= {"SPF", "DKIM", "Receiving", "Tracking"}
    other = api.get(f"/domains/{made['id']}", api.sendkit).json()
    assert "DMARC" in {record["record"] for record in other["records"]}
    for reason in ("manual", "bounce", "complaint", "unsubscribe"):
        api.post({"email": f"{reason}@typed.test", "reason": reason}, path="/suppressions")
        entry = api.get(f"/suppressions/{reason}@typed.test").json()
        assert entry["reason"] == reason
        assert entry["origin"] == ("manual" if reason == "unsubscribe" else reason)


def test_rust_says_content_type_in_another_case(api: Api) -> None:
    to = to_new(api)
    file = {"content": [37, 80], "filename": "report", "contentType": "application/pdf"}
    assert api.post(fresh(to=to, attachments=[file])).status_code == 200
    message = email.message_from_bytes(api.delivered(to).data)
    assert "application/pdf" in [part.get_content_type() for part in message.walk()]
