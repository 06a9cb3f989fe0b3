"""The ledger under arbitrary interleavings, against a model that knows everything."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connector.delivery import offset_map
from connector.delivery.ledger import Ledger


class LedgerMachine(RuleBasedStateMachine):
    """Receive with gaps, settle in any order, crash and come back with what was committed."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[int] = []
        self.end = 0
        self.settled: set[int] = set()
        self.committed: tuple[int | None, str] = (None, "")
        self._start(None, "")

    def _start(self, next_offset: int | None, metadata: str) -> None:
        runs = offset_map.decode(next_offset, metadata) if next_offset is not None else ()
        self.ledger = Ledger(next_offset, runs)
        self.position = next_offset or 0
        self.received: list[int] = []
        self.open: set[int] = set()

    @rule(gap=st.sampled_from([0, 0, 0, 1, 5, 1_000_000]))
    def produce(self, gap: int) -> None:
        """A record is written, after a gap that compaction or a transaction left."""
        self.log.append(self.end + gap)
        self.end = self.log[-1] + 1

    @precondition(lambda self: any(offset >= self.position for offset in self.log))
    @rule(count=st.integers(1, 20))
    def receive(self, count: int) -> None:
        """The next records arrive; those that an earlier owner settled are to be skipped, and only those."""
        for offset in [each for each in self.log if each >= self.position][:count]:
            self.position = offset + 1
            self.received.append(offset)
            is_new = self.ledger.track(offset)
            assert is_new or offset in self.settled
            if is_new:
                self.open.add(offset)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """Any record in memory is settled."""
        offset = data.draw(st.sampled_from(sorted(self.open)))
        assert self.ledger.settle(offset)
        assert not self.ledger.settle(offset)
        self.open.remove(offset)
        self.settled.add(offset)

    @rule(room=st.sampled_from([3_500, 20, 12]))
    def commit(self, room: int) -> None:
        """Progress is committed, with little room for the map at times."""
        committable = self.ledger.committable
        if committable is not None:
            self.committed = (committable, offset_map.encode(committable, self.ledger.beyond(), room))

    @rule()
    def crash(self) -> None:
        """The process dies and starts from the last commit: what was settled since is forgotten, nothing else."""
        next_offset, metadata = self.committed
        known = {
            offset
            for start, end in offset_map.decode(next_offset or 0, metadata)
            for offset in range(start, min(end, self.end) + 1)
        }
        self.settled = {offset for offset in self.settled if offset < (next_offset or 0) or offset in known}
        self._start(next_offset, metadata)

    @invariant()
    def nothing_unsettled_is_passed(self) -> None:
        """What would be committed lies above no record that is not settled."""
        committable = self.ledger.committable
        if committable is not None:
            assert all(offset in self.settled for offset in self.log if offset < committable)

    @invariant()
    def the_map_names_settled_records_only(self) -> None:
        """What is committed beyond the prefix was settled."""
        runs = self.ledger.beyond()
        for offset in self.log:
            if any(start <= offset <= end for start, end in runs):
                assert offset in self.settled

    @invariant()
    def the_prefix_reaches_the_first_unsettled(self) -> None:
        """The commit does not lag: with nothing open, everything received is behind it."""
        assert self.ledger.unsettled == len(self.open)
        if self.received and not self.open:
            assert self.ledger.committable == self.received[-1] + 1


TestLedger = LedgerMachine.TestCase
"""Nothing is passed, skipped or forgotten, whatever the order of events."""
TestLedger.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
