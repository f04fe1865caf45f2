"""What HTTP and the contract ask of every answer, and none of the SDKs that run here looks at."""

import socket
from typing import Any

import pytest

from tests.api.conftest import Api


def raw_request(api: Api, head: str, body: bytes = b"") -> str:
    with socket.create_connection(("127.0.0.1", api.gateway.http_port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode()


@pytest.mark.parametrize("path", ["/emails", "/suppressions", "/emails/receiving"])
def test_cursors(api: Api, path: str) -> None:
    """An empty one says nothing; one that is no id is refused, instead of taken for the end or the beginning."""
    api.send()
    api.post({"email": "cursor@example.test"}, path="/suppressions")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in api.get(f"{path}?{query}").json()["data"]]

    every = ids("limit=100")
    for query in ("limit=&after=&before=", "page=&per_page=&after="):
        assert ids(query) == every[:20]
    for query in ("after=xyz", "before=xyz", "limit=5&after=1"):
        assert api.get(f"{path}?{query}").json()["name"] == "invalid_parameter"
    gone = api.get(f"{path}?after=01a21d15-2ff9-7f8f-bac8-871c22c34dee")
    assert gone.status_code == 200


def test_links_of_a_list_by_cursor_keep_its_filters(api: Api) -> None:
    api.send()
    links = api.get("/emails?limit=1&status=queued&after=").json()["links"]
    assert links["first"].endswith("/emails?limit=1&status=queued")


def test_an_unknown_email_and_a_foreign_one_look_alike(api: Api) -> None:
    api.gateway.add_domain("foreign.test")
    restricted = api.post({"name": "one", "domain": "foreign.test"}, path="/api-keys").json()["token"]
    id, _ = api.send()
    unknown = "01a21d15-2ff9-7f8f-bac8-871c22c34dee"
    for rest in ("", "/attachments"):
        answers = [api.get(f"/emails/{one}{rest}", restricted) for one in (id, unknown, "x")]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    for verb in ("cancel", "share"):
        answers = [api.post({}, restricted, f"/emails/{one}/{verb}") for one in (id, unknown, "x")]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


def test_a_field_that_is_missing_has_that_name(api: Api) -> None:
    for body in (
        {"raw_message": "x" * 20},
        {"envelope_to": "joe@example.test"},
        {"envelope_to": "", "raw_message": ""},
    ):
        answer = api.post(body, path="/emails/mime").json()
        assert answer["name"] in ("missing_required_field", "validation_error"), answer
        assert "envelope_to" in answer["message"] or "raw_message" in answer["message"]
    assert api.post({"raw_message": "x" * 20}, path="/emails/mime").json() == {
        "statusCode": 422, "name": "missing_required_field", "message": "Missing `envelope_to` field.",
    }  # fmt: skip


def test_names_cannot_drive_the_operators_terminal(api: Api) -> None:
    """Whoever may make a key names it as he likes; `key list` shows a line for each."""
    for name in ("\x1b]0;owned\x07\x1b[2Jred", "two\r\nlines", "turned \u202e round", "nul \0"):
        assert api.post({"name": name}, path="/api-keys").status_code == 201
        hook = {"endpoint": "https://example.com", "events": ["email.received"], "description": name}
        assert api.post(hook, path="/webhooks").status_code == 201
    keys = api.get("/api-keys?limit=100").json()["data"]
    for command in (
        ("key", "list"),
        ("webhook", "list"),
        ("webhook", "show", api.get("/webhooks").json()["data"][0]["id"]),
    ):
        shown = api.gateway.run(*command).stdout
        assert not set(shown) & set("\x1b\x07\r\0\u202e"), shown
        if command[0] == "key":
            assert len(shown.splitlines()) == 1 + len(keys)


@pytest.mark.parametrize("key", [None, "wrong", "sk_wrong"])
def test_a_401_says_how_to_identify_oneself(api: Api, key: str | None) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = api.client.get("/emails", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_no_preflight_is_answered(api: Api) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = api.client.options("/emails", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json()["name"] == "method_not_allowed"
    assert "from a server" in answer.json()["message"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [("1.1", 1, 200), ("1.1", 0, 400), ("1.1", 2, 400), ("1.0", 0, 200), ("1.0", 1, 200)],
)
def test_a_request_names_one_host(api: Api, version: str, hosts: int, status: int) -> None:
    """RFC 9112 section 3.2; in HTTP/1.0 there was no such field."""
    head = f"GET /healthz HTTP/{version}\n" + "Host: gw.test\n" * hosts + "Connection: close\n"
    answer = raw_request(api, head)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "application/json" in answer


def test_requests_in_old_and_odd_forms(api: Api) -> None:
    """HTTP/1.0, an absolute target, `Expect`, chunks with extensions and trailers, names in other case."""
    body = b'{"from": "a@sender.test", "to": "delivered@emailgw.test", "subject": "x", "text": "y"}'
    length = f"Content-Length: {len(body)}\n"
    chunked = b"%x;a=b\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(body), body)
    forms: list[tuple[str, str, bytes]] = [
        ("POST /emails HTTP/1.0", length, body),
        ("POST http://gw.test/emails HTTP/1.1", f"Host: gw.test\nConnection: close\n{length}", body),
        ("POST //emails/ HTTP/1.1", f"hOST: gw.test\nExpect: 100-continue\nConnection: close\n{length}", body),
        ("POST /emails HTTP/1.1", "Host: gw.test\nTransfer-Encoding: chunked\nConnection: close\n", chunked),
        ("POST /emails HTTP/1.1", f"Host: gw.test\nAccept: text/xml\nConnection: close\n{length}", body),
    ]
    for first, rest, sent in forms:
        answer: Any = raw_request(api, f"{first}\nAUTHORIZATION: bearer  {api.resend}\n{rest}", sent)
        assert " 200 OK\r\n" in answer, answer
        assert answer.endswith('"}')
