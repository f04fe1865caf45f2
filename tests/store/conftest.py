"""The stores that the conformance suite runs against, each as its data directory is opened."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from emailgw.store.open import Store, open_store

DATABASES: dict[str, Callable[[Path], Awaitable[Store]]] = {
    "sqlite": open_store,
}


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Store]:
    opened = runner.run(_open(DATABASES[request.param], tmp_path))
    yield opened
    runner.run(opened.close())


async def _open(opener: Callable[[Path], Awaitable[Store]], data_dir: Path) -> Store:
    return await opener(data_dir)
