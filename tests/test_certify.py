"""When a certificate is due."""

from emailgw.certify.keep import Held
from emailgw.certify.renewal import DAY, due_at

NAMES = ("a.test", "b.test")
NOW = 1_800_000_000_000


def held(days_old: float, days_left: float, names: tuple[str, ...] = NAMES) -> Held:
    return Held(names, "CN=CA", NOW - int(days_old * DAY), NOW + int(days_left * DAY))


def test_none_is_due_at_once() -> None:
    assert due_at(None, NAMES, 0.5, NOW) == NOW


def test_two_thirds_of_the_lifetime_less_a_little() -> None:
    fresh = held(0, 90)
    assert due_at(fresh, NAMES, 0.0, NOW) == NOW + 60 * DAY
    assert NOW + 57 * DAY <= due_at(fresh, NAMES, 1.0, NOW) < NOW + 58 * DAY
    assert due_at(held(61, 29), NAMES, 0.0, NOW) < NOW
    assert due_at(held(1, 5), NAMES, 0.0, NOW) == NOW + 3 * DAY  # short-lived ones as well


def test_the_servers_advice_goes_before() -> None:
    fresh = held(0, 90)
    assert due_at(fresh, NAMES, 0.0, NOW, NOW - DAY) == NOW - DAY  # it is about to be revoked
    assert due_at(fresh, NAMES, 0.0, NOW, NOW + 65 * DAY) == NOW + 65 * DAY
    assert due_at(fresh, NAMES, 0.0, NOW, NOW + 89 * DAY) == NOW + 75 * DAY  # not so late that a bad week is the end
    assert due_at(None, NAMES, 0.0, NOW, NOW + DAY) == NOW


def test_other_names_or_another_age_are_due_at_once() -> None:
    assert due_at(held(0, 90, ("a.test",)), NAMES, 0.0, NOW) == NOW
    assert due_at(held(0, 90, ("b.test", "a.test")), NAMES, 0.0, NOW) > NOW
    assert due_at(held(-3, 90), NAMES, 0.0, NOW) == NOW  # the clock was set back
