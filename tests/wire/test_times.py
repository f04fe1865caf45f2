"""Times as people write them."""

import random
import subprocess
import sys
import time

import pytest

from emailgw.wire.times import LONGEST_PHRASE, read_phrase, show_iso

NOW = 1_795_471_200_000  # 2026-11-23T22:00:00Z, a Monday


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("in 1 hour", "2026-11-23T23:00"),
        ("in 1 min", "2026-11-23T22:01"),
        ("in 3 hours and 20 minutes", "2026-11-24T01:20"),
        ("tomorrow at 9am", "2026-11-24T09:00"),
        ("Friday at 3pm", "2026-11-27T15:00"),
        ("Friday at 3pm ET", "2026-11-27T20:00"),
        ("2027-07-01 at 3pm et", "2027-07-01T19:00"),
        ("tonight at 8pm ET", "2026-11-24T01:00"),
        ("December 1 at 5pm EST", "2026-12-01T22:00"),
        ("Monday at 11pm", "2026-11-23T23:00"),  # it is Monday
        ("on monday 9:30", "2026-11-30T09:30"),
        ("next monday at 11pm", "2026-11-30T23:00"),
        ("Monday 30 November at 11pm", "2026-11-30T23:00"),
        ("Monday at 6pm ET", "2026-11-23T23:00"),
        ("at midnight", "2026-11-24T00:00"),
        ("tomorrow", "2026-11-24T22:00"),
        ("  next week ", "2026-11-30T22:00"),
    ],
)
def test_phrases(text: str, at: str) -> None:
    assert show_iso(read_phrase(text, NOW)).startswith(at)


@pytest.mark.parametrize("text", ["", "9", "1/2", "hello", "whenever", "x" * (LONGEST_PHRASE + 1),
                                  "морозное утро", "in 999999999999 hours", "\ud800",
                                  "at 25:00", "tomorrow 9:61", "tomorrow at 13pm", "tomorrow at nine"])  # fmt: skip
def test_no_phrases(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        read_phrase(text, NOW)


@pytest.mark.alone
def test_the_worst_phrase_is_quick() -> None:
    words = ("in", "1", "hour", "ago", "monday", "at", "9am", "12:30", "2026-01-02", "EST", "day", "and", "1.5", "of")
    dice = random.Random(1)
    read_phrase("in 1 hour", NOW)  # loads the parser
    for _ in range(300):
        text = " ".join(dice.choices(words, k=14))[:LONGEST_PHRASE]
        started = time.process_time()
        try:
            read_phrase(text, NOW)
        except (ValueError, OverflowError):
            pass
        assert time.process_time() - started < 0.25, text


def test_the_parser_is_loaded_where_it_is_needed_while_the_loop_turns() -> None:
    program = """
import asyncio, sys
from emailgw.wire.times import prepare_to_read

async def main():
    await prepare_to_read([None, "2027-03-01T10:00:00Z"])
    assert "dateparser" not in sys.modules
    preparing = asyncio.create_task(prepare_to_read(["in 1 hour"]))
    turns = 0
    while not preparing.done():
        await asyncio.sleep(0)
        turns += 1
    assert "dateparser" in sys.modules
    print(turns)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60, text=True)
    assert int(done.stdout) > 10
