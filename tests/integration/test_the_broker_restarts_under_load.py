"""A broker that goes away under load and comes back: nothing lost, order kept, and little sent again."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.events import events
from support.kafka_cluster import KafkaCluster
from support.kafka_side import KafkaSide
from support.scenario import Scenario

EVENTS, KEYS = 8_000, 300
IN_FLIGHT, LATENCY_MS = 32, 40.0
UNACKNOWLEDGED_S = 2.0 + 0.5
"""How long the connector goes on delivering without an acknowledged commit, and two intervals at which it looks."""
NODE = 1


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_little_is_sent_again_after_the_only_broker_was_away(own_broker: KafkaCluster, tmp_path: Path, way: str) -> None:
    """The connector survives, stops delivering what it cannot commit and says so, and goes on when the broker is back."""
    scenario = Scenario(tmp_path, KafkaSide(own_broker.bootstrap_servers))
    try:
        scenario.make_topics(partitions=6)
        scenario.start_sandbox(latency_ms=LATENCY_MS)
        scenario.produce(events(EVENTS, KEYS))
        connector = scenario.start_connector({"delivery": {"max_in_flight": IN_FLIGHT}})
        scenario.until_delivered(EVENTS // 8)
        if way == "stop":
            own_broker.stop_node(NODE)
        else:
            own_broker.kill_node(NODE)
        scenario.until(lambda: connector.get("/readyz") == 503, "the connector says that it is not ready", within_s=30)
        own_broker.start_node(NODE)
        scenario.until_all_committed(within_s=180)
        evidence = scenario.assert_promises(repeats_at_most=int(UNACKNOWLEDGED_S * IN_FLIGHT * 1000 / LATENCY_MS) + IN_FLIGHT)
        assert evidence.repeats < EVENTS // 2
        assert not any(connector.sentinels().values())
    finally:
        scenario.close()
