"""API keys: the unmodified SDK's calls, both vocabularies, restrictions, rotation, limits and quotas."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.directory_world import World, resend, world  # noqa: F401  (fixtures)
from tests.harness.waiting import eventually

MAIL = {"from": "a@sender.test", "to": "joe@there.test", "subject": "Hello", "text": "Hello.\n"}


def test_every_method_of_the_sdk(world: World, resend: Any) -> None:  # noqa: F811
    made = resend.ApiKeys.create({"name": "of the SDK", "permission": "sending_access"})
    assert made["token"].startswith("re_")
    assert world.call("POST", "/emails", MAIL, key=made["token"]).status_code in (200, 202)
    listed = {key["id"]: key for key in resend.ApiKeys.list()["data"]}
    assert listed[made["id"]]["name"] == "of the SDK"
    assert "token" not in listed[made["id"]]
    assert resend.ApiKeys.update({"id": made["id"], "name": "renamed"})["id"] == made["id"]
    assert world.call("GET", f"/api-keys/{made['id']}").json()["name"] == "renamed"
    assert resend.ApiKeys.remove(made["id"])["deleted"] is True
    assert world.call("POST", "/emails", MAIL, key=made["token"]).status_code == 403
    with pytest.raises(resend.exceptions.ResendError):
        resend.ApiKeys.remove(made["id"])


@pytest.mark.parametrize(
    ("said", "shown"), [("full", "full"), ("full_access", "full"), ("send", "send"), ("sending_access", "send")]
)
def test_both_vocabularies(world: World, said: str, shown: str) -> None:  # noqa: F811
    made = world.call("POST", "/api-keys", {"name": "k", "permission": said})
    assert made.status_code == 201
    assert made.json()["permission"] == shown
    assert len(made.json()["token"]) == 51
    world.call("DELETE", f"/api-keys/{made.json()['id']}")


def test_a_sending_key_only_sends(world: World) -> None:  # noqa: F811
    token = world.call("POST", "/api-keys", {"name": "s", "permission": "send"}).json()["token"]
    answer = world.call("GET", "/api-keys", key=token)
    assert (answer.status_code, answer.json()["name"]) == (401, "restricted_api_key")


def test_a_restricted_key_knows_only_its_domains(world: World) -> None:  # noqa: F811
    world.gateway.add_domain("other.test", world.dns)
    made = world.call("POST", "/api-keys", {"name": "r", "domain": "other.test"}).json()
    token = made["token"]
    assert made["domains"] == ["other.test"]
    assert world.call("POST", "/emails", MAIL, key=token).status_code == 422
    mine = world.call("POST", "/emails", {**MAIL, "from": "a@other.test"}, key=token).json()["id"]
    other = world.call("POST", "/emails", MAIL).json()["id"]
    assert world.call("GET", f"/emails/{mine}", key=token).status_code == 200
    assert world.call("GET", f"/emails/{other}", key=token).status_code == 404
    world.call("POST", "/suppressions", {"email": "everyone@x.test"})
    mine = world.call("POST", "/suppressions", {"email": "one@x.test"}, key=token).json()
    assert mine["domain"] == "other.test"
    assert [entry["email"] for entry in world.call("GET", "/suppressions", key=token).json()["data"]] == ["one@x.test"]
    escalation = world.call("POST", "/api-keys", {"name": "more"}, key=token)
    assert (escalation.status_code, escalation.json()["name"]) == (401, "restricted_api_key")
    assert world.call("POST", "/api-keys", {"name": "n", "domain": "nowhere.test"}).status_code == 422


def test_a_key_expires(world: World) -> None:  # noqa: F811
    past = world.call("POST", "/api-keys", {"name": "e", "expires_at": "2020-01-01T00:00:00Z"})
    assert past.status_code == 422
    made = world.call("POST", "/api-keys", {"name": "e", "expires_at": "2099-01-01 00:00:00"}).json()
    assert made["expires_at"] == "2099-01-01 00:00:00"
    world.call("PATCH", f"/api-keys/{made['id']}", {"expires_at": "2020-01-01T00:00:00Z"})
    answer = world.call("POST", "/emails", MAIL, key=made["token"])
    assert (answer.status_code, answer.json()["name"]) == (401, "invalid_api_key")


def test_rotation_leaves_the_old_token_good_for_a_while(world: World) -> None:  # noqa: F811
    made = world.call("POST", "/api-keys", {"name": "rotated"}).json()
    rotated = world.call("POST", f"/api-keys/{made['id']}/rotate").json()
    assert rotated["token"] != made["token"]
    for token in (made["token"], rotated["token"]):
        assert world.call("GET", "/api-keys", key=token).status_code == 200
    again = world.call("POST", f"/api-keys/{made['id']}/rotate", {"grace": 0}).json()
    assert world.call("GET", "/api-keys", key=rotated["token"]).status_code == 401
    assert world.call("GET", "/api-keys", key=again["token"]).status_code == 200


def test_last_use_is_noted(world: World) -> None:  # noqa: F811
    made = world.call("POST", "/api-keys", {"name": "used"}).json()
    assert made["last_used_at"] is None
    world.call("GET", "/api-keys", key=made["token"])
    eventually(lambda: world.call("GET", f"/api-keys/{made['id']}").json()["last_used_at"])


def test_a_rate_limit(world: World) -> None:  # noqa: F811
    made = world.call("POST", "/api-keys", {"name": "slow", "rate_limit": 2}).json()
    answers = [world.call("GET", "/api-keys", key=made["token"]) for _ in range(8)]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"2"}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["name"] == "rate_limit_exceeded"
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["ratelimit-remaining"] == "0"
    for path in ("/api-keys", "/emails/no-such-email"):
        assert world.call("GET", path).headers["ratelimit-limit"] == "10000"  # the configuration's, on errors too
    free = world.call("POST", "/api-keys", {"name": "free", "rate_limit": 0}).json()
    assert "ratelimit-limit" not in world.call("GET", "/api-keys", key=free["token"]).headers


def test_quotas_survive_a_restart(tmp_path: Path) -> None:
    with World(tmp_path, limits={"recipients_per_day": 3}) as world:  # noqa: F811
        two = {**MAIL, "to": ["a@there.test", "b@there.test"]}
        assert world.call("POST", "/emails", two).status_code in (200, 202)
        refused = world.call("POST", "/emails", two)
        assert (refused.status_code, refused.json()["name"]) == (429, "daily_quota_exceeded")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        world.gateway.stop()
        world.gateway.start()
        assert world.call("POST", "/emails", two).status_code == 429
        assert world.call("POST", "/emails", MAIL).status_code in (200, 202)
        assert world.call("POST", "/emails", MAIL).status_code == 429
        key = world.call("POST", "/api-keys", {"name": "q", "daily_quota": 0, "monthly_quota": 1}).json()
        assert world.call("POST", "/emails", two, key=key["token"]).json()["name"] == "monthly_quota_exceeded"
