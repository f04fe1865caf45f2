"""A queue of its own for each test."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.queue.world import World


@pytest.fixture
def world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    opened = runner.run(World.open(tmp_path))
    yield opened
    runner.run(opened.close())
