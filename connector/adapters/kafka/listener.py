"""Who is told what the consumer sees: the engine.

**Rule**: every call is made on the event loop, in the order in which things happened. Does not know who listens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.record import Record, TopicPartition


class Listener(Protocol):
    """What the engine hears of Kafka."""

    def accept(self, records: Sequence[Record]) -> None:
        """Take a batch."""

    def assigned(self, committed: Mapping[TopicPartition, tuple[int | None, str | None]], assignment: int) -> None:
        """Partitions came."""

    async def revoke(self, names: Sequence[TopicPartition], drain_timeout_s: float) -> Mapping[TopicPartition, tuple[int, str]]:
        """Partitions leave: drain and return what to commit."""

    def lost(self, names: Sequence[TopicPartition]) -> None:
        """Partitions left without notice."""

    def committed(self, offsets: Mapping[TopicPartition, int], error: str | None = None) -> None:
        """A commit was answered."""

    def end_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Where partitions end."""
