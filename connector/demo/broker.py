"""Kafka as the demo uses it: librdkafka's embedded cluster, and the few questions asked of any cluster.

The embedded cluster lives in the process as long as the producer that it belongs to. It keeps topics, groups and commits in
memory, makes a topic when its metadata is asked for, and gives each four partitions.

**Rule**: the calls that wait (all but `bootstrap_servers`) are for a thread of their own, not for the event loop. Knows nothing of
the connector, whose commits and dead letters it reads as any other client would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from connector.demo.sample import Sample
from connector.errors import ServiceUnavailableError

QUIET = {"log_level": 2}
TIMEOUT_S = 15.0


class Placed(NamedTuple):
    """Where a sample came to lie."""

    partition: int
    offset: int


class Letter(NamedTuple):
    """A record of the dead-letter topic."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class EmbeddedBroker:
    """A Kafka cluster of one broker inside this process; `close` ends it."""

    def __init__(self) -> None:
        self._owner: Any = Producer({"test.mock.num.brokers": 1, **QUIET})
        brokers = self._owner.list_topics(timeout=TIMEOUT_S).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def close(self) -> None:
        """End the cluster and everything in it."""
        self._owner = None


class KafkaSide:
    """What the demo asks of the cluster at `bootstrap_servers` about one topic."""

    def __init__(self, bootstrap_servers: str, topic: str, dead_letter_topic: str) -> None:
        self._address: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, **QUIET}
        self.topic = topic
        self.dead_letter_topic = dead_letter_topic

    def await_topics(self) -> None:
        """See that both topics are there; asking makes them where the cluster makes topics by itself.

        Raises `ServiceUnavailableError` naming what is missing.
        """
        for topic in (self.topic, self.dead_letter_topic):
            if not self._partitions(topic):
                raise ServiceUnavailableError(f"the topic {topic} does not exist: make it, with as many partitions as its origin")

    def produce(self, samples: Iterable[Sample]) -> dict[int, Placed]:
        """Write the samples in their order and return where each came to lie, by number, once all are acknowledged."""
        producer: Any = Producer(self._address | {"enable.idempotence": True, "linger.ms": 5})
        placed: dict[int, Placed] = {}
        refused: list[str] = []
        for sample in samples:

            def acknowledged(error: KafkaError | None, message: Any, number: int = sample.number) -> None:  # noqa: ANN401  # untyped library
                if error is not None:
                    refused.append(error.str())
                else:
                    placed[number] = Placed(message.partition(), message.offset())

            producer.produce(self.topic, key=sample.key, value=sample.value, headers=sample.headers, on_delivery=acknowledged)
            producer.poll(0)
        if producer.flush(TIMEOUT_S) or refused:
            raise ServiceUnavailableError(f"the broker did not take the events: {refused[0] if refused else 'no answer'}")
        return placed

    def committed(self, group: str) -> Mapping[int, int]:
        """Return the committed offset of each partition of the topic that has one."""
        consumer: Any = Consumer(self._address | {"group.id": group, "enable.auto.commit": False})
        try:
            asked = [TopicPartition(self.topic, partition) for partition in self._partitions(self.topic)]
            found = consumer.committed(asked, timeout=TIMEOUT_S)
            return {item.partition: item.offset for item in found if item.offset >= 0}
        finally:
            consumer.close()

    def dead_letters(self) -> list[Letter]:
        """Return every record of the dead-letter topic."""
        consumer: Any = Consumer(self._address | {"group.id": "demo-account", "enable.auto.commit": False})
        try:
            parts = [TopicPartition(self.dead_letter_topic, number, 0) for number in self._partitions(self.dead_letter_topic)]
            wanted = sum(consumer.get_watermark_offsets(part, timeout=TIMEOUT_S)[1] for part in parts)
            consumer.assign(parts)
            letters: list[Letter] = []
            while len(letters) < wanted:
                messages = consumer.consume(min(500, wanted - len(letters)), timeout=TIMEOUT_S)
                if not messages:
                    raise ServiceUnavailableError(f"only {len(letters)} of {wanted} dead letters could be read back")
                letters += [_letter(message) for message in messages]
            return letters
        finally:
            consumer.close()

    def _partitions(self, topic: str) -> list[int]:
        try:
            found = AdminClient(self._address).list_topics(topic, timeout=TIMEOUT_S).topics[topic]
        except KafkaException as error:
            servers = self._address["bootstrap.servers"]
            raise ServiceUnavailableError(f"no broker answers at {servers}: {error.args[0].str()}") from None
        return sorted(found.partitions)


def _letter(message: Any) -> Letter:  # noqa: ANN401  # untyped library
    if message.error() is not None:
        raise ServiceUnavailableError(f"a dead letter could not be read: {message.error().str()}")
    return Letter(message.key(), message.value(), message.headers() or [])
