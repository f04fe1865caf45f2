"""What all tests share: coroutines as tests, and hypothesis without deadlines (a busy machine is no fault of theirs).

A test that is a coroutine function runs on uvloop, as in production; on the loop of the `runner` fixture if it uses it.
"""

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from hypothesis import settings

LONGEST = 60  # seconds for one coroutine
PACKAGING = Path(__file__).parent / "packaging"
MOST_WORKERS = 8  # each with programs that it has started

settings.register_profile("emailgw", deadline=None, derandomize=True, database=None)
settings.load_profile("emailgw")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `--numprocesses auto`: three on two cores, for tests wait a third of their time and more."""
    wanted = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(wanted) if wanted else min(max(2, 3 * (os.cpu_count() or 1) // 2), MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is built for minutes is begun first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: not item.path.is_relative_to(PACKAGING))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop that outlives the test's coroutine, for fixtures that live on it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames

    async def bounded() -> None:
        async with asyncio.timeout(LONGEST):
            await pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})

    runner = pyfuncitem.funcargs.get("runner")
    if isinstance(runner, asyncio.Runner):
        runner.run(bounded())
    else:
        uvloop.run(bounded())
    return True
