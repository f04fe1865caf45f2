"""`POST /emails/mime`: whole messages, and whose they are."""

from typing import Any

import pytest
import sendkit

from tests.api.conftest import Api

RAW = "From: Ann <ann@sender.test>\r\nTo: list@other.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello.\r\n"


def post(api: Api, raw: str, to: str = "joe@example.test", **fields: Any) -> Any:
    body = {"envelope_from": "Ann <ann@sender.test>", "envelope_to": to, "raw_message": raw, **fields}
    return api.post(body, api.sendkit, "/emails/mime")


def test_it_goes_as_it_came(api: Api) -> None:
    to = f"raw{next(api.counter)}@example.test"
    raw = RAW.replace(
        "\r\n\r\n", "\r\nX-Odd:   kept  as\r\n\tit is\r\nBcc: secret@example.test,\r\n b@example.test\r\n\r\n"
    )
    answer = post(api, raw, to)
    assert answer.status_code == 202, answer.text
    data = api.delivered(to).data.decode()
    assert "X-Odd:   kept  as\r\n\tit is\r\n" in data
    assert "secret" not in data
    for name in ("Date: ", "Message-ID: <", "MIME-Version: 1.0"):
        assert data.count(f"\r\n{name}") == 1
    assert data.endswith("\r\n\r\nHello.\r\n")
    shown = api.get(f"/emails/{answer.json()['id']}", api.sendkit).json()
    assert (shown["subject"], shown["from"]) == ("Grüße", "Ann <ann@sender.test>")


def test_what_is_there_is_kept(api: Api) -> None:
    to = f"raw{next(api.counter)}@example.test"
    own = "Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <own@sender.test>\nMIME-Version: 1.0\n"
    assert post(api, own + RAW.replace("\r\n", "\n"), to).status_code == 202
    data = api.delivered(to).data.decode()
    for line in own.splitlines():
        assert data.count(f"{line}\r\n") == 1
    assert data.lower().count("\r\nmessage-id:") == 1
    assert data.replace("\r\n", "").count("\n") == 0


@pytest.mark.parametrize(
    ("author", "status"),
    [
        ("ann@other.test", 422),
        ("", 422),
        ("ann@sender.test, eve@other.test", 422),
        ("eve@other.test, Ann <ann@sender.test>", 422),
        ("Ann: a@other.test;, <ann@sender.test>", 422),
        ('"Ann" , "b" <ann@sender.test>', 422),
        ("Ann (eve@other.test) <ann@sender.test>", 422),
        ("ann@sender.test\r\nFrom: eve@other.test", 422),
        ("ann@sender.test\r\nfrom : eve@other.test", 422),
        ("ann@sender.test\rFrom: eve@other.test", 422),
        ("<ann@sender.test> <eve@other.test>", 422),
        ("Ünn <ann@sender.test>", 202),
        ("Ünn <eve@other.test>", 422),
        ("Ünn, Ann <ann@sender.test>", 422),
        ("ünn@sender.test", 422),
        ('"Ann, of @sender" <ann@sender.test>', 202),
        ("Ann\r\n\t<ann@sender.test>", 202),
    ],
)
def test_it_has_one_author(api: Api, author: str, status: int) -> None:
    answer = post(api, RAW.replace("Ann <ann@sender.test>", author))
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("raw", ["short", "From: ann@sender.test\r\n\r\n" + "x" * 999, "no header at all here",
                                 "\r\nFrom: ann@sender.test\r\n\r\nx", RAW + "\0"])  # fmt: skip
def test_what_is_no_message(api: Api, raw: str) -> None:
    assert post(api, raw).status_code == 422


@pytest.mark.parametrize("to", ["", "nobody", "a@example.test, b@example.test"])
def test_it_has_one_recipient(api: Api, to: str) -> None:
    assert post(api, RAW, to).status_code == 422


def test_the_sendkit_client(api: Api) -> None:
    client = sendkit.SendKit(api.sendkit, base_url=api.gateway.url)
    to = f"raw{next(api.counter)}@example.test"
    sent = client.emails.send_mime(envelope_from="ann@sender.test", envelope_to=to, raw_message=RAW)
    assert sent["id"]
    api.delivered(to)
    with pytest.raises(sendkit.SendKitError):
        client.emails.send_mime(envelope_from="ann@sender.test", envelope_to=to, raw_message="no header at all here")
