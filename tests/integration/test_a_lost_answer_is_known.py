"""A destination that reads a request and closes the connection: the request may have been counted, and nobody knows."""

from __future__ import annotations

from collections import Counter

from support.events import events
from support.scenario import Scenario

EVENTS, KEYS = 6_000, 200


def test_each_lost_answer_is_counted_and_none_is_repeated_behind_the_connectors_back(scenario: Scenario) -> None:
    """The HTTP client does not send a POST again by itself when a kept-alive connection is closed after a request was read.

    It happens to one event in fifty. Each arrival beyond the first of its event is a retry that the connector decided on and counted.
    """
    scenario.make_topics(partitions=6)
    lost = {"identity": "callback_params.event_id", "attempts": 1, "rate": 0.02, "action": "close"}
    sandbox = scenario.start_sandbox(faults=[lost], latency_ms=5)
    scenario.produce(events(EVENTS, KEYS))
    connector = scenario.start_connector()
    scenario.until_all_committed()
    evidence = scenario.assert_promises(repeats_at_most=0)
    closed = sandbox.summary()["unanswered"]
    assert closed > EVENTS * 0.01
    assert connector.total("retries_total", reason="maybe_sent") == closed
    assert connector.total("requests_total") == sandbox.received() == EVENTS + closed
    arrived = Counter(arrival.event_id for arrival in evidence.arrivals)
    unanswered = Counter(arrival.event_id for arrival in evidence.arrivals if arrival.status is None)
    assert {event: count - 1 for event, count in arrived.items() if count > 1} == dict(unanswered)
    assert not any(connector.sentinels().values())


def test_a_lost_answer_of_an_event_that_was_counted_is_a_repeat_in_order(scenario: Scenario) -> None:
    """Where the destination had counted the event before it closed, the retry is the one repeat that cannot be avoided.

    The key's next event waits for it all the same.
    """
    scenario.make_topics(partitions=3)
    lost = {"identity": "callback_params.event_id", "attempts": 1, "rate": 0.05, "action": "close", "counts": True}
    sandbox = scenario.start_sandbox(faults=[lost])
    scenario.produce(events(2_000, keys=100))
    connector = scenario.start_connector()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    counted = Counter(entry["parameters"]["callback_params"] for entry in sandbox.requests() if entry["counted"])
    assert sum(count - 1 for count in counted.values()) == connector.total("retries_total", reason="maybe_sent") > 0
