"""How fast an endpoint is served: the window, the rests, and what counts as an outage."""

import pytest

from emailgw.webhooks.pace import FIRST, FIRST_REST, LONGEST_REST, SEVERAL, Pace

NOW = 1_000_000
OUTAGE = 5_000


def proven(most: int = 100) -> Pace:
    """One that has served its endpoint before."""
    pace = Pace(most, OUTAGE)
    pace.succeeded(NOW)
    return pace


def test_the_window_grows_with_each_success_up_to_its_most() -> None:
    pace = Pace(FIRST + 2)
    assert pace.window == FIRST
    seen = []
    for _ in range(4):
        pace.succeeded(NOW)
        seen.append(pace.window)
    assert seen == [FIRST + 1, FIRST + 2, FIRST + 2, FIRST + 2]


def test_the_window_is_never_more_than_the_operator_allows() -> None:
    assert Pace(1).window == 1


@pytest.mark.parametrize("taken", [True, False])
def test_rests_double_and_end_with_an_answer(taken: bool) -> None:
    pace, now, rests = Pace(100), NOW, []
    for _ in range(9):
        pace.unanswered(now, now)
        rests.append(pace.rests_until - now)
        now = pace.rests_until
    assert rests[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert rests[-2:] == [LONGEST_REST, LONGEST_REST]
    assert pace.window == 1
    if taken:
        pace.succeeded(now)
    else:
        pace.refused("msg_1", False, now, 0)
    pace.unanswered(now, now)
    assert pace.rests_until - now == FIRST_REST


def test_what_failed_beside_the_first_tells_nothing_new() -> None:
    pace = Pace(100)
    pace.unanswered(NOW, NOW + 10)
    until = pace.rests_until
    for _ in range(20):
        pace.unanswered(NOW, NOW + 20)  # began before the first failed
    assert pace.rests_until == until


@pytest.mark.parametrize(("overloaded", "window"), [(True, FIRST // 2), (False, FIRST)])
def test_only_one_that_has_too_much_to_do_gets_less(overloaded: bool, window: int) -> None:
    pace = Pace(100)
    pace.refused("msg_1", overloaded, NOW, 0)
    assert pace.window == window
    assert pace.rests_until <= NOW


def test_it_rests_as_long_as_it_asked_to() -> None:
    pace = Pace(100)
    pace.refused("msg_1", True, NOW, 90_000)
    pace.refused("msg_2", True, NOW, 30_000)
    assert pace.rests_until == NOW + 90_000
    for number in range(10):
        pace.refused(f"msg_{number}", True, NOW, 0)
    assert pace.window == 1


def test_the_first_success_of_all_may_follow_an_outage_that_nobody_saw() -> None:
    pace = Pace(100, OUTAGE)
    assert pace.succeeded(NOW)
    assert not pace.succeeded(NOW)


@pytest.mark.parametrize(("lasted", "counts"), [(OUTAGE, True), (OUTAGE - 1, False)])
def test_an_outage_counts_when_it_lasted(lasted: int, counts: bool) -> None:
    pace = proven()
    pace.unanswered(NOW, NOW + 100)
    pace.unanswered(NOW + 2000, NOW + 2100)
    assert pace.succeeded(NOW + lasted) is counts


def test_too_much_to_do_is_an_outage() -> None:
    pace = proven()
    pace.refused("msg_1", True, NOW, 0)
    assert pace.succeeded(NOW + OUTAGE)


def test_one_refused_again_and_again_is_none() -> None:
    pace = proven()
    for _ in range(10):
        pace.refused("msg_1", False, NOW, 0)
    assert not pace.succeeded(NOW + OUTAGE)


def test_several_refused_in_a_row_are_one() -> None:
    pace = proven()
    for number in range(SEVERAL):
        pace.refused(f"msg_{number}", False, NOW, 0)
    assert pace.succeeded(NOW + OUTAGE)
    for number in range(SEVERAL - 1):
        pace.refused(f"msg_{number}", False, NOW, 0)
    assert not pace.succeeded(NOW + 2 * OUTAGE)
