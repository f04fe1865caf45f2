"""Suppressions: the unmodified SDK's calls, raw HTTP CSV, and the entries that mail itself makes."""

from typing import Any

import pytest

from tests.api.directory_world import World, resend, world  # noqa: F401  (fixtures)
from tests.harness.sink import Say
from tests.harness.waiting import eventually


def test_every_method_of_the_sdk(world: World, resend: Any) -> None:  # noqa: F811
    added = resend.Suppressions.add({"email": "Joe@There.Test"})
    assert added["object"] == "suppression"
    assert resend.Suppressions.get(added["id"])["email"] == "joe@there.test"
    assert resend.Suppressions.get("joe@there.test")["origin"] == "manual"
    assert [one["id"] for one in resend.Suppressions.list({"origin": "manual", "limit": 1})["data"]] == [added["id"]]
    assert resend.Suppressions.remove("JOE@there.test")["deleted"] is True
    with pytest.raises(resend.exceptions.ResendError, match="not found"):
        resend.Suppressions.get(added["id"])
    batch = resend.Suppressions.Batch.add({"emails": ["a@b.test", "c@d.test"]})
    assert len(batch["data"]) == 2
    for names in ({"emails": ["A@b.test"]}, {"ids": [batch["data"][1]["id"]]}):
        assert [one["deleted"] for one in resend.Suppressions.Batch.remove(names)["data"]] == [True]


def test_adding_again_answers_with_the_entry_that_is_there(world: World) -> None:  # noqa: F811
    first = world.call("POST", "/suppressions", {"email": "Twice@There.test"})
    again = world.call("POST", "/suppressions", {"email": "twice@there.test"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert again.json()["reason"] == "manual"
    assert world.call("DELETE", "/suppressions/twice%40there.test").json()["deleted"] is True


def test_lists_in_both_manners(world: World) -> None:  # noqa: F811
    emails = [f"p{number}@pages.test" for number in range(5)]
    assert world.call("POST", "/suppressions/batch/add", {"emails": emails}).status_code == 200
    first = world.call("GET", "/suppressions?limit=2").json()
    assert first["has_more"] is True
    second = world.call("GET", f"/suppressions?limit=2&after={first['data'][-1]['id']}").json()
    back = world.call("GET", f"/suppressions?limit=2&before={second['data'][0]['id']}").json()
    assert back["data"] == first["data"]
    pages = world.call("GET", "/suppressions?page=2&per_page=2").json()
    assert pages["data"] == second["data"]
    assert pages["meta"]["total"] == 5
    removed = world.call("POST", "/suppressions/batch/remove", {"emails": emails}).json()
    assert len(removed["data"]) == 5


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('email;reason;cause\r\none@form.test;bounce;"said: no, never; not"\r\n', "bounce"),
        ("\ufeffRecipient\tReason\none@form.test\tcomplaint\n", "complaint"),
        ('"Email Address","Cause"\n"one@form.test","two\nlines; and one"\n', "manual"),
        ("\r\nEmail\r\n\r\none@form.test", "manual"),
    ],
    ids=["semicolons", "tabs and a byte order mark", "quotes", "empty lines"],
)
def test_csv_of_spreadsheets_and_other_services(world: World, table: str, reason: str) -> None:  # noqa: F811
    answer = world.call("POST", "/suppressions/import", content=table, headers={"content-type": "text/csv"})
    assert answer.json() == {"object": "import", "read": 1, "added": 1}
    assert world.call("GET", "/suppressions/one@form.test").json()["reason"] == reason
    world.call("DELETE", "/suppressions/one@form.test")


def test_csv_in_and_out(world: World) -> None:  # noqa: F811
    table = 'email,reason,cause\r\nX@csv.test,bounce,"550, no"\r\ny@csv.test,,=1+1\r\n'
    answer = world.call("POST", "/suppressions/import", content=table, headers={"content-type": "text/csv"})
    assert answer.json() == {"object": "import", "read": 2, "added": 2}
    out = world.call("GET", "/suppressions/export")
    assert out.headers["content-type"].startswith("text/csv")
    assert 'x@csv.test,bounce,,"550, no",' in out.text
    assert "y@csv.test,manual,,'=1+1," in out.text
    again = world.call("POST", "/suppressions/import", content=out.content)
    assert again.json()["added"] == 0
    bad = world.call("POST", "/suppressions/import", content="a@csv.test\nnonsense\n")
    assert bad.status_code == 422
    assert "line 2" in bad.json()["message"]
    world.call("POST", "/suppressions/batch/remove", {"emails": ["x@csv.test", "y@csv.test"]})


@pytest.mark.parametrize("body", [{}, {"email": "nobody"}, {"email": "a@b.test", "reason": "x"}, {"email": 1}])
def test_what_is_wrong_is_said(world: World, body: Any) -> None:  # noqa: F811
    answer = world.call("POST", "/suppressions", body)
    assert answer.status_code == 422
    assert answer.json()["statusCode"] == 422


def test_a_hard_bounce_suppresses_and_a_full_mailbox_does_not(world: World) -> None:  # noqa: F811
    world.sink.on("RCPT", Say("550 5.1.1 user unknown"), about="nobody@", always=True)
    world.sink.on("RCPT", Say("552 5.2.2 mailbox full"), about="full@", always=True)
    world.gateway.wait_for_state(world.gateway.send("full@there.test"), "bounced")
    world.gateway.wait_for_state(world.gateway.send("nobody@THERE.test"), "bounced")
    entry = eventually(lambda: world.call("GET", "/suppressions/nobody@there.test").json())
    assert entry["reason"] == "bounce"
    assert "user unknown" in entry["cause"]
    assert world.call("GET", "/suppressions/full@there.test").status_code == 404
