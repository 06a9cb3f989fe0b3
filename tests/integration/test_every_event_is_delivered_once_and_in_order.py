"""20,000 events of 500 keys over 6 partitions, on the real broker, to a destination behind a real socket."""

from __future__ import annotations

from support.connector_process import ConnectorProcess
from support.events import events
from support.judge import max_concurrent
from support.scenario import Scenario

EVENTS, KEYS, PARTITIONS = 20_000, 500, 6


def test_all_arrive_once_and_in_order_with_many_in_flight(scenario: Scenario) -> None:
    """Order per key costs no concurrency: the destination really holds 64 requests and more at once, none of them twice."""
    connector = _deliver(scenario, faults=[])
    evidence = scenario.assert_promises(repeats_at_most=0)
    assert len(evidence.arrivals) == EVENTS
    assert max_concurrent(evidence.arrivals) >= 64
    assert connector.total("delivered_total") == connector.total("consumed_total") == EVENTS
    assert connector.terminate() == 0


def test_a_third_of_first_attempts_fails_and_nothing_is_lost_or_overtaken(scenario: Scenario) -> None:
    """An event that waits for its next attempt holds its key and no other: 500 is answered to a third of first attempts."""
    unwell = {"identity": "callback_params.event_id", "attempts": 1, "rate": 1 / 3, "status": 500}
    connector = _deliver(scenario, faults=[unwell])
    evidence = scenario.assert_promises(repeats_at_most=0)
    refused = sum(1 for arrival in evidence.arrivals if arrival.status == 500)
    assert EVENTS * 0.3 < refused < EVENTS * 0.37
    assert len(evidence.arrivals) == EVENTS + refused
    assert max_concurrent(evidence.arrivals) >= 64
    assert connector.total("retries_total", reason="server_error") == refused


def _deliver(scenario: Scenario, faults: list[dict[str, object]]) -> ConnectorProcess:
    scenario.make_topics(PARTITIONS)
    scenario.produce(events(EVENTS, KEYS))
    scenario.start_sandbox(faults=faults, latency_ms=15)
    connector = scenario.start_connector()
    scenario.until_all_committed()
    assert not any(connector.sentinels().values())
    assert scenario.dead_letters() == []
    return connector
