"""`/events`: polled without missing anything, streamed, and seen only by those who may."""

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from emailgw.api import stream
from tests.api.conftest import Api, fresh
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port
from tests.harness.waiting import eventually


def events(api: Api, query: str, key: str | None = None) -> Any:
    answer = api.get(f"/events?{query}", key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def newest(api: Api) -> str:
    id: str = events(api, "limit=1")["data"][0]["id"]
    return id


def test_what_happens_to_a_message(api: Api) -> None:
    id, to = api.send(tags=[{"name": "kind", "value": "test"}])
    shown = eventually(
        lambda: (found := events(api, f"email_id={id}&limit=9"))["data"][1:] and found, "it was delivered"
    )
    assert [event["type"] for event in shown["data"]] == ["email.delivered", "email.sent"]
    assert shown["has_more"] is False
    assert {"links", "meta", "object"} <= set(shown)
    delivered = shown["data"][0]
    assert delivered["data"]["to"] == [to]
    assert delivered["data"]["tags"] == {"kind": "test"}
    assert delivered["data"]["delivery"]["reply"]["code"] == 250
    one = api.get(f"/events/{delivered['id']}").json()
    assert one["detail"]["attempt"]["transcript"]
    assert api.get("/events/evt_999999999").status_code == 404
    assert api.get("/events/nonsense").status_code == 404
    sendkit = events(api, f"email_id={id}", api.sendkit)["data"][0]
    assert sendkit["data"]["to"] == to
    assert events(api, f"recipient={to}&type=email.delivered")["data"][0]["id"] == delivered["id"]


def test_a_poller_misses_nothing(api: Api) -> None:
    """Whatever is committed while it polls."""
    api.send()
    start = newest(api)
    sent: list[str] = []
    sender = threading.Thread(target=lambda: sent.extend(api.send()[0] for _ in range(30)))
    sender.start()
    seen: list[Any] = []

    def poll() -> bool:
        after = seen[-1]["id"] if seen else start
        seen.extend(events(api, f"order=asc&after={after}&limit=7")["data"])
        delivered = {event["data"].get("email_id") for event in seen if event["type"] == "email.delivered"}
        return not sender.is_alive() and delivered >= set(sent)

    eventually(poll, "everything was seen", every=0.005)
    sender.join()
    ids = [event["id"] for event in seen]
    assert ids == sorted(set(ids), key=lambda id: int(id[4:]))
    downwards = events(api, f"before={start}&limit=1000")["data"]
    assert [event["id"] for event in downwards[::-1]][: len(ids)] == ids


def test_a_restricted_key_sees_its_domains_only(api: Api) -> None:
    api.gateway.add_domain("third.test")
    key = api.gateway.ask("key", "create", "third", "--dialect", "resend", "--domain", "third.test")["key"]
    id, _ = api.send()
    event = events(api, f"email_id={id}")["data"][-1]
    types = [event["type"] for event in events(api, "", key)["data"]]
    assert types == ["domain.created"]
    assert events(api, f"email_id={id}", key)["data"] == []
    assert events(api, "domain=sender.test", key)["data"] == []
    assert api.get(f"/events/{event['id']}", key).status_code == 404
    mine: str = api.post(fresh(**{"from": "a@third.test"}), key).json()["id"]
    eventually(lambda: events(api, f"email_id={mine}", key)["data"], "its own event is there")


class Reader:
    """A raw client of the stream: headers and bytes as they come."""

    def __init__(self, api: Api, query: str = "", **headers: str) -> None:
        lines = [f"GET /events/stream?{query} HTTP/1.1", "Host: x", f"Authorization: Bearer {api.resend}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket = socket.create_connection(("127.0.0.1", api.gateway.http_port), timeout=20)
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.read = b""

    def __enter__(self) -> Self:
        self.until(b"retry: 3000")
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def until(self, text: bytes) -> None:
        while text not in self.read:
            piece = self.socket.recv(65536)
            assert piece, self.read[-500:]
            self.read += piece

    @property
    def events(self) -> list[Any]:
        lines = self.read.replace(b"\r\n", b"\n").split(b"\n")
        return [json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: ")]


def test_who_was_told_of_nothing_yet_can_go_on_too(api: Api) -> None:
    with Reader(api, "type=email.bounced") as reader:
        reader.until(b"\n\n")
        [place] = [line for line in reader.read.split(b"\n") if line.startswith(b"id: ")]
    id, _ = api.send()  # while nobody reads
    with Reader(api, Last_Event_ID=place.removeprefix(b"id: ").decode().strip()) as again:
        again.until(id.encode())


def test_a_stream_is_live_and_resumes(api: Api) -> None:
    with Reader(api, "type=email.delivered") as reader:
        id, _ = api.send()
        reader.until(id.encode())
        reader.until(b"}\n\n")
        [event] = [event for event in reader.events if event["data"]["email_id"] == id]
        assert event["type"] == "email.delivered"
        assert f"id: {event['id']}\nevent: email.delivered\n".encode() in reader.read
    missed = [api.send()[0] for _ in range(3)]
    with Reader(api, "type=email.delivered", Last_Event_ID=event["id"]) as again:
        for id in missed:
            again.until(id.encode())
    assert api.get("/events/stream?after=nonsense").status_code == 422


def test_streams_are_bounded(api: Api) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(stream.PER_KEY):
            stack.enter_context(Reader(api))
        answer = api.get("/events/stream")
        assert (answer.status_code, answer.json()["name"]) == (429, "rate_limit_exceeded")
        assert "retry-after" in answer.headers

    def opens() -> bool:
        headers = {"authorization": f"Bearer {api.resend}"}
        with httpx.stream("GET", f"{api.gateway.url}/events/stream", headers=headers) as again:
            return again.status_code == 200

    eventually(opens, "there is room again")


def test_a_revoked_key_reads_no_more(api: Api) -> None:
    made = api.gateway.ask("key", "create", "short", "--dialect", "resend")
    with Reader(Api(api.gateway, api.sink, api.client, api.sendkit, made["key"], api.counter)) as reader:
        api.gateway.ask("key", "revoke", made["id"])
        api.send()
        reader.until(b"\r\n0\r\n\r\n")  # the end


@pytest.mark.alone
def test_sigterm_ends_streams_at_once(tmp_path: Path) -> None:
    with DNSServer() as dns:
        gateway = Gateway(tmp_path, nameserver=dns.nameserver, mx_port=free_port())
        gateway.start()
        gateway.add_domain("sender.test")
        headers = {"authorization": f"Bearer {gateway.key}"}
        with httpx.stream("GET", f"{gateway.url}/events/stream", headers=headers, timeout=20) as response:
            pieces = response.iter_raw()
            next(pieces)
            started = time.monotonic()
            assert gateway.stop() == 0
            assert time.monotonic() - started < 4
            assert b"data" not in b"".join(pieces)
        assert "Traceback" not in gateway.log()
