"""Which offset of a partition may be committed.

    received   100 101 104 105 106 107        (102 and 103 do not exist: compaction, transactions)
    settled     x   x       x       x
    prefix             ^ 104 is committable: everything below is settled
    beyond                  105, 107: settled out of order, carried in the commit's metadata

**Rule**: the committable offset never passes a received record that is not settled. Only received offsets are tracked, so
gaps need nothing. A ledger belongs to one assignment of one partition and dies with it.
Does not know what settling means, nor when a commit happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

Run = tuple[int, int]
"""Settled offsets from the first to the second, both included, with no unsettled record between them."""


class Ledger:
    """Offsets of one partition under one assignment. Offsets are tracked in rising order and settled in any order.

    `next_offset` is the committed offset that reading starts from (None where nothing was committed), `restored` the runs that an
    earlier owner had settled beyond it, in rising order.
    """

    __slots__ = ("_last", "_next", "_open", "_restored", "_settled", "version")

    def __init__(self, next_offset: int | None = None, restored: Sequence[Run] = ()) -> None:
        self._next = next_offset
        self._last = -1 if next_offset is None else next_offset - 1
        self._open: deque[int] = deque()
        self._settled: set[int] = set()
        self._restored = deque(run for run in restored if run[1] > self._last)
        self.version = 0
        """Grows whenever what would be committed changes."""

    def track(self, offset: int) -> bool:
        """Take note of a received record. False says that an earlier owner settled it: it is to be skipped.

        Raises `ValueError` for an offset that is not above the last one: the source delivered out of order.
        """
        if offset <= self._last:
            raise ValueError(f"offset {offset} was received after {self._last}")
        self._last = offset
        if self._restored and self._was_settled(offset):
            self._open.append(offset)
            self._settled.add(offset)
            self._advance()
            return False
        self._open.append(offset)
        return True

    def _was_settled(self, offset: int) -> bool:
        restored = self._restored
        while restored and restored[0][1] < offset:
            restored.popleft()
        return bool(restored) and restored[0][0] <= offset

    def settle(self, offset: int) -> bool:
        """Mark a tracked record as settled. False says that it was settled already, or never received: a bug of the caller."""
        unsettled = self._open
        if not unsettled or offset < unsettled[0] or offset > self._last or offset in self._settled:
            return False
        self._settled.add(offset)
        self.version += 1
        if offset == unsettled[0]:
            self._advance()
        return True

    def _advance(self) -> None:
        """Move the prefix over everything settled at its edge."""
        unsettled, settled = self._open, self._settled
        while unsettled and unsettled[0] in settled:
            offset = unsettled.popleft()
            settled.discard(offset)
            self._next = offset + 1
        self.version += 1

    @property
    def committable(self) -> int | None:
        """The next offset to read after a commit now: the first unsettled one. None where nothing is known to commit."""
        return self._next

    @property
    def unsettled(self) -> int:
        """How many received records are not settled."""
        return len(self._open) - len(self._settled)

    def beyond(self) -> list[Run]:
        """The settled runs beyond the prefix, in rising order, those of earlier owners that were not read again yet included."""
        runs: list[Run] = []
        first = last = -1
        for offset in self._open if self._settled else ():
            if offset in self._settled:
                first = offset if first < 0 else first
                last = offset
            elif first >= 0:
                runs.append((first, last))
                first = -1
        if first >= 0:
            runs.append((first, last))
        runs.extend((max(start, self._last + 1), end) for start, end in self._restored if end > self._last)
        return runs
