"""`kill -9`, five times, under load: what a power cut does to the promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from support.connector_process import ConnectorProcess
from support.events import events
from support.judge import Arrival
from support.scenario import Scenario

from connector.delivery import offset_map

EVENTS, KEYS, KILLS, IN_FLIGHT, LATENCY_MS = 9_000, 300, 5, 64, 30
COMMIT_LATENESS_S = 1.5
"""The commit interval (0.25 s), the broker's answer, and what a busy machine adds."""

UNWELL = {"identity": "callback_params.event_id", "attempts": 1, "rate": 0.03, "status": 500}
"""Some events wait for their next attempt when the kill comes, far behind what has settled meanwhile."""

Place = tuple[int, int]


def test_five_kills_lose_nothing_and_send_again_only_what_was_unsettled(scenario: Scenario) -> None:
    """Nothing is lost, first deliveries stay in order, and no event that the last commit named as settled is sent again.

    What may be sent again is what was in flight and what settled since that commit: nothing that was delivered well before
    the kill is among it. All events have one time, so that the destination's rule of chronological order takes a repeat.
    """
    scenario.make_topics(partitions=6)
    sandbox = scenario.start_sandbox(faults=[UNWELL], latency_ms=LATENCY_MS)
    scenario.produce(events(EVENTS, KEYS, step_ms=0))
    places = {event.event_id: (event.partition, event.offset) for event in scenario.produced}
    settled: set[Place] = set()
    may_repeat = seen = 0
    for number in range(KILLS):
        connector = _start(scenario)
        scenario.until_delivered(sandbox.delivered() + EVENTS // (KILLS + 1))
        connector.kill()
        arrivals = sandbox.arrivals()
        of_this_life, seen = arrivals[seen:], len(arrivals)
        _assert_nothing_settled_came_again(of_this_life, settled, places)
        known, settled = settled, _settled_by_the_last_commit(scenario)
        assert known <= settled, f"kill {number}: a commit forgot {len(known - settled)} settled events"
        unsettled = [arrival for arrival in of_this_life if places[arrival.event_id] not in settled]
        late = _delivered_long_ago(unsettled, of_this_life)
        assert not late, f"kill {number}: {len(late)} were delivered long before and are not committed, the first: {late[:3]}"
        may_repeat += len(unsettled)
    connector = _start(scenario)
    scenario.until_all_committed()
    evidence = scenario.assert_promises(repeats_at_most=may_repeat)
    _assert_nothing_settled_came_again(evidence.arrivals[seen:], settled, places)
    assert evidence.repeats <= KILLS * IN_FLIGHT * (1 + COMMIT_LATENESS_S * 1000 / LATENCY_MS)
    assert not any(connector.sentinels().values())
    assert scenario.dead_letters() == []


def _start(scenario: Scenario) -> ConnectorProcess:
    """A static member: its successor gets the partitions at once instead of after the session timeout."""
    return scenario.start_connector(
        {
            "kafka": {"group.instance.id": "the-one"},
            "delivery": {"max_in_flight": IN_FLIGHT},
            "retry": {"initial_s": 3.0, "max_s": 3.0},
        }
    )


def _settled_by_the_last_commit(scenario: Scenario) -> set[Place]:
    """Read from the broker which offsets the group has named as settled: before the committed one, and in its metadata."""
    metadata = scenario.kafka.committed_metadata(scenario.group, scenario.topic)
    settled: set[Place] = set()
    for partition, committed in scenario.committed().items():
        settled |= {(partition, offset) for offset in range(committed)}
        for first, last in offset_map.decode(committed, metadata[partition]):
            settled |= {(partition, offset) for offset in range(first, last + 1)}
    return settled


def _delivered_long_ago(unsettled: list[Arrival], arrivals: list[Arrival]) -> list[Arrival]:
    """Return what was delivered longer before the last arrival than a commit may take."""
    last_s = max(arrival.arrived_s for arrival in arrivals)
    return [each for each in unsettled if each.answered_s is not None and each.answered_s < last_s - COMMIT_LATENESS_S]


def _assert_nothing_settled_came_again(later: Sequence[Arrival], settled: set[Place], places: Mapping[str, Place]) -> None:
    repeated = [arrival for arrival in later if places[arrival.event_id] in settled]
    assert not repeated, f"{len(repeated)} events were sent again although the last commit named them as settled: {repeated[:5]}"
