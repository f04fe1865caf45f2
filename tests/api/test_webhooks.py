"""`/webhooks`: the unmodified SDK's calls, what only raw HTTP can do, and what is refused."""

import base64
import inspect
from typing import Any

import pytest

from tests.api.directory_world import World, resend, world  # noqa: F401  (fixtures)
from tests.harness.waiting import eventually

NOBODY = "0191c2b0-0000-7000-8000-000000000000"
URL = "https://hooks.there.test/in?x=1"


def make(world: World, **fields: Any) -> Any:  # noqa: F811
    answer = world.call("POST", "/webhooks", {"endpoint": URL, "events": ["*"], **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def post(world: World, path: str, body: Any = None, status: int = 200) -> Any:  # noqa: F811
    answer = world.call("POST", path, body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_every_method_of_the_sdk(resend: Any) -> None:  # noqa: F811
    hooks = resend.Webhooks
    made = hooks.create({"endpoint": URL, "events": ["email.sent", "email.bounced", "contact.created"]})
    assert made["object"] == "webhook"
    assert len(base64.b64decode(made["signing_secret"].removeprefix("whsec_"), validate=True)) == 32
    shown = hooks.get(made["id"])
    assert (shown["signing_secret"], shown["endpoint"], shown["status"]) == (made["signing_secret"], URL, "enabled")
    assert shown["events"] == ["email.sent", "email.bounced", "contact.created"]
    [listed] = [one for one in hooks.list({"limit": 100})["data"] if one["id"] == made["id"]]
    assert "signing_secret" not in listed
    changed = hooks.update({"webhook_id": made["id"], "endpoint": f"{URL}2", "status": "disabled"})
    assert (changed["object"], changed["id"]) == ("webhook", made["id"])
    shown = hooks.get(made["id"])
    assert (shown["endpoint"], shown["status"], shown["events"][0]) == (f"{URL}2", "disabled", "email.sent")
    assert hooks.list_events(made["id"], {"limit": 5})["data"] == []
    hooks.update({"webhook_id": made["id"], "status": "enabled", "events": ["webhook.enabled"]})
    rotated = hooks.rotate_signing_secret(made["id"])
    assert rotated["signing_secret"] != made["signing_secret"]
    assert hooks.get(made["id"])["signing_secret"] == rotated["signing_secret"]
    event = resend.Request(path=f"/webhooks/{made['id']}/test", params={}, verb="post").perform()
    assert event["id"] in [one["id"] for one in hooks.list_events(made["id"])["data"]]
    one = hooks.get_event(made["id"], event["id"])
    assert (one["object"], one["type"], one["payload"]["type"]) == ("webhook_event", "webhook.test", "webhook.test")
    assert one["status"] in ("pending", "attempting", "failed")
    assert hooks.replay_event(made["id"], event["id"])["id"] == event["id"]
    assert hooks.list_event_attempts(made["id"], event["id"], {"limit": 5})["object"] == "list"
    assert hooks.remove(made["id"])["deleted"] is True
    with pytest.raises(resend.exceptions.ResendError, match="not found"):
        hooks.get(made["id"])
    called = {"create", "get", "list", "update", "remove", "rotate_signing_secret", "verify"}
    called |= {"list_events", "get_event", "replay_event", "list_event_attempts"}
    names = {name for name, method in inspect.getmembers(hooks, callable) if name[0].islower() and "async" not in name}
    assert names == called


def test_what_is_ours(world: World) -> None:  # noqa: F811
    made = make(
        world,
        events=["bounced", "domain.verified", "bounced"],
        domains=["Sender.test"],
        tags=[{"name": "kind", "value": "test"}, {"name": "any"}],
        dialect="resend",
        batch=100,
        description="for billing",
    )
    assert made["events"] == ["email.bounced", "domain.verified"]
    assert made["domains"] == ["sender.test"]
    assert made["tags"] == [{"name": "kind", "value": "test"}, {"name": "any", "value": None}]
    assert (made["dialect"], made["batch"], made["description"]) == ("resend", 100, "for billing")
    assert make(world)["dialect"] == "sendkit"  # as the key's
    path = f"/webhooks/{made['id']}"
    edited = world.call("PATCH", path, {"tags": [], "batch": 1}).json()
    assert (edited["tags"], edited["batch"], edited["domains"]) == ([], 1, ["sender.test"])
    assert world.call("PATCH", path, {}).json()["batch"] == 1
    assert world.call("GET", path).json()["pending"] == 0
    world.call("DELETE", path)


def test_both_secrets_sign_for_a_while(world: World) -> None:  # noqa: F811
    path = f"/webhooks/{make(world)['id']}"
    assert post(world, f"{path}/signing-secret/rotate")["old_secret_until"] is not None
    assert post(world, f"{path}/signing-secret/rotate", {"grace": 0})["old_secret_until"] is None
    post(world, f"{path}/signing-secret/rotate", {"grace": -1}, 422)


def test_its_status_is_an_event(world: World) -> None:  # noqa: F811
    id = make(world)["id"]
    path = f"/webhooks/{id}"
    paused = post(world, f"{path}/pause")
    assert (paused["status"], paused["state"], paused["reason"]) == ("disabled", "paused", "paused by the API")
    assert post(world, f"{path}/resume")["state"] == "enabled"
    assert post(world, f"{path}/disable")["state"] == "disabled"
    assert "enable it" in post(world, f"{path}/resume", status=422)["message"]
    for verb in ("test", "replay"):
        body = {"since": "2026-01-01"} if verb == "replay" else None
        assert "disabled" in post(world, f"{path}/{verb}", body, 422)["message"]
    assert post(world, f"{path}/enable")["reason"] is None
    post(world, f"{path}/enable")  # as it is
    events = world.call("GET", "/events?type=webhook.paused,webhook.enabled,webhook.disabled").json()["data"]
    types = [event["type"] for event in events if event["data"]["id"] == id]
    assert types == ["webhook.enabled", "webhook.disabled", "webhook.enabled", "webhook.paused"]
    assert events[0]["data"]["endpoint"] == URL


def test_events_are_told_again(world: World) -> None:  # noqa: F811
    path = f"/webhooks/{make(world, events=['domain.deleted'])['id']}"
    post(world, f"{path}/pause")  # nobody shall try meanwhile
    ids = [post(world, f"{path}/test")["id"] for _ in range(5)]

    def pages(query: str) -> Any:
        return world.call("GET", f"{path}/events?{query}").json()

    shown = eventually(lambda: (found := pages("limit=3"))["data"][2:] and found, "they are there")
    assert [one["id"] for one in shown["data"]] == ids[:1:-1]
    assert shown["has_more"] is True
    rest = pages(f"limit=3&after={ids[2]}")
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (ids[1::-1], False)
    assert [one["id"] for one in pages(f"limit=2&before={ids[1]}")["data"]] == ids[3:1:-1]
    assert [one["id"] for one in pages("page=2&per_page=2")["data"]] == ids[2:0:-1]
    assert {"links", "meta"} <= set(shown)
    one = world.call("GET", f"{path}/events/{ids[0]}").json()
    assert (one["status"], one["attempts"], one["payload"]["data"]["endpoint"]) == ("pending", 0, URL)
    assert world.call("GET", f"{path}/events/{ids[0]}/attempts").json()["data"] == []
    assert post(world, f"{path}/replay", {"since": "2026-01-01", "failed_only": True})["replayed"] == 0
    # One that it was never told of.
    other = make(world)["id"]
    newest = world.call("GET", "/events?type=domain.created").json()["data"][0]["id"]
    post(world, f"{path}/events/{newest}/replay")
    assert world.call("GET", f"{path}/events/{newest}").json()["type"] == "domain.created"
    post(world, f"/webhooks/{other}/events/{ids[0]}/replay", status=404)  # a test is for one only
    for nothing in (f"{path}/events/evt_999999999", f"{path}/events/x", f"/webhooks/{NOBODY}/events"):
        assert world.call("GET", nothing).status_code == 404


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1/x", "loopback"),
        ("http://[::1]:8080/", "loopback"),
        ("https://10.1.2.3/", "private"),
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://[::ffff:192.168.0.1]/", "private"),
        ("ftp://there.test/", "https://"),
        ("there.test", "https://"),
        ("https://user:word@there.test/", "user name"),
        ("https://there.test:99999/", "not a valid URL"),
        ("https://there.test/a b", "blanks"),
        ("https:///x", "https://"),
        ("https://there.test/" + "x" * 2_000, "longer"),
    ],
)
def test_urls_that_are_refused(world: World, url: str, words: str) -> None:  # noqa: F811
    answer = world.call("POST", "/webhooks", {"endpoint": url, "events": ["*"]})
    assert answer.status_code == 422
    assert words in answer.json()["message"]
    path = f"/webhooks/{make(world)['id']}"
    assert world.call("PATCH", path, {"endpoint": url}).status_code == 422
    assert world.call("GET", path).json()["endpoint"] == URL


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"endpoint": None}, "missing_required_field"),
        ({"events": None}, "missing_required_field"),
        ({"events": []}, "invalid_parameter"),
        ({"events": ["email.snet"]}, "invalid_parameter"),
        ({"events": ["*"] * 101}, "validation_error"),
        ({"events": "*"}, "validation_error"),
        ({"status": "paused"}, "invalid_parameter"),
        ({"status": "disabled"}, "invalid_parameter"),
        ({"batch": 0}, "invalid_parameter"),
        ({"batch": 101}, "invalid_parameter"),
        ({"dialect": "klingon"}, "invalid_parameter"),
        ({"domains": ["not a domain"]}, "validation_error"),
        ({"tags": [{"name": ""}]}, "validation_error"),
        ({"description": "x" * 256}, "validation_error"),
    ],
)
def test_what_is_wrong_is_said(world: World, fields: Any, name: str) -> None:  # noqa: F811
    answer = world.call("POST", "/webhooks", {"endpoint": URL, "events": ["*"], **fields})
    assert (answer.status_code, answer.json()["name"]) == (422, name), answer.text


@pytest.mark.parametrize("body", [{}, {"since": "whenever"}, {"since": "2026-01-01", "until": "x"}, {"since": 1}])
def test_a_range_that_is_none(world: World, body: Any) -> None:  # noqa: F811
    post(world, f"/webhooks/{make(world)['id']}/replay", body, 422)


def test_what_it_was_told_by_status(world: World) -> None:  # noqa: F811
    path = f"/webhooks/{make(world)['id']}"
    post(world, f"{path}/pause")

    def ids(query: str = "") -> list[str]:
        return [line["id"] for line in world.call("GET", f"{path}/events{query}").json()["data"]]

    waiting = eventually(ids, "it is to be told that it is paused")
    assert ids("?status=pending") == waiting
    for status in ("attempting", "success", "failed"):
        assert ids(f"?status={status}") == []
    refused = world.call("GET", f"{path}/events?status=delivered")
    assert (refused.status_code, refused.json()["name"]) == (422, "invalid_parameter")
    assert "`pending`, `success`, `failed`, `attempting`" in refused.json()["message"]


def test_lists_in_both_manners(world: World) -> None:  # noqa: F811
    for _ in range(3):
        make(world)
    first = world.call("GET", "/webhooks?limit=2").json()
    second = world.call("GET", f"/webhooks?limit=2&after={first['data'][-1]['id']}").json()
    assert first["has_more"] is True
    assert world.call("GET", "/webhooks?page=2&per_page=2").json()["data"] == second["data"]


def test_a_restricted_key_has_none(world: World) -> None:  # noqa: F811
    id = make(world)["id"]
    restricted = world.gateway.ask("key", "create", "mine", "--domain", "sender.test")["key"]
    sending = world.gateway.ask("key", "create", "sends", "--permission", "sending")["key"]
    for key in (restricted, sending):
        for method, path in (("GET", "/webhooks"), ("POST", "/webhooks"), ("GET", f"/webhooks/{id}"),
                             ("DELETE", f"/webhooks/{id}"), ("POST", f"/webhooks/{id}/test")):  # fmt: skip
            answer = world.call(method, path, key=key)
            assert (answer.status_code, answer.json()["name"]) == (401, "restricted_api_key")
