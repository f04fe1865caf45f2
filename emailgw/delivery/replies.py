"""From octets to SMTP replies, however they come: split anywhere, several at once. Called by `wire`. RFC 5321 §4.2.

Pure and linear: no octet is looked at again when more come, and one reply is bounded in octets and lines. What a reply
means is for others to say. More liberal than the RFC where hosts are: a line may end with LF alone, and the last line's
code counts.
"""

from collections.abc import Iterator
from typing import NamedTuple

MAX_LINE = 8192  # octets; RFC 5321 §4.5.3.1.5 promises 512
MAX_REPLY = 4 * MAX_LINE
MAX_LINES = 500


class NotSMTP(Exception):
    """What came is no reply, or none that ends."""


class Response(NamedTuple):
    """`text`: the lines without their codes, parted by LF; octets that are no UTF-8 are lone surrogates."""

    code: int
    text: str


class ReplyReader:
    def __init__(self) -> None:
        self._rest = bytearray()  # of a line that has not ended
        self._lines: list[bytes] = []  # of a reply that has not ended
        self._octets = 0

    @property
    def is_between(self) -> bool:
        """Whether nothing has come of a reply that is not complete."""
        return not (self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Response]:
        """The replies that `data` completes. Raises NotSMTP after those that came before what is none."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            line = data[start:end]
            if self._rest:
                line = bytes(self._rest) + line
                self._rest.clear()
            start = end + 1
            response = self._take(line)
            if response is not None:
                yield response
        self._rest += data[start:]
        if len(self._rest) > MAX_LINE:
            raise NotSMTP("a line that does not end")

    def forget(self) -> None:
        """Drop what has come of a reply that is not complete."""
        self._rest.clear()
        self._lines = []
        self._octets = 0

    def _take(self, line: bytes) -> Response | None:
        self._octets += len(line)
        if len(line) > MAX_LINE or self._octets > MAX_REPLY or len(self._lines) == MAX_LINES:
            raise NotSMTP("a reply that does not end")
        code = line[:3]
        # A fourth digit: the rest of a line that was not ended, and the reply that came behind it.
        if len(code) < 3 or not code.isdigit() or line[3:4].isdigit():
            raise NotSMTP(line.decode("utf-8", "replace"))
        self._lines.append(line[4:].strip(b" \t\r"))
        if line[3:4] == b"-":
            return None
        text = b"\n".join(self._lines) if len(self._lines) > 1 else self._lines[0]
        self.forget()
        return Response(int(code), text.decode("utf-8", "surrogateescape"))
