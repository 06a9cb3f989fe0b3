"""The ledger in single situations; `tests/property/test_ledger.py` has all others."""

from __future__ import annotations

from connector.delivery.ledger import Ledger


def test_gaps_make_no_runs_of_their_own() -> None:
    """A topic with a marker after each record reads like one without: nothing settled means nothing beyond the prefix."""
    ledger = Ledger(0)
    for offset in range(0, 2_000, 2):
        assert ledger.track(offset)
    assert ledger.runs == 0
    assert ledger.settle(1_000)
    assert ledger.beyond() == [(1_000, 1_001)]
    for offset in range(0, 2_000, 2):
        ledger.settle(offset)
    assert (ledger.committable, ledger.runs, ledger.unsettled) == (1_999, 0, 0)


def test_a_gap_behind_a_settled_record_is_passed_at_once() -> None:
    """The commit moves over offsets that hold no record, and never over one that is not settled."""
    ledger = Ledger(10)
    assert ledger.track(10)
    assert ledger.settle(10)
    assert ledger.track(5_000_000)
    assert ledger.committable == 5_000_000
    assert ledger.track(5_000_003)
    assert ledger.settle(5_000_003)
    assert ledger.committable == 5_000_000
    assert ledger.settle(5_000_000)
    assert ledger.committable == 5_000_004
