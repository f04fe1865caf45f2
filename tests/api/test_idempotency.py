"""The same request twice has one effect: side by side, one after the other, and across a kill."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import resend

from tests.api.conftest import Api, fresh
from tests.harness.dns import DNSServer
from tests.harness.gateway import Gateway
from tests.harness.ports import free_port

PATHS = {"/emails": fresh(), "/emails/batch": [fresh(), fresh()], "/emails/bulk": [fresh(), fresh(to="nobody")]}


def key(name: str) -> dict[str, Any]:
    return {"idempotency-key": name}


@pytest.mark.parametrize("path", PATHS)
def test_the_same_again_is_answered_again(api: Api, path: str) -> None:
    first = api.post(PATHS[path], path=path, **key(f"again {path}"))
    assert first.is_success
    before = api.queued()
    second = api.post(PATHS[path], path=path, **key(f"again {path}"))
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert api.queued() == before


def test_the_order_of_keys_says_nothing(api: Api) -> None:
    body = fresh()
    first = api.post(body, **key("order"))
    assert api.post(dict(reversed(body.items())), **key("order")).json() == first.json()


def test_another_request_under_the_same_key(api: Api) -> None:
    assert api.post(fresh(), **key("other")).status_code == 200
    for content, path in ((fresh(subject="Other"), "/emails"), ([fresh()], "/emails/batch")):
        answer = api.post(content, path=path, **key("other"))
        assert answer.status_code == 409
        assert answer.json()["name"] == "invalid_idempotent_request"


def test_keys_belong_to_their_owner(api: Api) -> None:
    first = api.post(fresh(), api.resend, **key("mine")).json()["id"]
    assert api.post(fresh(), api.sendkit, **key("mine")).json()["id"] != first


def test_what_is_refused_is_not_remembered(api: Api) -> None:
    assert api.post(fresh(to="nobody"), **key("refused")).status_code == 422
    assert api.post(fresh(), **key("refused")).status_code == 200


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_key_that_is_none(api: Api, name: str) -> None:
    answer = api.post(fresh(), **key(name))
    assert (answer.status_code, answer.json()["name"]) == (400, "invalid_idempotency_key")


def test_the_longest_key(api: Api) -> None:
    assert api.post(fresh(), **key("x" * 256)).status_code == 200


def test_the_resend_client_sends_its_key(api: Api) -> None:
    before = resend.api_key, resend.api_url
    resend.api_key, resend.api_url = api.resend, api.gateway.url
    try:
        params: Any = fresh(to=["joe@example.test"])
        ids = {resend.Emails.send(params, {"idempotency_key": "client"})["id"] for _ in range(3)}
        assert len(ids) == 1
        params["subject"] = "Other"
        with pytest.raises(resend.exceptions.ResendError) as caught:
            resend.Emails.send(params, {"idempotency_key": "client"})
        assert caught.value.error_type == "invalid_idempotent_request"
    finally:
        resend.api_key, resend.api_url = before


def test_fifty_racing_requests_make_one_message(api: Api) -> None:
    before = api.queued()
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: api.post(fresh(), **key("race")), range(50)))
    taken = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.json()["id"] for answer in taken}) == 1
    late = {(answer.status_code, answer.json()["name"]) for answer in answers if answer not in taken}
    assert late <= {(409, "concurrent_idempotent_requests")}
    assert api.queued() == before + 1


def test_a_kill_in_the_middle_of_the_race(tmp_path: Path) -> None:
    """A client that repeats until it is answered gets each of its messages accepted once, whatever dies meanwhile."""
    names = [f"order-{number}" for number in range(60)]
    with DNSServer() as dns:
        settings = {"queue": {"retry": ["1h"]}}
        with Gateway(tmp_path, nameserver=dns.nameserver, mx_port=free_port(), settings=settings) as gateway:
            gateway.add_domain("sender.test", dns)

            def send(name: str) -> tuple[str, str] | None:
                try:
                    answer = gateway.post(fresh(subject=name, scheduled_at="in 2 days"), headers=key(name))
                except httpx.TransportError:
                    return None
                return (name, answer.json()["id"]) if answer.status_code == 202 else None

            answered: dict[str, set[str]] = {name: set() for name in names}
            for _ in range(3):
                with ThreadPoolExecutor(16) as threads:
                    futures = [threads.submit(send, name) for name in names for _ in range(3)]
                    for future in futures[: len(futures) // 2]:
                        future.result()
                    gateway.kill()
                    for future in futures:
                        if result := future.result():
                            answered[result[0]].add(result[1])
                gateway.start()
            for name in names:
                result = send(name)
                assert result is not None
                answered[name].add(result[1])
            assert {name: ids for name, ids in answered.items() if len(ids) != 1} == {}
            found = gateway.ask("queue", "list", "--limit", "1000")["recipients"]
            assert len(found) == len(names)
