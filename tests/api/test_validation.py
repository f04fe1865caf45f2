"""`POST /emails/validate`: what is said of addresses, from their text and their domain's DNS alone."""

import pytest

from tests.api.directory_world import World, world  # noqa: F401  (fixture)

CASES = [
    ("joe.miller@there.test", "HIGH", {}, None),
    ("postmaster@there.test", "HIGH", {"is_role_address": "YES"}, None),
    ("joe@nowhere.invalid", "LOW", {"has_valid_dns": "NO", "mailbox_exists": "NO"}, "does not accept mail"),
    ("joe@null.test", "LOW", {"has_valid_dns": "NO"}, "does not accept mail"),
    ("not an address", "LOW", {"has_valid_syntax": "NO"}, "not valid"),
    ("xkq7v9zt2p@there.test", "LOW", {"is_random_input": "YES"}, None),
    ("joe@mailinator.com", "LOW", {"is_disposable": "YES"}, ""),
]


@pytest.mark.parametrize(("email", "valid", "expected", "reason"), CASES)
def test_what_is_said(world: World, email: str, valid: str, expected: dict[str, str], reason: str | None) -> None:  # noqa: F811
    world.dns.null_mx("null.test")
    answer = world.call("POST", "/emails/validate", {"email": email})
    assert answer.status_code == 200
    said = answer.json()
    assert said["is_valid"] == valid, said
    assert said["evaluations"].items() >= expected.items()
    assert said["should_block"] is (reason is not None)
    assert (reason or "") in (said["block_reason"] or "")


def test_a_slip_is_noticed(world: World) -> None:  # noqa: F811
    said = world.call("POST", "/emails/validate", {"email": "joe@gmial.com"}).json()
    assert said["did_you_mean"] == "joe@gmail.com"
    assert world.call("POST", "/emails/validate", {}).status_code == 422
