"""Records that cannot become a request: dead-lettered as they are, while everything around them is delivered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.events import EVENT_SCHEMA, Event, avro, event, events, framed, recent_ms
from support.kafka_side import KafkaSide, Raw
from support.scenario import Scenario
from support.subjects import register

KEYS_OF_ANY_BYTES = [None, b"", b"\x00", b"\xff\xfe\xfd", "ключ".encode(), b"a" * 1000]


@pytest.fixture
def with_registry(tmp_path: Path, kafka: KafkaSide, registry: str) -> Iterator[Scenario]:
    """Give a scenario that reads schemas from the shared registry."""
    mine = Scenario(tmp_path, kafka, registry)
    yield mine
    mine.close()


def test_what_is_wrong_in_a_record_is_dead_lettered_with_its_reason(with_registry: Scenario, registry: str) -> None:
    """Each kind of bad record stands between good ones of the same partition and key: the good ones are delivered, in order."""
    scenario = with_registry
    schema_id = register(registry, f"{scenario.topic}-value", EVENT_SCHEMA)
    body = avro(event(0, 0, 0).fields)
    bad = {
        "corrupt_avro": framed(schema_id, body[: len(body) // 2]),
        "trailing_bytes": framed(schema_id, body + b"\x00more"),
        "unknown_schema_id": framed(999_999, body),
        "empty_value": None,
    }
    bad_records = [*bad.items(), ("empty_value", b""), ("corrupt_avro", framed(schema_id, os.urandom(900_000)))]
    scenario.make_topics(partitions=1)
    scenario.start_sandbox()
    good = events(350, keys=7)
    expected = []
    for number, (reason, value) in enumerate(bad_records):
        some = good[number * 50 : number * 50 + 50]
        scenario.produce(some, schema_id)
        record = Raw(value, some[-1].key, (("source", b"backend"),))
        (place,) = scenario.kafka.produce(scenario.topic, [record])
        expected.append((place, reason, record))
    scenario.produce(good[300:], schema_id)
    connector = scenario.start_connector()
    scenario.until_all_committed()
    letters = {(letter.partition, int(letter.header("connector.offset") or -1)): letter for letter in scenario.dead_letters()}
    assert letters.keys() == {place for place, _, _ in expected}
    for place, reason, record in expected:
        letter = letters[place]
        assert (letter.header("connector.reason"), letter.key, letter.value) == (reason, record.key, record.value)
        assert letter.headers[0] == ("source", b"backend")
    evidence = scenario.assert_promises(repeats_at_most=0)
    assert len(evidence.deliveries) == 350
    assert not any(connector.sentinels().values())


def test_large_values_and_keys_of_any_bytes_are_delivered(scenario: Scenario) -> None:
    """900 KB in a field that no rule reads is no reason to refuse; a key is bytes, whatever they are."""
    scenario.make_topics(partitions=1)
    scenario.start_sandbox()
    produced: list[Event] = []
    start_ms = recent_ms()
    for number, key in enumerate(KEYS_OF_ANY_BYTES * 10):
        large = {"screen": "x" * 900_000} if number % 10 == 0 else {}
        produced.append(event(number, number % len(KEYS_OF_ANY_BYTES), start_ms + number * 10, **large)._replace(key=key))
    scenario.produce(produced)
    connector = scenario.start_connector()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    assert scenario.sandbox.delivered() == len(produced)
    assert scenario.dead_letters() == []
    assert not any(connector.sentinels().values())


def test_aborted_records_are_not_delivered(scenario: Scenario) -> None:
    """A transactional backend that aborts means it: what it aborted is not sent, and the gaps it leaves hold nothing up."""
    scenario.make_topics(partitions=1)
    scenario.start_sandbox()
    kept = events(60, keys=5)
    for number in range(3):
        some = kept[number * 20 : number * 20 + 20]
        records = [Raw(framed(1, avro(each.fields)), each.key) for each in some]
        aborted = [Raw(framed(1, avro(each.fields)), each.key) for each in events(20, keys=5, first=1000 + number * 20)]
        scenario.kafka.produce_in_transaction(scenario.topic, aborted, commit=False)
        scenario.remember(some, records, scenario.kafka.produce_in_transaction(scenario.topic, records, commit=True))
    scenario.start_connector()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    assert scenario.sandbox.received() == 60
