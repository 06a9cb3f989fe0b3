"""Ordering under arbitrary interleavings of offers, ends, waits, revocations and returns."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connector.delivery.ordering import Lane, Ordering
from connector.record import TopicPartition

PARTITIONS = [TopicPartition("events", number) for number in range(3)]
KEYS = [b"a", b"b", "a", b""]
Item = tuple[TopicPartition, object, int]


class OrderingMachine(RuleBasedStateMachine):
    """A model that keeps one list a key."""

    def __init__(self) -> None:
        super().__init__()
        self.ordering: Ordering[Item] = Ordering()
        self.number = 0
        self.queued: dict[tuple[TopicPartition, object], list[int]] = {}
        self.flying: dict[Lane[Item], Item] = {}

    @rule(partition=st.sampled_from(PARTITIONS), key=st.sampled_from(KEYS))
    def offer(self, partition: TopicPartition, key: bytes | str) -> None:
        """An event arrives."""
        self.number += 1
        self.ordering.offer(partition, key, (partition, key, self.number))
        self.queued.setdefault((partition, key), []).append(self.number)

    @rule()
    def take(self) -> None:
        """What is taken is the oldest of its key, whose earlier one is over with; None only where nothing may be sent."""
        lane = self.ordering.take()
        busy = {(partition, key) for partition, key, _ in self.flying.values()}
        free = {lane_of for lane_of, numbers in self.queued.items() if numbers and lane_of not in busy}
        if lane is None:
            assert not free
            return
        partition, key, number = lane.head
        assert (partition, key) in free
        assert self.queued[partition, key].pop(0) == number
        self.flying[lane] = lane.head

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        """A head is over with."""
        self.ordering.done(self._any(data))

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """A head is to be sent again."""
        lane = self._any(data)
        partition, key, number = lane.head
        self.queued[partition, key].insert(0, number)
        self.ordering.again(lane)

    @rule(partition=st.sampled_from(PARTITIONS))
    def drop(self, partition: TopicPartition) -> None:
        """A partition leaves; what flies stays."""
        self.ordering.drop(partition)
        for lane_of in self.queued:
            if lane_of[0] == partition:
                self.queued[lane_of] = []

    def _any(self, data: st.DataObject) -> Lane[Item]:
        lane = data.draw(st.sampled_from(sorted(self.flying, key=lambda lane: lane.head[2])))
        del self.flying[lane]
        return lane

    @invariant()
    def one_in_flight_a_key(self) -> None:
        """No key of a partition has two events out."""
        keys = [(partition, key) for partition, key, _ in self.flying.values()]
        assert len(keys) == len(set(keys))


TestOrdering = OrderingMachine.TestCase
"""In order, one at a time, none forgotten."""
TestOrdering.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


def test_partitions_take_turns() -> None:
    """A partition with many keys does not starve one with few."""
    ordering: Ordering[int] = Ordering()
    for number in range(100):
        ordering.offer(PARTITIONS[0], b"%d" % number, number)
    ordering.offer(PARTITIONS[1], b"x", 1_000)
    first_two = [lane.head for _ in range(2) if (lane := ordering.take())]
    assert 1_000 in first_two


def test_a_hot_key_does_not_starve_others() -> None:
    """After each event of a key, the other keys of its partition have their turn."""
    ordering: Ordering[int] = Ordering()
    for number in range(50):
        ordering.offer(PARTITIONS[0], b"hot", number)
    ordering.offer(PARTITIONS[0], b"cold", 1_000)
    first = ordering.take()
    assert first is not None
    ordering.done(first)
    second = ordering.take()
    assert second is not None
    assert second.head == 1_000
