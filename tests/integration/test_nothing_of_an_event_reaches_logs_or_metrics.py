"""Payload, tokens, keys and device identifiers stay between Kafka and Adjust, whatever goes wrong and however much is logged."""

from __future__ import annotations

from support.events import device_id, events
from support.kafka_side import Raw
from support.scenario import Scenario, mapping_of

EVENTS, KEYS = 400, 20
S2S_TOKEN = "5ecretsecretsecretsecretsecret99"  # noqa: S105  # what is looked for


def test_the_log_at_its_lowest_level_and_the_metrics_hold_none_of_it(scenario: Scenario) -> None:
    """Retries, rejections, lost answers, corrupt records: each is told, by its place and its reason."""
    scenario.make_topics(partitions=2)
    mapping = mapping_of([scenario.topic])
    mapping["apps"]["shop"]["s2s_token"] = S2S_TOKEN
    scenario.write_mapping(mapping)
    scenario.start_sandbox(
        faults=[
            {"status": 500, "rate": 0.2},
            {"status": 400, "rate": 0.1, "body": '{"error":"Event request failed (Bad event state)"}'},
            {"action": "close", "rate": 0.05},
        ]
    )
    produced = events(EVENTS, KEYS)
    scenario.produce(produced)
    scenario.kafka.produce(scenario.topic, [Raw(b"\x00\x00\x00\x00\x01corrupt " + device_id(0).encode(), produced[0].key)])
    connector = scenario.start_connector({"log": {"level": "debug", "format": "json"}})
    scenario.until(lambda: sum(scenario.committed().values()) == EVENTS + 1, "everything is committed", within_s=90)
    metrics = connector.text("/metrics")
    readiness = connector.text("/readyz")
    connector.terminate()
    told = connector.log.read_text() + metrics + readiness
    assert "RetryScheduled" in told
    assert "DeadLettered" in told
    for number in range(KEYS):
        assert device_id(number) not in told
    for event in produced[:50]:
        assert event.key is not None
        assert event.key.decode() not in told
        for name in ("event_id", "order_id", "user_id"):
            assert str(event.fields[name]) not in told
    assert S2S_TOKEN not in told
    assert mapping["apps"]["shop"]["app_token"] not in told
