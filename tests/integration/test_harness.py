"""The real services answer as the other tests rely on: Kafka keeps bytes, order and commits; the registry keeps schemas."""

from __future__ import annotations

import io
import json
import uuid

import fastavro
import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from support.events import EVENT_SCHEMA, avro, event, framed
from support.kafka_cluster import KafkaCluster
from support.kafka_side import KafkaSide, Raw
from support.schema_registry import SchemaRegistry
from support.subjects import register


def test_the_broker_keeps_keys_values_and_headers_byte_for_byte(kafka: KafkaSide) -> None:
    """What is judged as byte-identical later rests on this: null and empty stay apart, headers repeat and keep their order."""
    topic = f"harness-{uuid.uuid4()}"
    kafka.make_topic(topic, partitions=3)
    headers = (("a", b"1"), ("a", None), ("", b""), ("häder-日本", b"\x00\xff"))
    raw = [Raw(b"\x00v", b"\xff\x00k", headers, 2, 1234), Raw(None, b""), Raw(b"", None)]
    places = kafka.produce(topic, raw)
    stored = {(record.partition, record.offset): record for record in kafka.read_all(topic)}
    assert len(stored) == 3
    for given, place in zip(raw, places, strict=True):
        assert (stored[place].key, stored[place].value, stored[place].headers) == (given.key, given.value, tuple(given.headers))
    assert places[0][0] == 2
    assert stored[places[0]].timestamp_ms == 1234


def test_a_commit_and_its_metadata_are_read_back(kafka: KafkaSide) -> None:
    """The judge reads progress from the broker: what a member committed is what `committed` shows."""
    topic, group = f"harness-{uuid.uuid4()}", f"group-{uuid.uuid4()}"
    kafka.make_topic(topic, partitions=2)
    kafka.produce(topic, [Raw(b"x", partition=1)] * 5)
    assert kafka.committed(group, topic) == {0: 0, 1: 0}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, 1, 4, "kept")], asynchronous=False)
    consumer.close()
    assert kafka.committed(group, topic) == {0: 0, 1: 4}
    assert kafka.committed_metadata(group, topic)[1] == "kept"
    assert kafka.ends(topic) == {0: 0, 1: 5}


def test_aborted_records_are_not_read(kafka: KafkaSide) -> None:
    """A transactional producer's aborted records take offsets and are never seen; the end stands behind the markers."""
    topic = f"harness-{uuid.uuid4()}"
    kafka.make_topic(topic, partitions=1)
    kafka.produce_in_transaction(topic, [Raw(b"kept")], commit=True)
    kafka.produce_in_transaction(topic, [Raw(b"gone")], commit=False)
    kafka.produce(topic, [Raw(b"last")])
    assert [record.value for record in kafka.read_all(topic)] == [b"kept", b"last"]
    assert kafka.ends(topic) == {0: 5}


def test_the_registry_returns_the_schema_of_an_id(registry: str) -> None:
    """Framed events can be read with what the registry gives for their id; an unknown id is Confluent's error 40403."""
    schema_id = register(registry, f"harness-{uuid.uuid4()}-value", EVENT_SCHEMA)
    answer = httpx.get(f"{registry}/schemas/ids/{schema_id}", trust_env=False)
    schema = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    one = event(7, 3, 1_700_000_000_000)
    message = framed(schema_id, avro(one.fields))
    read = fastavro.schemaless_reader(io.BytesIO(message[5:]), schema, None)
    assert isinstance(read, dict)
    assert read["event_id"] == "event-00000007"
    assert httpx.get(f"{registry}/schemas/ids/{schema_id + 10_000}", trust_env=False).json()["error_code"] == 40403


def test_a_registry_comes_back_with_its_schemas(own_registry: SchemaRegistry) -> None:
    """Tests that take the registry away rely on this: it is gone while stopped, and its ids are the same afterwards."""
    own_registry.start()
    schema_id = register(own_registry.url, "kept-value", EVENT_SCHEMA)
    own_registry.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{own_registry.url}/subjects", trust_env=False)
    own_registry.start()
    answer = httpx.get(f"{own_registry.url}/schemas/ids/{schema_id}", trust_env=False)
    assert json.loads(answer.json()["schema"]) == EVENT_SCHEMA


def test_a_cluster_of_three_survives_the_loss_of_one_node(own_cluster: KafkaCluster) -> None:
    """Three nodes replicate: what was acknowledged is there, and goes on being written, after one was killed and came back."""
    kafka = KafkaSide(own_cluster.bootstrap_servers)
    kafka.make_topic("three", partitions=3)
    kafka.produce("three", [Raw(b"before", partition=number) for number in range(3)])
    own_cluster.kill_node(2)
    kafka.produce("three", [Raw(b"without", partition=number) for number in range(3)])
    own_cluster.start_node(2)
    assert sorted(record.value or b"" for record in kafka.read_all("three")) == [b"before"] * 3 + [b"without"] * 3
    kafka.close()
