"""A site's window: it grows on success, shrinks on trouble, and a dead site is probed, not hammered."""

from hypothesis import given
from hypothesis import strategies as st

from emailgw.queue.sites import INITIAL_WINDOW, Site, SiteLimits
from tests.harness.mail import NOW

MIDDLE = 0.5  # of the dice: a pause as long as it is called


def site(**limits: int) -> Site:
    return Site(
        "mx.example.test", SiteLimits(**{"sessions": 20, "first_pause": 1000, "longest_pause": 60_000, **limits})
    )


def fill(site: Site, now: int = NOW) -> int:
    """Open sessions while there is room; how many are open then."""
    while site.has_room(now):
        site.active += 1
    return site.active


def test_it_begins_with_a_few_sessions() -> None:
    assert fill(site()) == INITIAL_WINDOW


def test_a_small_limit_holds_from_the_start() -> None:
    assert fill(site(sessions=2)) == 2


def test_it_grows_by_one_a_windowful() -> None:
    grown = site()
    for _ in range(INITIAL_WINDOW + 1):
        grown.succeeded()
    assert grown.window == INITIAL_WINDOW + 1


def test_it_grows_no_further_than_the_limit() -> None:
    grown = site()
    for _ in range(10_000):
        grown.succeeded()
    assert fill(grown) == 20


def test_trouble_halves_it_and_one_session_probes_after_the_pause() -> None:
    troubled = site()
    for _ in range(10_000):
        troubled.succeeded()
    troubled.failed("connection refused", NOW, MIDDLE)
    assert troubled.window == 10
    assert troubled.trouble == "connection refused"
    assert not troubled.has_room(NOW + 999)
    assert fill(troubled, NOW + 1000) == 1
    troubled.succeeded()
    assert troubled.trouble == ""
    assert fill(troubled, NOW + 1000) == 10


def test_the_pause_doubles_up_to_the_longest() -> None:
    dead = site()
    now, pauses = NOW, []
    for _ in range(9):
        dead.failed("no answer", now, MIDDLE)
        pauses.append(dead.resumes_at - now)
        now = dead.resumes_at
    assert pauses == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert dead.window == 1


def test_sessions_that_fail_together_are_one_failure() -> None:
    """Twenty sessions that were open when a site died must not make it rest for hours."""
    dead = site()
    for i in range(20):
        dead.failed("connection lost", NOW + i, MIDDLE)
    assert dead.resumes_at == NOW + 1000


def test_the_operator_ends_a_pause() -> None:
    dead = site()
    dead.failed("no answer", NOW, MIDDLE)
    dead.resume()
    assert fill(dead) == 1


def test_dice_spread_a_pause_by_a_fifth() -> None:
    ends = []
    for dice in (0.0, MIDDLE, 0.9999):
        dead = site()
        dead.failed("no answer", NOW, dice)
        ends.append(dead.resumes_at - NOW)
    assert ends == [800, 1000, 1200]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100_000), st.floats(0, 1, exclude_max=True)), max_size=200))
def test_whatever_happens_a_site_is_neither_flooded_nor_given_up(history: list[tuple[bool, int, float]]) -> None:
    lived = site()
    now = NOW
    for good, wait, dice in history:
        now += wait
        if good:
            lived.succeeded()
        else:
            lived.failed("trouble", now, dice)
        assert 1 <= lived.window <= 20
        assert lived.resumes_at <= now + 1.2 * 60_000
        assert lived.has_room(max(now, lived.resumes_at))
