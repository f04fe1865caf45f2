"""The retry schedule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.retry import RetryPolicy

NOW = 1_800_000_000_000


@pytest.mark.parametrize(("tries", "wait"), [(0, 10), (1, 10), (2, 20), (3, 30), (4, 30), (1000, 30)])
def test_the_last_wait_repeats(tries: int, wait: int) -> None:
    assert RetryPolicy((10, 20, 30), jitter=0).next_due(tries, NOW, 0.7) == NOW + wait


@pytest.mark.parametrize(("dice", "wait"), [(0.0, 800), (0.5, 1000), (0.999999, 1200)])
def test_jitter_spreads_both_ways(dice: float, wait: int) -> None:
    assert RetryPolicy((1000,), jitter=0.2).next_due(1, NOW, dice) == NOW + wait


@given(
    st.lists(st.integers(0, 10**9), min_size=1),
    st.floats(0, 0.99),
    st.integers(-5, 10**6),
    st.floats(0, 1, exclude_max=True),
)
def test_a_wait_never_lies_in_the_past(schedule: list[int], jitter: float, tries: int, dice: float) -> None:
    due = RetryPolicy(tuple(schedule), jitter).next_due(tries, NOW, dice)
    assert NOW <= due <= NOW + 2 * max(schedule) + 1


@pytest.mark.parametrize(("schedule", "jitter"), [((), 0.2), ((-1,), 0.2), ((1,), 1.0), ((1,), -0.1)])
def test_a_policy_that_makes_no_sense_is_refused(schedule: tuple[int, ...], jitter: float) -> None:
    with pytest.raises(ValueError, match=r"schedule|jitter"):
        RetryPolicy(schedule, jitter)
