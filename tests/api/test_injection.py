"""Hostile text in every field: either a 4xx, or exactly that text in the delivered message, and no other header."""

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parseaddr
from typing import Any

import pytest

from tests.api.conftest import Api, fresh

BCC = "eve@example.test"
HOSTILE = {
    "CRLF": f"a\r\nBcc: {BCC}",
    "LF": f"a\nBcc: {BCC}",
    "CR": f"a\rBcc: {BCC}",
    "end of the header": "a\r\n\r\nanother body",
    "NUL": "a\0b",
    "next line": f"a\x85Bcc: {BCC}",
    "line separator": f"a\u2028Bcc: {BCC}",
    "paragraph separator": f"a\u2029Bcc: {BCC}",
    "vertical tab": f"a\x0bBcc: {BCC}",
    "encoded CRLF, Q": f"=?utf-8?q?a=0D=0ABcc:_{BCC}?=",
    "encoded CRLF, B": "=?utf-8?b?YQ0KQmNjOiBldmVAZXhhbXBsZS50ZXN0?=",
    "encoded NUL": "=?utf-8?q?a=00b?=",
    "percent": "a%0D%0ABcc: x",
    "backslashes": "a\\r\\nBcc: x",
    "600 letters": "é" * 600,
    "600 emoji": "🐎" * 600,
    "one long word": "x" * 900,
    "quotes": 'a "b" \\" \\ c',
    "syntax": "a, b; c <d@e.test> (f) :",
    "right to left": "a\u202eb",
    "blanks": "a   b",
    "percent twice": "utf-8''%0D%0A",
}


def body_with(field: str, text: str, to: str) -> dict[str, Any]:
    match field:
        case "author":
            return fresh(to=to, **{"from": f'"{_quoted(text)}" <a@sender.test>'})
        case "to":
            return fresh(to=f'"{_quoted(text)}" <{to}>')
        case "reply_to":
            return fresh(to=to, reply_to=f'"{_quoted(text)}" <r@sender.test>')
        case "header":
            return fresh(to=to, headers={"X-Custom": text})
        case "header name":
            return fresh(to=to, headers={text: "x"})
        case "file name":
            return fresh(to=to, attachments=[{"filename": text, "content": "YWJj", "content_type": "text/x-a"}])
        case "content type":
            return fresh(
                to=to, attachments=[{"filename": "a", "content": "YWJj", "content_type": f"text/x-a; p={text}"}]
            )
        case "content id":
            return fresh(to=to, html="<p>x</p>", attachments=[{"content": "YWJj", "content_id": text}])
        case "tag":
            return fresh(to=to, tags=[{"name": text, "value": text}])
        case _:
            return fresh(to=to, **{field: text})


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def read_back(field: str, raw: Message, message: EmailMessage) -> str | None:
    """The text as the reader gets it; None for a field that does not reach him, or only normalised.

    Display names by RFC 2047's plain rules: the newer parser of the standard library puts blanks between words.
    """
    match field:
        case "author" | "to" | "reply_to":
            quoted = parseaddr(str(raw[{"author": "from", "to": "to", "reply_to": "reply-to"}[field]]))[0]
            return str(make_header(decode_header(quoted)))
        case "subject":
            return str(message["subject"])
        case "header":
            return str(message["x-custom"])
        case "file name":
            return str(next(iter(message.iter_attachments())).get_filename())
    return None


FIELDS = (
    *("subject", "author", "to", "reply_to", "header", "header name", "file name", "content type", "content id"),
    *("tag", "text", "html"),
)
ALLOWED = {
    *("dkim-signature", "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"),
    *("content-transfer-encoding", "x-custom", "content-disposition"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_no_text_becomes_a_header(api: Api, field: str) -> None:
    accepted: dict[str, str] = {}
    for name, text in HOSTILE.items():
        to = f"{field.replace(' ', '')}{next(api.counter)}@example.test"
        response = api.post(body_with(field, text, to))
        if response.status_code == 200:
            accepted[name] = to
        else:
            assert response.status_code == 422, (name, response.text)
            assert response.json()["statusCode"] == 422
    for name, to in accepted.items():
        data = api.delivered(to).data
        assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
        assert max(map(len, data.split(b"\r\n"))) <= 998, name
        assert b"\r\nbcc:" not in data.partition(b"\r\n\r\n")[0].lower(), name
        # Not the default policy's view alone: raw names first, because decoding is where others go wrong.
        raw = email.message_from_bytes(data)
        own = {HOSTILE[name].lower()} if field == "header name" else set()
        assert {key.lower() for key in raw.keys()} <= ALLOWED | own, (name, list(raw.keys()))  # noqa: SIM118
        expected = None if name.startswith("encoded") else HOSTILE[name]
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if expected is not None and (found := read_back(field, raw, message)) is not None:
            assert found == expected, (name, data)
    assert {m.recipients[0] for m in api.sink.messages if BCC in m.recipients} == set()


def test_controls_are_refused_and_odd_text_is_not(api: Api) -> None:
    """The test above would be content if everything were refused."""
    for name in ("CRLF", "LF", "CR", "NUL", "line separator"):
        assert api.post(fresh(subject=HOSTILE[name])).status_code == 422
    for name in ("encoded CRLF, Q", "percent", "600 emoji", "quotes", "syntax", "right to left"):
        api.send(subject=HOSTILE[name])


def test_bodies_keep_their_text(api: Api) -> None:
    text = "line\nnul \0, esc \x1b, separators \u2028 \u2029 \x85, 🐎\n.\n..\nFrom here\n" + "x" * 3000 + "\n"
    _, to = api.send(text=text)
    message = email.message_from_bytes(api.delivered(to).data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.get_payload(decode=True) == text.replace("\n", "\r\n").encode()
