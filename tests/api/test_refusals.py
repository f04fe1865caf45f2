"""Whatever is wrong with a request: a 4xx in the contract's shape, at once, and nothing is queued."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import BODY_LIMIT, Api, fresh

# What the SDKs know (contracts 2.2): some take an answer with any other name for a success.
KNOWN_NAMES = {
    *("validation_error", "missing_required_field", "invalid_parameter", "invalid_attachment", "not_found"),
    *("method_not_allowed", "missing_api_key", "invalid_api_key", "restricted_api_key", "rate_limit_exceeded"),
    "application_error",
}


@pytest.fixture(autouse=True)
def nothing_is_queued(request: pytest.FixtureRequest, api: Api) -> Iterator[None]:
    before = api.queued()
    yield
    assert api.queued() == before


def refused(response: httpx.Response, *statuses: int, name: str | None = None) -> str:
    """Check the shape of a refusal; its message."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"statusCode", "name", "message"}
    assert body["statusCode"] == response.status_code
    assert body["name"] in KNOWN_NAMES
    assert name is None or body["name"] == name
    assert isinstance(body["message"], str)
    assert body["message"]
    message: str = body["message"]
    return message


# Who asks.


def test_without_a_key(api: Api) -> None:
    for headers in ({}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Basic abc"}):
        refused(api.client.post("/emails", json=fresh(), headers=headers), 401, name="missing_api_key")


@pytest.mark.parametrize(
    ("key", "status"),
    [("sk_" + "x" * 48, 401), ("re_" + "x" * 48, 403), ("nonsense", 401), ("re_" + "x" * 5000, 403), ("sk_\xff", 401)],
)
def test_an_unknown_key_is_refused_in_its_own_dialect(api: Api, key: str, status: int) -> None:
    headers = {b"authorization": b"Bearer " + key.encode("latin-1")}
    refused(api.client.post("/emails", json=fresh(), headers=headers), status, name="invalid_api_key")
    refused(api.client.get("/emails/x", headers=headers), status, name="invalid_api_key")


def test_a_revoked_key_looks_like_an_unknown_one(api: Api) -> None:
    made = api.gateway.ask("key", "create", "to be revoked", "--dialect", "resend")
    api.gateway.run("key", "revoke", made["id"])
    unknown = api.post(fresh(), "re_" + "x" * 48)
    revoked = api.post(fresh(), made["key"])
    assert (revoked.status_code, revoked.json()) == (unknown.status_code, unknown.json())


def test_nothing_is_read_of_who_has_no_key(api: Api) -> None:
    refused(api.post(b"x" * 1000, key="re_unknown"), 403)


# Where.


@pytest.mark.parametrize("path", ["/", "/emails/x/y", "/email", "/v1/emails", "/emails.json", "/%00", "/..%2f", "/é"])
def test_an_unknown_path_is_a_json_404(api: Api, path: str) -> None:
    refused(api.get(path), 404, name="not_found")
    refused(api.post(fresh(), path=path), 404, name="not_found")


@pytest.mark.parametrize(
    "id", ["x", "0", "0193b1a0-0000-7000-8000-000000000000", "%00", "..", "batch", "x" * 5000, "é", "%ff", "'--"]
)
def test_an_unknown_id_is_a_404(api: Api, id: str) -> None:
    refused(api.get(f"/emails/{id}"), 404, name="not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/emails"), ("PUT", "/emails"), ("PATCH", "/emails"), ("POST", "/emails/x"), ("POST", "/healthz")],
)
def test_another_method_is_a_405(api: Api, method: str, path: str) -> None:
    response = api.client.request(method, path, headers={"authorization": f"Bearer {api.resend}"})
    refused(response, 405, name="method_not_allowed")
    assert response.headers["allow"]


# What is no JSON.

DEEP = 200_000
BROKEN_JSON = {
    "nothing": b"",
    "no JSON": b"from=a@sender.test",
    "cut": b'{"from": "a@sender.test", "to',
    "two documents": b"{}{}",
    "a trailing comma": b'{"from": "a@sender.test",}',
    "single quotes": b"{'from': 'a'}",
    "NaN": b'{"from": NaN}',
    "a byte order mark": b'\xef\xbb\xbf{"from": "a@sender.test"}',
    "bad UTF-8": b'{"from": "a@sender.test", "subject": "\xff\xfe"}',
    "an overlong slash": b'{"from": "a@sender.test", "subject": "\xc0\xaf"}',
    "half a pair in UTF-8": b'{"from": "a@sender.test", "subject": "\xed\xa0\x80"}',
    "UTF-16": json.dumps(fresh()).encode("utf-16"),
    "a raw control character": b'{"from": "a@sender.test", "subject": "a\nb"}',
    "a raw NUL": b'{"from": "a@sender.test", "subject": "a\0b"}',
    "half a pair, escaped": b'{"from": "a@sender.test", "subject": "\\ud800"}',
    "a pair the wrong way round": b'{"from": "a@sender.test", "subject": "\\udc00\\ud800"}',
    "half a pair in an unknown field": b'{"zzz": "\\ud800"}',
    "deep lists": b"[" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "deep lists in an unknown field": b'{"zzz":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep lists in a known field": b'{"template": {"x":' + b"[" * DEEP + b"]" * DEEP + b"}}",
}


@pytest.mark.alone
@pytest.mark.parametrize("content", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_what_is_no_json(api: Api, content: bytes) -> None:
    started = time.monotonic()
    refused(api.post(content), 400, 422, name="validation_error")
    assert time.monotonic() - started < 2  # a busy machine; alone it takes milliseconds


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"5", b"null", b"true", b"[{}]"])
def test_what_is_no_object(api: Api, content: bytes) -> None:
    assert "JSON object" in refused(api.post(content), 422, name="validation_error")


# Fields.

WRONG_TYPES: list[Any] = [5, -1, 1.5, True, [], {}, [5], [None], {"a": 1}, "", [""], [[]], 10**400]
# What looks odd and means something all the same, by field.
FINE: dict[str, list[Any]] = {
    **{field: [] for field in ("from", "to", "text", "scheduled_at", "template")},
    **{field: [[], ""] for field in ("cc", "bcc", "reply_to")},
    "attachments": [[]],
    **{field: [""] for field in ("html", "subject")},
    "headers": [{}, []],
    "tags": [[], {}],
}


@pytest.mark.parametrize("field", FINE)
def test_a_wrong_type_names_its_field(api: Api, field: str) -> None:
    for value in WRONG_TYPES:
        if value in FINE[field] and type(value) is not bool:
            continue
        message = refused(api.post(fresh(**{field: value})), 400, 422)
        assert field in message or value == 10**400, (field, value, message)


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 100_000, b"1e99999999999"])
def test_huge_numbers(api: Api, number: bytes) -> None:
    for field in (b'"subject"', b'"attachments"', b'"from"'):
        refused(api.post(b'{"to": "joe@example.test", ' + field + b": " + number + b"}"), 400, 422)


@pytest.mark.parametrize("field", ["from", "to", "subject"])
def test_a_missing_field_is_named(api: Api, field: str) -> None:
    message = refused(api.post(fresh(**{field: None})), 422, name="missing_required_field")
    assert f"`{field}`" in message


def test_no_content_at_all(api: Api) -> None:
    refused(api.post(fresh(text=None)), 422, name="missing_required_field")


@pytest.mark.parametrize(
    "address", ["nobody", "a@", "@b.test", "a@b@c.test", "a@[127.0.0.1]", "a b@c.test", "a@b.test, c@d.test"]
)
@pytest.mark.parametrize("field", ["from", "to", "cc", "bcc", "reply_to"])
def test_a_bad_address_names_its_field(api: Api, field: str, address: str) -> None:
    assert f"`{field}`" in refused(api.post(fresh(**{field: address})), 422, name="validation_error")
    if field != "from":
        assert f"`{field}`" in refused(api.post(fresh(**{field: ["fine@example.test", address]})), 422)


@pytest.mark.parametrize(
    "author", ["a@other.test", "a@mail.sender.test", "a@sender.test.evil.test", "Ann <a@xsender.test>"]
)
def test_a_domain_that_is_not_verified(api: Api, author: str) -> None:
    refused(api.post(fresh(**{"from": author}), api.resend), 403, name="validation_error")
    assert "not verified" in refused(api.post(fresh(**{"from": author}), api.sendkit), 422, name="validation_error")


@pytest.mark.parametrize(
    "attachment",
    [
        {"filename": "a.txt"},
        {"filename": "a.txt", "content": "not base64!"},
        {"filename": "a.txt", "content": "YWJj*"},
        {"filename": "a.txt", "content": "YWJ"},
        {"filename": "a.txt", "content": "YWJjé"},
        {"filename": "a.txt", "content": [1, 2, 256]},
        {"filename": "a.txt", "content": [-1]},
        {"filename": "a.txt", "path": "http://127.0.0.1/secret"},
        {"filename": "a.txt", "path": "file:///etc/passwd", "content": "YWJj"},
        {"filename": "a\r\nBcc: x", "content": "YWJj"},
        {"filename": "a.txt", "content": "YWJj", "content_type": "text/plain\r\nBcc: x"},
        {"filename": "a.txt", "content": "YWJj", "content_id": "a\r\nb"},
        {"filename": "a.txt", "content": "YWJj", "content_id": "a b"},
    ],
)
def test_a_bad_attachment(api: Api, attachment: dict[str, Any]) -> None:
    refused(api.post(fresh(attachments=[attachment])), 422, name="invalid_attachment")


def test_too_many_of_everything(api: Api) -> None:
    many = [f"r{i}@example.test" for i in range(51)]
    for field in ("to", "cc", "bcc"):
        refused(api.post(fresh(**{field: many})), 422)
    refused(api.post(fresh(headers={f"X-{i}": "x" for i in range(101)})), 422)
    refused(api.post(fresh(tags=[{"name": f"t{i}", "value": "x"} for i in range(76)])), 422)
    refused(api.post(fresh(attachments=[{"content": "YQ=="}] * 101)), 422)
    refused(api.post(fresh(subject="x" * 999)), 422)


@pytest.mark.parametrize("when", ["whenever", "", "2026-13-01", "2026-01-01T25:00:00Z", "9999-12-31T23:59:59Z",
                                  "99999-01-01"])  # fmt: skip
def test_a_time_that_is_none(api: Api, when: str) -> None:
    assert "scheduled_at" in refused(api.post(fresh(scheduled_at=when)), 422)


@pytest.mark.parametrize("name", ["Bcc", "bcc", "From", "To", "Subject", "DKIM-Signature", "Received", "Content-Type",
                                  "Resent-To", "Delivered-To", "X Y", "X:Y", "", "Ü", "x" * 100])  # fmt: skip
def test_a_header_that_is_not_the_customers(api: Api, name: str) -> None:
    assert "`headers`" in refused(api.post(fresh(headers={name: "x"})), 422)


# Size.


@pytest.mark.alone
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(api: Api) -> None:
    """100 MB announced, nothing sent: the answer does not wait for it."""
    with socket.create_connection(("127.0.0.1", api.gateway.http_port), timeout=5) as connection:
        connection.sendall(
            b"POST /emails HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + api.resend.encode() + b"\r\n\r\n{"
        )
        started = time.monotonic()
        head = connection.recv(65536)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in head.lower()  # or the client's next request would be lost
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused_while_it_comes(api: Api, chunked: bool) -> None:
    content = b'{"zzz": "' + b"x" * 50 * BODY_LIMIT
    headers = {"authorization": f"Bearer {api.resend}", "content-type": "application/json"}

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]

    response = api.client.post("/emails", content=pieces() if chunked else content, headers=headers)
    refused(response, 413, name="validation_error")


def test_a_compressed_body_is_told_from_bad_json(api: Api) -> None:
    content = gzip.compress(json.dumps(fresh()).encode())
    message = refused(api.post(content, **{"content-encoding": "gzip"}), 400, name="validation_error")
    assert "compressed" in message


def test_a_message_that_is_too_large_decoded(api: Api) -> None:
    refused(api.post(fresh(text="x" * (BODY_LIMIT + 1))), 413, 422)
