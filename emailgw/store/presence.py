"""Which texts are surely not in a column: a Bloom filter in memory, so that most questions need no query.

Right about every text that was added, wrong about 2 % of the others at most, in 6 MB for a million (4 octets each, in
tables that grow fourfold). A text cannot be taken out again: it is asked about until the next start. Used by
`suppressions`; added to by the writer's thread, before what was written is committed.
"""

import threading

_FIRST = 4_096  # texts that the first table is for
_BITS = 32  # of a table for each text: with two of them set, 0.4 % of other texts find both
_HALF = 32  # of the hash, so a table has at most 2 ** 31 bits


class Presence:
    def __init__(self) -> None:
        self._tables: list[tuple[bytearray, int]] = [_table(_FIRST)]
        self._room = _FIRST
        self._next = _FIRST
        self._adding = threading.Lock()  # setting a bit reads, changes and writes an octet
        self._is_complete = False

    def add(self, text: str) -> None:
        """From any thread."""
        hashed = hash(text)  # SipHash, keyed for this process: nobody outside can aim
        with self._adding:
            if not self._room:
                self._next *= 4
                self._room = self._next
                self._tables.append(_table(self._next))
            self._room -= 1
            table, mask = self._tables[-1]
            for bit in (hashed & mask, hashed >> _HALF & mask):
                table[bit >> 3] |= 1 << (bit & 7)

    def complete(self) -> None:
        """Everything that is in the column was added."""
        self._is_complete = True

    def may_have(self, text: str) -> bool:
        """False: it is surely not there."""
        if not self._is_complete:
            return True
        hashed = hash(text)
        for table, mask in self._tables:
            one, other = hashed & mask, hashed >> _HALF & mask
            if table[one >> 3] >> (one & 7) & table[other >> 3] >> (other & 7) & 1:
                return True
        return False

    @property
    def octets(self) -> int:
        return sum(len(table) for table, _ in self._tables)


def _table(texts: int) -> tuple[bytearray, int]:
    """With the mask that makes a place in it of a hash."""
    bits = texts * _BITS
    return bytearray(bits // 8), bits - 1
