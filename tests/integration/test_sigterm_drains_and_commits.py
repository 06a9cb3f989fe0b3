"""SIGTERM under load: what a rolling deployment does many times a day."""

from __future__ import annotations

from support.events import events
from support.scenario import Scenario

EVENTS, KEYS = 8_000, 300


def test_what_is_in_flight_finishes_and_nothing_is_sent_again_after(scenario: Scenario) -> None:
    """The process ends with 0 after every request under way was answered and its offset committed; the next one repeats nothing."""
    scenario.make_topics(partitions=6)
    sandbox = scenario.start_sandbox(latency_ms=50)
    scenario.produce(events(EVENTS, KEYS))
    for _ in range(3):
        connector = scenario.start_connector()
        scenario.until_delivered(sandbox.delivered() + EVENTS // 8)
        assert connector.terminate() == 0
        summary = sandbox.summary()
        assert summary["open"] == 0, "a request was under way when the process ended"
        assert summary["delivered"] == summary["received"] < EVENTS
    scenario.start_connector()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)


def test_a_stop_with_nothing_to_do_commits_all(scenario: Scenario) -> None:
    """After the last event, a stop leaves the committed offsets at the ends and takes no time to speak of."""
    scenario.make_topics(partitions=2)
    scenario.start_sandbox()
    scenario.produce(events(100, keys=10))
    connector = scenario.start_connector({"commit": {"interval_ms": 60_000}})
    scenario.until_delivered(100)
    assert connector.terminate(within_s=15) == 0
    assert scenario.committed() == scenario.kafka.ends(scenario.topic)
