"""Waiting on a condition with a deadline: what tests do instead of sleeping."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_pause = threading.Event()


def eventually(probe: Callable[[], T], what: str = "", timeout: float = 15, every: float = 0.02) -> T:
    """The first truthy value of `probe`, asked again and again; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < deadline, f"never came true within {timeout} s: {what or probe}; last value {value!r}"
        _pause.wait(every)
