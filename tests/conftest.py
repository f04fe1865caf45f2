"""What all tests share: coroutines as tests, and hypothesis without deadlines (a busy machine is no fault of theirs).

A test that is a coroutine function runs on uvloop, as in production; on the loop of the `runner` fixture if it uses it.
"""

import asyncio
import inspect
from collections.abc import Iterator

import pytest
import uvloop
from hypothesis import settings

LONGEST = 60  # seconds for one coroutine

settings.register_profile("emailgw", deadline=None, derandomize=True, database=None)
settings.load_profile("emailgw")


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
