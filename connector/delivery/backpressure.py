"""When a partition is to be paused and resumed, so that memory stays bounded and no partition starves another.

**Rule**: below the limits nothing is paused. At a limit, those partitions pause that hold at least their share; a partition below its
share is always read, so the whole is bounded by twice the limits. Does not know how a partition is paused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.record import TopicPartition


@dataclass(slots=True)
class _Held:
    records: int = 0
    size_bytes: int = 0
    paused: bool = False


class Backpressure:
    """Counts the records in memory, in all and by partition. Limits are in records and in bytes of keys and values."""

    __slots__ = ("_held", "_max_bytes", "_max_records", "records", "size_bytes")

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._held: dict[TopicPartition, _Held] = {}
        self.records = 0
        self.size_bytes = 0

    def add(self, partition: TopicPartition) -> None:
        """A partition came."""
        self._held[partition] = _Held()

    def remove(self, partition: TopicPartition) -> Sequence[TopicPartition]:
        """A partition left with all it held. Returns the partitions to resume."""
        held = self._held.pop(partition)
        self.records -= held.records
        self.size_bytes -= held.size_bytes
        return self._relieved()

    def receive(self, partition: TopicPartition, records: int, size_bytes: int) -> bool:
        """Records of a partition came into memory. True says that it is to be paused now."""
        held = self._held[partition]
        held.records += records
        held.size_bytes += size_bytes
        self.records += records
        self.size_bytes += size_bytes
        if held.paused or not self._over(held):
            return False
        held.paused = True
        return True

    def release(self, partition: TopicPartition, size_bytes: int) -> Sequence[TopicPartition]:
        """A record left memory. Returns the partitions to resume: mostly none."""
        held = self._held[partition]
        held.records -= 1
        held.size_bytes -= size_bytes
        self.records -= 1
        self.size_bytes -= size_bytes
        if held.paused and self._under(held):
            return self._relieved()
        return ()

    @property
    def paused(self) -> int:
        """How many partitions are paused."""
        return sum(held.paused for held in self._held.values())

    def _over(self, held: _Held) -> bool:
        shares = len(self._held)
        return (self.records >= self._max_records and held.records * shares >= self._max_records) or (
            self.size_bytes >= self._max_bytes and held.size_bytes * shares >= self._max_bytes
        )

    def _under(self, held: _Held) -> bool:
        """Half of the limit, or half of the share: the distance to `_over` keeps pausing from flickering."""
        shares = 2 * len(self._held)
        return (2 * self.records <= self._max_records or held.records * shares <= self._max_records) and (
            2 * self.size_bytes <= self._max_bytes or held.size_bytes * shares <= self._max_bytes
        )

    def _relieved(self) -> Sequence[TopicPartition]:
        resumed = [partition for partition, held in self._held.items() if held.paused and self._under(held)]
        for partition in resumed:
            self._held[partition].paused = False
        return resumed
