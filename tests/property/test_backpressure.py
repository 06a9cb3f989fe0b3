"""Backpressure: memory is bounded, nobody starves, nobody stays paused."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connector.delivery.backpressure import Backpressure
from connector.record import TopicPartition

PARTITIONS = [TopicPartition("events", number) for number in range(4)]
MAX_RECORDS, MAX_BYTES, LARGEST = 40, 2_000, 100


class BackpressureMachine(RuleBasedStateMachine):
    """Partitions come, fill, drain and go; one that is paused receives nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.backpressure = Backpressure(MAX_RECORDS, MAX_BYTES)
        self.held: dict[TopicPartition, list[int]] = {}
        self.paused: set[TopicPartition] = set()

    @precondition(lambda self: len(self.held) < len(PARTITIONS))
    @rule()
    def come(self) -> None:
        """A partition is assigned."""
        name = next(each for each in PARTITIONS if each not in self.held)
        self.backpressure.add(name)
        self.held[name] = []

    @precondition(lambda self: set(self.held) - self.paused)
    @rule(data=st.data(), size=st.integers(0, LARGEST))
    def receive(self, data: st.DataObject, size: int) -> None:
        """A record of a partition that is read arrives."""
        name = data.draw(st.sampled_from(sorted(set(self.held) - self.paused)))
        self.held[name].append(size)
        if self.backpressure.receive(name, 1, size):
            self.paused.add(name)

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A record is settled."""
        name = data.draw(st.sampled_from(sorted(name for name, sizes in self.held.items() if sizes)))
        self.paused -= set(self.backpressure.release(name, self.held[name].pop()))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        """A partition is revoked."""
        name = data.draw(st.sampled_from(sorted(self.held)))
        del self.held[name]
        self.paused.discard(name)
        self.paused -= set(self.backpressure.remove(name))

    @invariant()
    def it_counts_what_is_held(self) -> None:
        """The sums are those of the records in memory."""
        assert self.backpressure.records == sum(map(len, self.held.values()))
        assert self.backpressure.size_bytes == sum(map(sum, self.held.values()))
        assert self.backpressure.paused == len(self.paused)

    @invariant()
    def an_empty_partition_is_read(self) -> None:
        """Nobody stays paused with nothing in memory: it would never be resumed."""
        assert not any(not self.held[name] for name in self.paused)


TestBackpressure = BackpressureMachine.TestCase
"""Counts and liveness under any interleaving."""
TestBackpressure.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def test_memory_is_bounded_while_one_partition_is_stuck() -> None:
    """A partition that settles nothing is paused; the others go on, each up to its share."""
    backpressure = Backpressure(MAX_RECORDS, 10**9)
    for name in PARTITIONS:
        backpressure.add(name)
    stuck, *others = PARTITIONS
    while not backpressure.receive(stuck, 1, 1):
        pass
    assert backpressure.records == MAX_RECORDS
    assert not backpressure.receive(others[0], 1, 1)
    backpressure.release(others[0], 1)
    for name in others:
        while not backpressure.receive(name, 1, 1):
            pass
    assert backpressure.records <= 2 * MAX_RECORDS
