"""Ports of test processes that run side by side."""

import pytest

from tests.harness.ports import HIGHEST, LOWEST, free_port, ports_of


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_each_port_is_of_one_worker(workers: int) -> None:
    theirs = [port for number in range(workers) for port in ports_of(f"gw{number}", workers)]
    assert sorted(theirs) == list(range(LOWEST, HIGHEST + 1))


def test_who_runs_alone_has_all_and_who_replaces_a_worker_has_those_of_one() -> None:
    assert ports_of("", 1) == range(LOWEST, HIGHEST + 1)
    assert ports_of("gw5", 4) == ports_of("gw1", 4)


def test_no_port_is_given_again_soon() -> None:
    given = [free_port() for _ in range(500)]
    assert len(set(given)) == len(given)
