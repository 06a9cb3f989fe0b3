"""The schema registry is outside the record: while it is down the connector waits, and nothing is lost or dead-lettered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.events import EVENT_SCHEMA, Event, events
from support.kafka_side import KafkaSide
from support.scenario import Scenario, mapping_of
from support.schema_registry import SchemaRegistry
from support.subjects import register

WIDER_SCHEMA = {**EVENT_SCHEMA, "doc": "The same with another id."}


@pytest.fixture
def with_registry(tmp_path: Path, kafka: KafkaSide, own_registry: SchemaRegistry) -> Iterator[Scenario]:
    """Give a scenario whose framed records name schemas of a registry that runs, and that the test may stop."""
    own_registry.start()
    mine = Scenario(tmp_path, kafka, own_registry.url)
    yield mine
    mine.close()


def test_down_at_the_start_it_waits_and_then_delivers(with_registry: Scenario, own_registry: SchemaRegistry) -> None:
    """Rules are checked against a schema file; the first record's schema id can be asked for later: not ready, not lost."""
    scenario = with_registry
    schema_id = register(own_registry.url, f"{scenario.topic}-value", EVENT_SCHEMA)
    own_registry.stop()
    scenario.make_topics(partitions=3)
    scenario.start_sandbox()
    scenario.produce(events(300, keys=20), schema_id)
    connector = scenario.start_connector()
    scenario.until(lambda: connector.get("/livez") == 200, "the connector lives", within_s=30)
    scenario.until(
        lambda: connector.total("facts_total", fact="SchemaUnavailable") > 0, "the registry was asked in vain", within_s=60
    )
    assert connector.get("/readyz") == 503
    assert scenario.sandbox.received() == 0
    own_registry.start()
    _delivered_in_the_end(scenario)


def test_down_in_the_middle_known_schemas_go_on_and_a_new_one_waits(
    with_registry: Scenario, own_registry: SchemaRegistry
) -> None:
    """A schema that was seen needs no registry; a record with a new id holds its partition, and its partition only."""
    scenario = with_registry
    first_id = register(own_registry.url, f"{scenario.topic}-value", EVENT_SCHEMA)
    second_id = register(own_registry.url, f"{scenario.topic}-value", WIDER_SCHEMA)
    assert first_id != second_id
    scenario.make_topics(partitions=2)
    scenario.start_sandbox()
    scenario.produce(_on(0, events(50, keys=5)) + _on(1, events(50, keys=5, first=50, first_key=5)), first_id)
    scenario.start_connector()
    scenario.until_delivered(100)
    own_registry.stop()
    scenario.produce(_on(0, events(100, keys=5, first=100)), second_id)
    scenario.produce(_on(0, events(100, keys=5, first=200)), first_id)
    scenario.produce(_on(1, events(100, keys=5, first=300, first_key=5)), first_id)
    scenario.until_delivered(200)
    numbers = {arrival.event_id for arrival in scenario.sandbox.arrivals()}
    assert numbers == {f"event-{number:08d}" for number in [*range(100), *range(300, 400)]}
    own_registry.start()
    _delivered_in_the_end(scenario)


def test_rules_are_checked_against_a_subject_once_the_registry_answers(
    with_registry: Scenario, own_registry: SchemaRegistry
) -> None:
    """With `schema: {subject: ...}` the rules cannot be checked without the registry: the start waits for it."""
    scenario = with_registry
    schema_id = register(own_registry.url, f"{scenario.topic}-value", EVENT_SCHEMA)
    scenario.write_mapping(mapping_of([scenario.topic], schema={"subject": f"{scenario.topic}-value"}))
    own_registry.stop()
    scenario.make_topics(partitions=2)
    scenario.start_sandbox()
    scenario.produce(events(100, keys=10), schema_id)
    connector = scenario.start_connector()
    own_registry.start()
    assert connector.process.exit_code is None
    _delivered_in_the_end(scenario)


def _on(partition: int, given: list[Event]) -> list[Event]:
    return [each._replace(partition=partition) for each in given]


def _delivered_in_the_end(scenario: Scenario) -> None:
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    assert scenario.dead_letters() == []
