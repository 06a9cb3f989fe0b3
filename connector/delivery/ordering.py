"""Which event may be sent now: in order per key, one in flight per key, fair between partitions and between keys.

    partition A  ready:  k1  k7            a lane is one key of one partition: a queue of events, the head flies
    partition B  ready:  k2
    turn         A, B, A, ...              take() goes round the partitions, and round the keys within each

**Rule**: at most one event of a lane is out of its queue at any time, also across a revocation and the return of its partition; a lane
whose head waits holds its followers and no one else. Does not know requests, time or limits.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from connector.record import TopicPartition

Item = TypeVar("Item")


class Lane(Generic[Item]):
    """The events of one key of one partition. While `busy`, the head is in flight or waits; it stays at `queue[0]` until it is done."""

    __slots__ = ("busy", "key", "last_offset", "owner", "queue")

    def __init__(self, owner: _Partition[Item], key: bytes | str) -> None:
        self.owner = owner
        self.key = key
        self.queue: deque[Item] = deque()
        self.busy = False
        self.last_offset = -1
        """Offset of the event that was sent first most recently: a sentinel compares the next one with it."""

    @property
    def head(self) -> Item:
        """The event whose turn it is."""
        return self.queue[0]


class _Partition(Generic[Item]):
    __slots__ = ("lanes", "ready", "scheduled")

    def __init__(self) -> None:
        self.lanes: dict[bytes | str, Lane[Item]] = {}
        self.ready: deque[Lane[Item]] = deque()
        self.scheduled = False


class Ordering(Generic[Item]):
    """All lanes of all partitions, and whose turn it is."""

    __slots__ = ("_partitions", "_turn")

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition[Item]] = {}
        self._turn: deque[_Partition[Item]] = deque()

    def offer(self, topic_partition: TopicPartition, key: bytes | str, item: Item) -> None:
        """Queue `item` behind the earlier events of its key."""
        partition = self._partitions.get(topic_partition)
        if partition is None:
            partition = self._partitions[topic_partition] = _Partition()
        lane = partition.lanes.get(key)
        if lane is None:
            lane = partition.lanes[key] = Lane(partition, key)
            partition.ready.append(lane)
            if not partition.scheduled:
                self._schedule(partition)
        lane.queue.append(item)

    def take(self) -> Lane[Item] | None:
        """Return the lane whose head is to be sent next, now busy; None where nothing may be sent."""
        if not self._turn:
            return None
        partition = self._turn.popleft()
        lane = partition.ready.popleft()
        if partition.ready:
            self._turn.append(partition)
        else:
            partition.scheduled = False
        lane.busy = True
        return lane

    def done(self, lane: Lane[Item]) -> None:
        """The head of a busy lane is over with: its next event gets in line, behind the other keys of its partition."""
        lane.queue.popleft()
        lane.busy = False
        if lane.queue:
            lane.owner.ready.append(lane)
            if not lane.owner.scheduled:
                self._schedule(lane.owner)
        else:
            del lane.owner.lanes[lane.key]

    def again(self, lane: Lane[Item]) -> None:
        """The head of a busy lane has waited: it is the next of its partition to be taken."""
        lane.busy = False
        lane.owner.ready.appendleft(lane)
        if not lane.owner.scheduled:
            self._schedule(lane.owner)

    def drop(self, topic_partition: TopicPartition) -> None:
        """Forget every event of a partition that is not the head of a busy lane; those end with `done` as ever.

        A key that comes back with the partition waits behind such a head.
        """
        partition = self._partitions.get(topic_partition)
        if partition is None:
            return
        if partition.scheduled:
            self._turn.remove(partition)
            partition.scheduled = False
        partition.ready.clear()
        for lane in [*partition.lanes.values()]:
            if lane.busy:
                head = lane.queue[0]
                lane.queue.clear()
                lane.queue.append(head)
                lane.last_offset = -1
            else:
                del partition.lanes[lane.key]
        if not partition.lanes:
            del self._partitions[topic_partition]

    def _schedule(self, partition: _Partition[Item]) -> None:
        partition.scheduled = True
        self._turn.append(partition)
