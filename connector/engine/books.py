"""Every record received, and what became of it. The only file that settles.

**Rule**: consumed = skipped + delivered + duplicates + filtered + dead-lettered + unsettled + released (given back on revocation),
at every moment. A record settles once; what would settle twice, or commit past an unsettled record, moves a sentinel and does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from connector.delivery import offset_map
from connector.delivery.backpressure import Backpressure
from connector.delivery.ledger import Ledger, Run
from connector.engine.state import Partition
from connector.errors import ServiceUnavailableError
from connector.facts import InvariantBroken, LogRewound, PartitionCrowded
from connector.outcome import Reason, VerdictKind
from connector.ports import Observer, Source
from connector.record import Record, TopicPartition

SENTINELS = ("order_violated", "settled_twice", "commit_past_unsettled")

_STEPPED_BACK = (
    "topic {}, partition {} stepped back while it was read ({}): it was truncated or made anew\n"
    "    hint: start again; what is there is then read from the committed offset, or from where auto.offset.reset says"
)


class Books:
    """The partitions of this member, their ledgers and the counts."""

    def __init__(
        self, source: Source, observe: Observer, backpressure: Backpressure, max_runs: int, relieve: Callable[[Partition], None]
    ) -> None:
        self._source = source
        self._observe = observe
        self._backpressure = backpressure
        self._max_runs = max_runs
        self._relieve = relieve
        self.partitions: dict[TopicPartition, Partition] = {}
        self.consumed = self.skipped = self.delivered = self.duplicates = self.late = self.released = self.commits = 0
        self.filtered: Counter[str] = Counter()
        self.dead_lettered: Counter[Reason] = Counter()
        self.retries: Counter[tuple[VerdictKind, Reason]] = Counter()
        self.sentinels: Counter[str] = Counter(dict.fromkeys(SENTINELS, 0))

    def open(self, name: TopicPartition, assignment: int, next_offset: int | None, settled: Sequence[Run]) -> Partition:
        """A partition came, to be read from `next_offset`, with what an earlier owner had settled beyond it."""
        partition = Partition(name, assignment, Ledger(next_offset, settled))
        partition.committed = next_offset
        self.partitions[name] = partition
        self._backpressure.add(name)
        return partition

    def receive(self, record: Record) -> Partition | None:
        """Enter a record before anything can fail. None where it is not to be handled: settled before, or of an assignment that is over."""
        partition = self.partitions.get(record.topic_partition)
        if partition is None or partition.assignment != record.assignment or partition.leaving.is_set():
            return None
        is_new = self._track(partition, record.offset)
        self.consumed += 1
        if not is_new:
            self.skipped += 1
            return None
        size = record.size_bytes
        partition.pending[record.offset] = size
        if self._backpressure.receive(partition.name, 1, size):
            self._source.pause({partition.name: partition.assignment})
        return partition

    def _track(self, partition: Partition, offset: int) -> bool:
        """Enter an offset in the ledger. False says that an earlier owner settled it.

        A first record below the committed offset is of another log than the one that was committed: truncated, or made anew. It is read from
        there, as the settings' `auto.offset.reset` says, and said so. Later, such a step back would mix two logs: the process ends, and reads
        anew after its start.
        """
        fresh, partition.fresh = partition.fresh, False
        try:
            return partition.ledger.track(offset)
        except ValueError as error:
            if not fresh:
                raise ServiceUnavailableError(_STEPPED_BACK.format(*partition.name, error)) from None
        self._observe(LogRewound(partition.name, partition.ledger.committable, offset))
        partition.ledger = Ledger()
        return partition.ledger.track(offset)

    def settle_delivered(self, partition: Partition, offset: int, *, duplicate: bool) -> None:
        """Adjust has the event."""
        if self._settle(partition, offset):
            if duplicate:
                self.duplicates += 1
            else:
                self.delivered += 1

    def settle_filtered(self, partition: Partition, offset: int, rule: str) -> None:
        """A rule says that the event is not to be sent."""
        if self._settle(partition, offset):
            self.filtered[rule] += 1

    def settle_dead_lettered(self, partition: Partition, offset: int, reason: Reason) -> None:
        """The record is durable in the dead-letter topic."""
        if self._settle(partition, offset):
            self.dead_lettered[reason] += 1

    def _settle(self, partition: Partition, offset: int) -> bool:
        size = partition.pending.pop(offset, None)
        if size is None or not partition.ledger.settle(offset):
            self.broken("settled_twice", partition, offset)
            return False
        partition.settled += 1
        resumed = self._backpressure.release(partition.name, size)
        if resumed:
            self._resume(resumed)
        if partition.crowded or partition.ledger.runs >= self._max_runs:
            self._crowd(partition)
        return True

    def _crowd(self, partition: Partition) -> None:
        """Keep what is settled beyond the prefix within what a commit can carry: a partition stays crowded down to half of it."""
        if not partition.crowded:
            partition.crowded = True
            self._observe(PartitionCrowded(partition.name, partition.ledger.runs))
        elif 2 * partition.ledger.runs <= self._max_runs:
            partition.crowded = False
        self._relieve(partition)

    def _resume(self, names: Sequence[TopicPartition]) -> None:
        self._source.resume({name: self.partitions[name].assignment for name in names})

    def broken(self, sentinel: str, partition: Partition, offset: int) -> None:
        """A rule of the house was about to be broken."""
        self.sentinels[sentinel] += 1
        self._observe(InvariantBroken(sentinel, partition.name, offset))

    def progress(self, partition: Partition) -> tuple[int, str] | None:
        """Return the offset and the metadata to commit now; None where nothing is known or a sentinel objects."""
        committable = partition.ledger.committable
        if committable is None:
            return None
        oldest = next(iter(partition.pending), None)
        if oldest is not None and committable > oldest:
            self.broken("commit_past_unsettled", partition, committable)
            return None
        return committable, offset_map.encode(committable, partition.ledger.beyond())

    def due(self, now_s: float) -> Mapping[TopicPartition, tuple[int, str]]:
        """Return what moved since the last commit, one request for all, leaving out partitions whose commit is under way."""
        moved: dict[TopicPartition, tuple[int, str]] = {}
        for partition in self.partitions.values():
            if partition.mark.version == partition.acknowledged.version or partition.leaving.is_set():
                continue
            if partition.unacknowledged_s is None:
                partition.unacknowledged_s = now_s
            if partition.committing:
                continue
            progress = self.progress(partition)
            if progress is not None:
                partition.committing = True
                partition.requested = partition.mark
                partition.requested_offset = progress[0]
                partition.requested_s = now_s
                moved[partition.name] = progress
        return moved

    def committed(self, offsets: Mapping[TopicPartition, int], *, failed: bool) -> None:
        """The broker answered a commit; what failed is part of the next one."""
        self.commits += not failed
        for name, offset in offsets.items():
            partition = self.partitions.get(name)
            if partition is not None and partition.committing and offset == partition.requested_offset:
                partition.committing = False
                if not failed:
                    partition.committed = offset
                    partition.acknowledged = partition.requested
                    moved_since = partition.mark.version != partition.acknowledged.version
                    partition.unacknowledged_s = partition.requested_s if moved_since else None

    def overdue_s(self, now_s: float) -> float:
        """For how long the oldest settled record has waited for a commit to be acknowledged."""
        return max(
            (now_s - each.unacknowledged_s for each in self.partitions.values() if each.unacknowledged_s is not None), default=0.0
        )

    def close(self, partition: Partition) -> None:
        """A partition left: what is not settled is read again by its next owner."""
        partition.closed = True
        del self.partitions[partition.name]
        self.released += len(partition.pending)
        resumed = self._backpressure.remove(partition.name)
        if resumed:
            self._resume(resumed)

    @property
    def unsettled(self) -> int:
        """Records received and not settled."""
        return sum(len(partition.pending) for partition in self.partitions.values())

    @property
    def resend_after_crash(self) -> int:
        """How many events a crash now would send again: those in flight, and those settled since the last acknowledged commit."""
        return sum(each.in_flight + each.settled - each.acknowledged.settled for each in self.partitions.values())

    @property
    def unaccounted(self) -> int:
        """Consumed records of which nothing is known. Must be 0."""
        known = self.skipped + self.delivered + self.duplicates + self.filtered.total() + self.dead_lettered.total()
        return self.consumed - known - self.unsettled - self.released

    def lag(self) -> Mapping[TopicPartition, int]:
        """Records between the commit and the end of each partition, where both are known."""
        return {
            name: max(0, partition.end_offset - partition.committed)
            for name, partition in self.partitions.items()
            if partition.end_offset is not None and partition.committed is not None
        }
