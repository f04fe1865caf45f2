"""Identifiers: what names a row, who makes it, and how it sorts.

Ids are made by the caller, never by the database, so that a store verb can be decided before it runs and one SQL text
serves every database. All of them ascend with time, so inserts append and an id works as a cursor. Times are integer
milliseconds UTC.
"""

import uuid
from collections.abc import Callable
from typing import NewType

MessageId = NewType("MessageId", str)  # UUID version 7, as API clients see it
RecipientId = NewType("RecipientId", int)  # 63 bits, see SerialNumbers
ContentId = NewType("ContentId", int)  # 63 bits
DomainId = NewType("DomainId", str)  # UUID version 7
KeyId = NewType("KeyId", str)  # UUID version 7
TemplateId = NewType("TemplateId", str)  # UUID version 7
EventId = NewType("EventId", int)  # ascending in commit order; the one id a store makes itself

SERIAL_EPOCH = 1_704_067_200_000  # 2024-01-01T00:00:00Z; 41 bits of milliseconds last until 2093
SERIAL_NODE_BITS = 6
SERIAL_COUNTER_BITS = 16

DRAWN = 4_000  # octets


def uuid7(now: int, random: bytes) -> str:
    """A UUID version 7 (RFC 9562 §5.7) from milliseconds and 10 random bytes, in its 36-character form."""
    if len(random) < 10:
        raise ValueError("uuid7 needs 10 random bytes")
    tail = int.from_bytes(random[:10], "big")
    value = (now & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    text = f"{value:032x}"  # `uuid.UUID` checks and keeps it, which takes twice as long
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid7s(now: int, random: bytes) -> list[str]:
    """One for each 10 random bytes, ascending: what arrives together is stored, and listed, in its order."""
    return sorted(uuid7(now, random[at : at + 10]) for at in range(0, len(random), 10))


def uuid7_floor(at: int) -> str:
    """The smallest UUID version 7 of the millisecond `at`: ids made before it are smaller, later ones are not."""
    return uuid7(at, bytes(10))


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical lower-case 36-character form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


class Randomness:
    """Random octets, those of some hundred ids drawn at once: `draw` (`os.urandom`) is a system call that lets go of
    the GIL, and waits to get it back.
    """

    def __init__(self, draw: Callable[[int], bytes]) -> None:
        self._draw = draw
        self._drawn = b""
        self._taken = 0

    def take(self, count: int) -> bytes:
        """`count` octets that nobody else gets."""
        if self._taken + count > len(self._drawn):
            self._drawn, self._taken = self._draw(max(count, DRAWN)), 0
        taken = self._drawn[self._taken : self._taken + count]
        self._taken += count
        return taken


class SerialNumbers:
    """Ascending 63-bit numbers, unique across the nodes of one installation: milliseconds, counter, node.

    A counter instead of random bits: at thousands of rows a second 22 random bits would collide every hour. When one
    millisecond needs more than 65,536 numbers they are borrowed from the next ones, so a whole batch stays ascending.
    """

    def __init__(self, node: int = 0) -> None:
        if not 0 <= node < 1 << SERIAL_NODE_BITS:
            raise ValueError(f"node must be 0 to {(1 << SERIAL_NODE_BITS) - 1}")
        self._node = node
        self._last = 0

    def start_after(self, number: int) -> None:
        """Give out only numbers above one that exists: the clock may have been set back while nobody ran."""
        self._last = max(self._last, number >> SERIAL_NODE_BITS)

    def take(self, now: int, count: int = 1) -> range:
        """`count` numbers as an ascending range; `now` in milliseconds may stand still or step back."""
        first = max(self._last + 1, (now - SERIAL_EPOCH) << SERIAL_COUNTER_BITS)
        self._last = first + count - 1
        step = 1 << SERIAL_NODE_BITS
        return range(first * step + self._node, (self._last + 1) * step + self._node, step)
