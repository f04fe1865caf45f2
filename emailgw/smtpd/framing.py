"""Octets of a client cut into what SMTP means by them: command lines, a message up to its dot, chunks of BDAT.

Pure and incremental: every octet is looked at once, in pieces of the size that it came in, so a message of 25 MB never
stops the loop. Used by `dialog`. RFC 5321 §2.3.8 and §4.1.1.4 (only CR LF . CR LF ends DATA), RFC 3030 (BDAT).
"""

from collections.abc import Callable

LONGEST_COMMAND = 12_288  # octets: an AUTH response may have that many (RFC 4954 §4), all other commands fewer
ENDLESS = 256 * 1024  # octets of a command line at which patience ends

_LINE_END = b"\r\n"
_DOT = b"\r\n.\r\n"


class Line:
    """Why a line is none: see `Framer.line`."""

    TOO_LONG = b"\0too long"
    BARE = b"\0bare"


class Body:
    """One message as it grows. `take` asks for room and is told of it back; octets that find none are dropped.

    `bare`: a CR or LF stands alone in it. `excess`: it grew past its limit; `starved`: memory was short.
    """

    def __init__(self, limit: int, take: Callable[[int], bool]) -> None:
        self._limit = limit
        self._take = take
        self._pieces: list[bytes] = []
        self._last_is_cr = False
        self.size = 0
        self.taken = 0
        self.bare = False
        self.excess = False
        self.starved = False

    def add(self, piece: bytes) -> None:
        """Any octets, wherever they were cut."""
        self.size += len(piece)
        if self.excess or self.starved:
            return
        if self.size > self._limit:
            self.excess = True
        elif not self._take(len(piece)):
            self.starved = True
        else:
            self.taken += len(piece)
            self._pieces.append(piece)
            self._look(piece)
            return
        self._pieces.clear()

    def finish(self) -> list[bytes]:
        """Its octets, in the pieces that they came in: joining 25 MB is not for the loop."""
        if self._last_is_cr:
            self.bare = True
        pieces, self._pieces = self._pieces, []
        return pieces

    def _look(self, piece: bytes) -> None:
        if self.bare or not piece:
            return
        pairs = piece.count(_LINE_END)
        returns, feeds = piece.count(b"\r") - pairs, piece.count(b"\n") - pairs
        if self._last_is_cr != piece.startswith(b"\n"):
            self.bare = True
        feeds -= self._last_is_cr and piece.startswith(b"\n")
        self._last_is_cr = piece.endswith(b"\r")
        returns -= self._last_is_cr
        if returns or feeds:
            self.bare = True


class Framer:
    """Feed it with `add`; ask with `line`, `message` or `chunk`, whichever the dialog is waiting for."""

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = 0  # octets dropped of a line that is too long

    def __len__(self) -> int:
        """Octets that nobody has asked for yet."""
        return len(self._buffer)

    @property
    def is_endless(self) -> bool:
        """Whether the line that comes will not end any more."""
        return self._skipping > ENDLESS

    def add(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data

    def begins_with(self, octets: bytes) -> bool:
        return self._buffer.startswith(octets)

    def clear(self) -> None:
        """Forget what was not asked for (RFC 3207 §4.2)."""
        self._buffer = b""
        self._skipping = 0

    def line(self) -> bytes | None:
        """The next command without its end; None when it has not come whole; Line.TOO_LONG or Line.BARE for what is no
        command, its octets being gone.
        """
        end = self._buffer.find(b"\n")
        if end < 0:
            if self._skipping or len(self._buffer) > LONGEST_COMMAND:
                self._skipping += len(self._buffer)
                self._buffer = b""
            return None
        line, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
        if self._skipping or len(line) > LONGEST_COMMAND:
            self._skipping = 0
            return Line.TOO_LONG
        return line[:-2] if line.endswith(_LINE_END) else Line.BARE

    def message(self, body: Body, first: bool) -> bool:
        """Move what came into `body`, dots undone; whether its end was among it. `first`: nothing was asked for yet.

        Whole lines are moved, so that a dot at the start of one and its end are always seen together.
        """
        # A message begins as if a line end stood before it: a dot in its first line counts.
        buffer = _LINE_END + self._buffer if first else self._buffer
        end = buffer.find(_DOT)
        if end >= 0:
            whole, self._buffer = buffer[: end + 2], buffer[end + 5 :]
            _undot(whole, body)
            return True
        cut = buffer.rfind(_LINE_END)
        if cut < 0 or (cut == 0 and len(buffer) > LONGEST_COMMAND):  # a long line is moved as it comes, its dot seen
            cut = len(buffer) - buffer.endswith(b"\r")
        self._buffer = buffer[cut:]
        if cut:
            _undot(buffer[:cut], body)
        return False

    def chunk(self, body: Body, size: int) -> int:
        """Move up to `size` octets into `body`; how many are still to come."""
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        body.add(piece)
        return size - len(piece)


class DotBody(Body):
    """A body that begins behind a line end that is not its own."""

    def __init__(self, limit: int, take: Callable[[int], bool]) -> None:
        super().__init__(limit, take)
        self._begun = False

    def add(self, piece: bytes) -> None:
        if not self._begun and piece:
            self._begun = True
            piece = piece[2:]
        super().add(piece)


def _undot(piece: bytes, body: Body) -> None:
    body.add(piece.replace(b"\r\n.", _LINE_END))
