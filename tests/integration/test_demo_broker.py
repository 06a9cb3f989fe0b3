"""The demo's own view of Kafka: what it writes lies where it says, and what it reads back is all there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, TopicPartition

from connector.demo.broker import EmbeddedBroker, KafkaSide
from connector.demo.generator import Generator
from connector.demo.producing import produce
from connector.errors import ServiceUnavailableError

NOW_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    """An embedded Kafka of its own."""
    with closing(EmbeddedBroker()) as made:
        yield made


def test_samples_lie_in_the_order_of_their_device_and_come_back_byte_for_byte(embedded: EmbeddedBroker) -> None:
    """Events of a device share a partition, in their order; keys, values and headers are what was produced."""
    kafka = KafkaSide(embedded.bootstrap_servers, "ordered", "ordered")
    samples = list(Generator(3, NOW_MS, 500).samples())
    kafka.await_topics()
    placed = kafka.produce(samples)
    assert len(placed) == len(samples)
    for device in {sample.device for sample in samples}:
        places = [placed[sample.number] for sample in samples if sample.device == device]
        assert len({place.partition for place in places}) == 1
        assert places == sorted(places)
    letters = {(letter.key, letter.value, tuple(letter.headers)) for letter in kafka.dead_letters()}
    assert letters == {(sample.key, sample.value, tuple(sample.headers)) for sample in samples}


def test_commits_of_a_group_are_read(embedded: EmbeddedBroker) -> None:
    """The demo sees the offsets that another client has committed, and nothing where none has."""
    counts = produce(embedded.bootstrap_servers, None, "committed", 100, seed=1)
    kafka = KafkaSide(embedded.bootstrap_servers, "committed", "committed.dead-letter")
    assert kafka.committed("somebody") == {}
    with closing(Consumer({"bootstrap.servers": embedded.bootstrap_servers, "group.id": "somebody", "log_level": 2})) as consumer:
        consumer.commit(offsets=[TopicPartition("committed", 0, counts[0])], asynchronous=False)
    assert kafka.committed("somebody") == {0: counts[0]}


def test_a_registry_that_is_not_there_is_named(embedded: EmbeddedBroker) -> None:
    """Nothing is produced when the schema cannot be registered; the message names the registry."""
    with pytest.raises(ServiceUnavailableError, match=r"schema registry http://127\.0\.0\.1:1"):
        produce(embedded.bootstrap_servers, "http://127.0.0.1:1", "unregistered", 10, seed=1)
