"""How the daemon's log is written: what a turn of the loop said together, all else at once."""

import asyncio
import io
import logging
import threading

import pytest

from emailgw.cli.logs import TurnHandler


class Stream(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


class FullDisk(Stream):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def logger(stream: Stream) -> logging.Logger:
    log = logging.Logger("emailgw.mail")
    log.addHandler(TurnHandler(stream))
    return log


async def test_lines_of_one_turn_are_one_write() -> None:
    stream = Stream()
    log = logger(stream)
    log.info("one")
    log.info("two\nthree")
    assert stream.writes == []
    await asyncio.sleep(0)
    assert stream.writes == ["one\ntwo\nthree\n"]
    log.info("four")
    await asyncio.sleep(0)
    assert stream.writes == ["one\ntwo\nthree\n", "four\n"]


async def test_a_warning_waits_for_nothing_and_keeps_its_place() -> None:
    stream = Stream()
    log = logger(stream)
    log.info("before")
    log.warning("trouble")
    assert stream.writes == ["before\ntrouble\n"]
    log.info("after")
    await asyncio.sleep(0)
    assert stream.writes[1:] == ["after\n"]


async def test_other_threads_write_at_once() -> None:
    stream = Stream()
    log = logger(stream)
    log.info("of the loop")
    thread = threading.Thread(target=log.info, args=("of a thread",))
    thread.start()
    thread.join()
    assert stream.writes == ["of the loop\nof a thread\n"]


def test_without_a_loop_lines_are_written_at_once() -> None:
    stream = Stream()
    logger(stream).info("one")
    assert stream.writes == ["one\n"]


async def test_what_waits_at_the_end_of_the_process_is_written() -> None:
    stream = Stream()
    log = logger(stream)
    log.info("last words")
    log.handlers[0].flush()  # as `logging.shutdown` does
    assert stream.writes == ["last words\n"]


async def test_a_log_that_cannot_be_written_hurts_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    log = logger(FullDisk())
    log.info("one")
    log.error("two")
    await asyncio.sleep(0)
    assert capfd.readouterr().err == ""
