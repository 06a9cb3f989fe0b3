"""What Adjust rejects goes to the dead-letter topic byte for byte, says why, and holds nobody up."""

from __future__ import annotations

from support.events import avro, events, framed
from support.kafka_side import Raw
from support.scenario import Scenario

HEADERS = (
    ("trace", b"abc"),
    ("trace", None),
    ("trace", b"abc"),
    ("", b""),
    ("ключ-日本", b"\x00\xff\xfe"),
    ("connector.reason", b"mine"),
)
BODY = '{"error":"Event request failed (Bad event state)"}'


def test_key_value_and_headers_are_unchanged_and_the_key_goes_on(scenario: Scenario) -> None:
    """Headers that repeat, are null, empty or not ASCII come first and in order; ours follow; the key's next events are delivered."""
    scenario.make_topics(partitions=3)
    produced = events(300, keys=10)
    rejected = produced[100].fields["event_id"]
    scenario.start_sandbox(faults=[{"parameters": {"callback_params.event_id": rejected}, "status": 400, "body": BODY}])
    records = [
        Raw(framed(1, avro(each.fields)), each.key, HEADERS if each is produced[100] else (), None, 1_700_000_000_123)
        for each in produced
    ]
    places = scenario.produce_raw(produced, records)
    connector = scenario.start_connector()
    scenario.until_all_committed()

    (letter,) = scenario.dead_letters()
    original, (partition, offset) = records[100], places[100]
    assert (letter.key, letter.value) == (original.key, original.value)
    assert letter.headers[: len(HEADERS)] == HEADERS
    assert letter.partition == partition
    ours = {name: (value or b"").decode() for name, value in letter.headers[len(HEADERS) :]}
    assert all(name.startswith("connector.") for name in ours)
    expected = {
        "connector.topic": scenario.topic,
        "connector.partition": str(partition),
        "connector.offset": str(offset),
        "connector.timestamp_ms": "1700000000123",
        "connector.reason": "bad_event_state",
        "connector.rule": "purchase",
        "connector.app": "shop",
        "connector.verdict": "rejected",
        "connector.status": "400",
        "connector.body": BODY,
        "connector.attempts": "1",
    }
    assert {name: ours.get(name) for name in expected} == expected
    assert int(ours["connector.first_attempt_ms"]) <= int(ours["connector.last_attempt_ms"]) <= int(ours["connector.parked_ms"])

    evidence = scenario.assert_promises(repeats_at_most=0)
    after = [event for event in evidence.produced if event.order_key == original.key and event.offset > offset]
    assert len(after) == 19
    assert all(evidence.deliveries[event.event_id] == 1 for event in after)
    assert connector.total("dead_lettered_total", reason="bad_event_state") == 1
    assert not any(connector.sentinels().values())


def test_what_a_rule_drops_is_neither_sent_nor_dead_lettered(scenario: Scenario) -> None:
    """Filtering is an end of its own, counted by rule: the offset moves on and nothing is written anywhere."""
    scenario.make_topics(partitions=3)
    scenario.start_sandbox()
    produced = [
        each._replace(fields={**each.fields, "is_test": number % 5 == 0}) for number, each in enumerate(events(500, keys=20))
    ]
    scenario.produce(produced)
    connector = scenario.start_connector()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    assert scenario.sandbox.received() == 400
    assert connector.total("filtered_total", rule="internal-tests") == 100
    assert scenario.dead_letters() == []
