"""The judge finds what it is there to find: each broken promise, made by hand, is named; a clean run is not."""

from __future__ import annotations

import pytest
from support.judge import Arrival, Evidence, Produced, assert_promises, max_concurrent

PRODUCED = [Produced(f"e{number}", 0, number, b"k" if number % 2 else b"l") for number in range(6)]
CLEAN = [Arrival(number + 1, f"e{number}", number * 1.0, number + 0.5, 200) for number in range(6)]


def test_a_clean_run_passes() -> None:
    """Everything delivered once, one after the other."""
    assert_promises(Evidence(PRODUCED, CLEAN, committed={0: 6}))


def test_a_missing_event_is_found() -> None:
    """An event that never arrived is lost, the more so when a commit has passed it."""
    evidence = Evidence(PRODUCED, [each for each in CLEAN if each.event_id != "e3"], committed={0: 6})
    assert [event.event_id for event in evidence.committed_unsettled()] == ["e3"]
    with pytest.raises(AssertionError, match="1 events are lost"):
        assert_promises(evidence)


def test_an_event_that_was_only_refused_is_found() -> None:
    """A 500 is no delivery."""
    arrivals = [each._replace(status=500) if each.event_id == "e2" else each for each in CLEAN]
    with pytest.raises(AssertionError, match="lost"):
        assert_promises(Evidence(PRODUCED, arrivals))


def test_a_dead_letter_settles_and_a_filtered_event_owes_nothing() -> None:
    """The three ways to end: delivered, dead-lettered, filtered."""
    produced = [*PRODUCED, Produced("f", 0, 6, b"k", filtered=True)]
    arrivals = [each._replace(status=400) if each.event_id == "e2" else each for each in CLEAN]
    assert_promises(Evidence(produced, arrivals, dead_letters=[(0, 2)]))
    with pytest.raises(AssertionError, match="filtered by a rule and sent"):
        assert_promises(Evidence(produced, [*arrivals, Arrival(7, "f", 9.0, 9.1, 200)], dead_letters=[(0, 2)]))


def test_a_first_delivery_before_an_earlier_one_is_found() -> None:
    """Of one key, e1 comes before e3: whoever swaps them is caught, and so is who sends e3 while e1 was only refused."""
    swapped = [Arrival(1, "e3", 0.0, 0.1, 200), Arrival(2, "e1", 1.0, 1.1, 200), *CLEAN[4:]]
    assert Evidence(PRODUCED, swapped).overtakers() == ["e3"]
    retried = [Arrival(1, "e1", 0.0, 0.1, 500), Arrival(2, "e3", 1.0, 1.1, 200), Arrival(3, "e1", 2.0, 2.1, 200)]
    assert Evidence(PRODUCED, retried).overtakers() == ["e3"]


def test_a_repeat_in_order_is_no_overtaking_but_is_counted() -> None:
    """After a crash e1 and e3 come again: their first deliveries were in order."""
    again = [*CLEAN, Arrival(7, "e1", 10.0, 10.1, 200), Arrival(8, "e3", 11.0, 11.1, 200)]
    evidence = Evidence(PRODUCED, again)
    assert evidence.overtakers() == []
    assert evidence.repeats == 2
    assert_promises(evidence, repeats_at_most=2)
    with pytest.raises(AssertionError, match="2 events were delivered again"):
        assert_promises(evidence, repeats_at_most=1)


def test_two_requests_of_a_key_at_once_are_found() -> None:
    """e1 and e3 share a key: e3 may not arrive before e1 is answered."""
    arrivals = [Arrival(1, "e1", 0.0, 2.0, 200), Arrival(2, "e3", 1.0, 3.0, 200)]
    assert Evidence(PRODUCED, arrivals).overlaps() == ["e3"]


def test_concurrency_is_counted_from_arrivals_and_answers() -> None:
    """Three requests of which two overlap, and one begins when another ends."""
    arrivals = [Arrival(1, "a", 0.0, 2.0, 200), Arrival(2, "b", 1.0, 3.0, 200), Arrival(3, "c", 3.0, 4.0, 200)]
    assert max_concurrent(arrivals) == 2
