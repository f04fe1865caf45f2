"""From octets to replies, however they are split; what is no reply; bounds."""

import itertools
import time
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.delivery.replies import MAX_LINE, MAX_LINES, MAX_REPLY, NotSMTP, ReplyReader, Response

REPLIES = [
    (b"250 ok\r\n", Response(250, "ok")),
    (b"250\r\n", Response(250, "")),
    (b"354 go ahead\n", Response(354, "go ahead")),
    (b"250-mx.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n", Response(250, "mx.test\nPIPELINING\nSIZE 1000")),
    (b"250-\r\n250-PIPELINING\r\n250\r\n", Response(250, "\nPIPELINING\n")),
    (b"550-5.1.1 no\r\n551 5.1.1 such user\r\n", Response(551, "5.1.1 no\n5.1.1 such user")),
    (b"421 4.3.2\tclosing \t\r\n", Response(421, "4.3.2\tclosing")),
    (b"550 gr\xc3\xbc\xc3\x9fe \xff\r\n", Response(550, "grüße \udcff")),
    (b"250\tok\r\n", Response(250, "ok")),
]


@given(st.lists(st.sampled_from(REPLIES), max_size=6), st.lists(st.integers(0, 200)))
def test_replies_are_the_same_however_they_are_split(replies: list[tuple[bytes, Response]], cuts: list[int]) -> None:
    data = b"".join(octets for octets, _ in replies)
    edges = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    reader = ReplyReader()
    read = [reply for start, end in itertools.pairwise(edges) for reply in reader.feed(data[start:end])]
    assert read == [reply for _, reply in replies]
    assert reader.is_between


@pytest.mark.parametrize("junk", [b"", b"5", b"99", b"5x0 no", b"-50 no", b"\xb2\xb2\xb2 no", b" 250 ok", b"25250 ok"])
def test_replies_before_what_is_none_are_kept(junk: bytes) -> None:
    read: deque[Response] = deque()
    with pytest.raises(NotSMTP):
        read.extend(ReplyReader().feed(b"250 ok\r\n" + junk + b"\r\n250 ok\r\n"))
    # `extend` keeps what came before, as `wire` relies on.
    assert list(read) == [Response(250, "ok")]


@pytest.mark.parametrize("end", [b"", b"25", b"250-more\r\n", b"250-more\r\n250"])
def test_a_reply_that_is_not_complete_shows(end: bytes) -> None:
    reader = ReplyReader()
    assert list(reader.feed(b"250 ok\r\n" + end)) == [Response(250, "ok")]
    assert reader.is_between is (not end)
    reader.forget()
    assert reader.is_between
    assert list(reader.feed(b"220 next\r\n")) == [Response(220, "next")]


@pytest.mark.parametrize(
    "endless",
    [
        b"2" * (MAX_LINE + 1),
        b"250 " + b"x" * MAX_LINE + b"\r\n",
        b"250-\r\n" * (MAX_LINES + 1),
        (b"250-" + b"x" * 1000 + b"\r\n") * (MAX_REPLY // 1000 + 1),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000, 1 << 20])
def test_a_reply_that_does_not_end_is_none(endless: bytes, piece: int) -> None:
    reader = ReplyReader()

    def read() -> list[Response]:
        pieces = (endless[start : start + piece] for start in range(0, len(endless), piece))
        return [reply for octets in pieces for reply in reader.feed(octets)]

    with pytest.raises(NotSMTP, match="does not end"):
        read()


def test_octet_by_octet_costs_no_more_than_linear_time() -> None:
    def cost(lines: int) -> float:
        data, reader = b"250-%s\r\n" % (b"x" * 55) * lines, ReplyReader()
        began = time.process_time()
        for _ in range(2000 // lines):
            for start in range(len(data)):
                assert list(reader.feed(data[start : start + 1])) == []
            reader.forget()
        return time.process_time() - began

    cost(50)
    assert min(cost(500) for _ in range(3)) < 4 * min(cost(50) for _ in range(3))  # a tenth as often ten times as much
