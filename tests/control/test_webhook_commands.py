"""`emailgw webhook`, beside a running daemon and without one."""

from tests.control.test_commands import Operator, operator  # noqa: F401  (fixture)

URL = "https://hooks.test/"


def test_a_webhook_from_add_to_delete(operator: Operator) -> None:  # noqa: F811
    made = operator.json(f"webhook add {URL}a --event email.bounced --tag kind:news --tag any --batch 10")
    assert made["signing_secret"].startswith("whsec_")
    assert (made["events"], made["tags"], made["batch"]) == (["email.bounced"], ["kind:news", "any"], 10)
    assert made["id"] in operator("webhook list").stdout
    [listed] = [one for one in operator.json("webhook list") if one["id"] == made["id"]]
    assert (listed["endpoint"], listed["signing_secret"], listed["pending"]) == (f"{URL}a", None, 0)
    assert operator.json(f"webhook show {URL}a") == made
    assert made["signing_secret"] in operator(f"webhook show {made['id']}").stdout
    for action, status in (("pause", "paused"), ("resume", "enabled"), ("disable", "disabled"), ("enable", "enabled")):
        assert operator.json(f"webhook {action} {URL}a")["status"] == status
    rotated = operator.json(f"webhook rotate {URL}a --grace 1")
    assert rotated["signing_secret"] != made["signing_secret"]
    assert rotated["old_secret_until"] is not None
    assert operator(f"webhook rotate {URL}a --grace 0").stdout.startswith("whsec_")
    assert operator.json(f"webhook delete {URL}a")["id"] == made["id"]
    assert "no webhook" in operator.fails(f"webhook show {URL}a", 1)


def test_events_are_told_again(operator: Operator) -> None:  # noqa: F811
    operator(f"webhook add {URL}b")
    operator(f"webhook pause {URL}b")
    event = operator.json(f"webhook test {URL}b")["id"]
    assert operator(f"webhook test {URL}b").stdout.startswith("evt_")
    assert operator.json(f"webhook show {URL}b")["pending"] >= 2
    assert operator.json(f"webhook replay {URL}b {event}") == {"changed": 1}
    assert operator.json(f"webhook replay {URL}b --since 2026-01-01T00:00:00Z --failed") == {"changed": 0}
    assert operator.json(f"webhook attempts {URL}b --event {event}") == {"attempts": [], "more": None}
    operator(f"webhook attempts {URL}b")
    operator(f"webhook disable {URL}b")
    assert "disabled" in operator.fails(f"webhook test {URL}b", 1)
    assert "disabled" in operator.fails(f"webhook resume {URL}b", 1)
    operator(f"webhook delete {URL}b")


def test_what_cannot_be_done(operator: Operator) -> None:  # noqa: F811
    operator(f"webhook add {URL}c")
    assert "loopback" in operator.fails("webhook add http://127.0.0.1/", 1)
    assert "must have `*`" in operator.fails(f"webhook add {URL}d --event nonsense", 1)
    assert "no event" in operator.fails(f"webhook replay {URL}c nonsense", 1)
    assert "not found" in operator.fails(f"webhook replay {URL}c 999999999", 1)
    assert "ISO 8601" in operator.fails(f"webhook replay {URL}c --since whenever", 1)
    operator.fails(f"webhook replay {URL}c", 64)
    operator.fails("webhook pause", 64)
    operator(f"webhook add {URL}c")
    assert "by its id" in operator.fails(f"webhook show {URL}c", 1)
