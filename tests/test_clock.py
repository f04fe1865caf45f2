"""The clock: small corrections are followed, leaps are not."""

import pytest

from emailgw.clock import Clock

START = 1_800_000_000_000  # milliseconds
HOUR = 3_600_000
YEAR = 365 * 24 * HOUR


class Machine:
    """Two clocks that a test sets, in milliseconds: the wall's and the monotonic one."""

    def __init__(self) -> None:
        self.wall = START
        self.monotonic = 5_000
        self.clock = Clock(lambda: self.wall * 1_000_000, lambda: self.monotonic * 1_000_000)

    def pass_time(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.monotonic += milliseconds


def test_it_starts_with_the_wall_and_runs_on() -> None:
    machine = Machine()
    assert machine.clock() == START
    machine.pass_time(1234)
    assert machine.clock() == START + 1234
    assert machine.clock.leap == 0


@pytest.mark.parametrize("step", [-HOUR, -2000, -2, 2, 2000, HOUR])
def test_a_correction_is_followed(step: int) -> None:
    machine = Machine()
    machine.wall += step
    assert machine.clock() == START + step
    assert machine.clock.leap == 0


@pytest.mark.parametrize("leap", [-30 * YEAR, -HOUR - 1000, HOUR + 1000, 30 * YEAR])
def test_a_leap_is_told_of_and_not_followed(leap: int) -> None:
    machine = Machine()
    machine.wall += leap
    assert machine.clock() == START
    assert machine.clock.leap == leap
    machine.pass_time(500)
    assert machine.clock() == START + 500


def test_a_wall_that_comes_back_is_followed_again() -> None:
    machine = Machine()
    machine.wall += YEAR
    machine.pass_time(1000)
    assert machine.clock() == START + 1000
    machine.wall -= YEAR - 300
    assert machine.clock() == START + 1300
    assert machine.clock.leap == 0


def test_corrections_may_add_up() -> None:
    """A wall that drifts is never far away at one look, so it is never a leap."""
    machine = Machine()
    for _ in range(10):
        machine.pass_time(1000)
        machine.wall += HOUR // 2
        machine.clock()
    assert machine.clock() == machine.wall
