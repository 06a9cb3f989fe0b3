"""Which offset of a partition may be committed.

    received   100 101 104 105 106 107        (102 and 103 do not exist: compaction, transactions)
    settled     x   x       x       x
    prefix             ^ 104 is committable: everything below is settled
    beyond                  105, 107: settled out of order, carried in the commit's metadata

**Rule**: the committable offset never passes a received record that is not settled. Only received offsets can be unsettled; the offsets of a
gap hold no record and are settled with the record before it, so that a topic full of gaps (a marker after each transaction) has no more
runs than one without. Memory is bounded by the unsettled records, however far reading has come beyond the prefix.
A ledger belongs to one assignment of one partition and dies with it. Does not know what settling means, nor when a commit happens.
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

    __slots__ = ("_by_end", "_by_start", "_gap_end", "_last", "_next", "_restored", "_unsettled", "version")

    def __init__(self, next_offset: int | None = None, restored: Sequence[Run] = ()) -> None:
        self._next = next_offset
        self._last: int | None = None if next_offset is None else next_offset - 1
        self._unsettled: set[int] = set()
        self._by_start: dict[int, int] = {}
        self._by_end: dict[int, int] = {}
        self._gap_end: dict[int, int] = {}
        """Unsettled record -> the end of the gap that follows it."""
        self._restored = deque(restored)
        self.version = 0
        """Grows whenever what would be committed changes."""

    def track(self, offset: int) -> bool:
        """Take note of a received record. False says that an earlier owner settled it: it is to be skipped.

        Raises `ValueError` for an offset that is not above the last one: the log is not the one that was read before.
        """
        last = self._last
        if last is None:
            self._next = offset
        elif offset <= last:
            raise ValueError(f"offset {offset} was received after {last}")
        elif offset > last + 1:
            if last in self._unsettled:
                self._gap_end[last] = offset - 1
            else:
                self._settle_run(last + 1, offset - 1)
        self._last = offset
        if self._restored and self._was_settled(offset):
            self._settle_run(offset, offset)
            return False
        self._unsettled.add(offset)
        return True

    def _was_settled(self, offset: int) -> bool:
        restored = self._restored
        while restored and restored[0][1] < offset:
            restored.popleft()
        return bool(restored) and restored[0][0] <= offset

    def settle(self, offset: int) -> bool:
        """Mark a tracked record as settled. False says that it was settled already, or never received: a bug of the caller."""
        if offset not in self._unsettled:
            return False
        self._unsettled.remove(offset)
        self._settle_run(offset, self._gap_end.pop(offset, offset))
        return True

    def _settle_run(self, start: int, end: int) -> None:
        """Join offsets that are settled now with the runs on both sides, and the prefix with the run at its edge."""
        self.version += 1
        following = self._by_start.pop(end + 1, None)
        if following is not None:
            end = following
        if start == self._next:
            self._next = end + 1
            self._by_end.pop(end, None)
            return
        before = self._by_end.pop(start - 1, None)
        if before is not None:
            start = before
        self._by_start[start] = end
        self._by_end[end] = start

    @property
    def committable(self) -> int | None:
        """The next offset to read after a commit now: the first unsettled one. None where nothing is known to commit."""
        return self._next

    @property
    def unsettled(self) -> int:
        """How many received records are not settled."""
        return len(self._unsettled)

    @property
    def runs(self) -> int:
        """How many runs `beyond` has, at most."""
        return len(self._by_start) + len(self._restored)

    def beyond(self) -> list[Run]:
        """The settled runs beyond the prefix, in rising order, those of earlier owners that were not read again yet included."""
        read = self._last if self._last is not None else -1
        return sorted(self._by_start.items()) + [(max(start, read + 1), end) for start, end in self._restored if end > read]
