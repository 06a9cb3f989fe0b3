"""What a test does on the Kafka side: topics, producing, reading back, and the group's committed offsets.

**Rule**: produced means acknowledged by all replicas; where a record stands is what the broker said, not what was hoped.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from support.waiting import until

_COORDINATOR_IS_ABSENT = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
"""What a group's first request may hear, until the broker has found who keeps its offsets."""

RawHeaders = Sequence[tuple[str, bytes | None]]


class Raw(NamedTuple):
    """A record to produce, as bytes."""

    value: bytes | None
    key: bytes | None = None
    headers: RawHeaders = ()
    partition: int | None = None
    timestamp_ms: int = 0


class Stored(NamedTuple):
    """A record as the broker has it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int

    def header(self, name: str) -> str | None:
        """Return the last header of that name as text, or None."""
        values = [value for known, value in self.headers if known == name and value is not None]
        return values[-1].decode() if values else None


class KafkaSide:
    """A client of one broker; topics that it made are deleted by `close`."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self._common: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, "log_level": 2}
        self._admin = AdminClient(self._common)
        self._made: list[str] = []
        self._committed: dict[str, Consumer] = {}

    def close(self) -> None:
        """Delete the topics that were made and close the connections."""
        for consumer in self._committed.values():
            consumer.close()
        if self._made:
            for done in self._admin.delete_topics(self._made).values():
                done.exception(timeout=30)

    def make_topic(self, name: str, partitions: int, settings: dict[str, str] | None = None) -> None:
        """Create a topic and wait until the broker lists all its partitions."""
        topic = NewTopic(name, num_partitions=partitions, replication_factor=-1, config=settings or {})
        for done in self._admin.create_topics([topic]).values():
            done.result(timeout=30)
        self._made.append(name)
        until(lambda: self._partitions(name) == partitions, f"the topic {name} has {partitions} partitions", within_s=30)

    def produce(self, topic: str, records: Iterable[Raw], **settings: object) -> list[tuple[int, int]]:
        """Produce `records`, wait for every acknowledgement, and return partition and offset of each, in the given order."""
        producer = Producer({**self._common, "linger.ms": 20, "acks": "all", "message.max.bytes": 16_000_000, **settings})
        return self._produce_with(producer, topic, records)

    def produce_in_transaction(self, topic: str, records: Iterable[Raw], *, commit: bool) -> list[tuple[int, int]]:
        """The same inside one transaction, which is then committed or aborted."""
        producer = Producer({**self._common, "transactional.id": f"tests-{uuid.uuid4()}"})
        producer.init_transactions(30)
        producer.begin_transaction()
        places = self._produce_with(producer, topic, records)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
        return places

    def ends(self, topic: str) -> dict[int, int]:
        """Return, for each partition, the offset after its last record (with transactions, after its last marker)."""
        consumer = self._reader(f"ends-{uuid.uuid4()}")
        try:
            return {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
                for number in range(self._partitions(topic))
            }
        finally:
            consumer.close()

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return the group's committed offset of each partition, 0 where it has none."""
        return {place.partition: max(place.offset, 0) for place in self._committed_places(group, topic)}

    def committed_metadata(self, group: str, topic: str) -> dict[int, str]:
        """Return the metadata of the group's last commit of each partition."""
        return {place.partition: place.metadata or "" for place in self._committed_places(group, topic)}

    def read_all(self, topic: str) -> list[Stored]:
        """Return every record that the topic holds now, in order within each partition."""
        ends = self.ends(topic)
        consumer = self._reader(f"read-{uuid.uuid4()}")
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number, end in ends.items() if end])
            missing = {number for number, end in ends.items() if end}
            stored: list[Stored] = []

            def has_read_to_the_ends() -> bool:
                for message in consumer.consume(1000, timeout=0.2):
                    if (error := message.error()) is not None and error.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(error)
                    if error is not None:
                        missing.discard(message.partition())
                    else:
                        stored.append(_stored(message))
                return not missing

            until(has_read_to_the_ends, f"all of {topic} is read", within_s=60, every_s=0.0)
            return stored
        finally:
            consumer.close()

    def _reader(self, group: str) -> Consumer:
        settings = {"group.id": group, "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "earliest"}
        return Consumer({**self._common, **settings})

    def _committed_places(self, group: str, topic: str) -> list[TopicPartition]:
        if group not in self._committed:
            self._committed[group] = self._reader(group)
        wanted = [TopicPartition(topic, number, OFFSET_INVALID) for number in range(self._partitions(topic))]
        reader = self._committed[group]

        def answered() -> list[TopicPartition]:
            try:
                return reader.committed(wanted, timeout=15)
            except KafkaException as error:
                if error.args[0].code() in _COORDINATOR_IS_ABSENT:
                    return []
                raise

        return until(answered, "the group's coordinator answers", within_s=30)

    def _partitions(self, topic: str) -> int:
        known = self._admin.list_topics(topic, timeout=10).topics.get(topic)
        return len(known.partitions) if known is not None and known.error is None else 0

    def _produce_with(self, producer: Producer, topic: str, records: Iterable[Raw]) -> list[tuple[int, int]]:
        places: dict[int, tuple[int, int]] = {}
        count = 0
        for count, record in enumerate(records, start=1):
            self._produce_one(producer, topic, record, count - 1, places)
        producer.flush(60)
        if len(places) != count:
            raise RuntimeError(f"{count - len(places)} of {count} records were not acknowledged")
        return [places[index] for index in range(count)]

    def _produce_one(self, producer: Producer, topic: str, record: Raw, index: int, places: dict[int, tuple[int, int]]) -> None:
        def acknowledged(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                raise KafkaException(error)
            places[index] = (message.partition() or 0, message.offset() or 0)

        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        while True:
            try:
                producer.produce(
                    topic,
                    value=record.value,
                    key=record.key,
                    partition=-1 if record.partition is None else record.partition,
                    headers=headers or None,
                    timestamp=record.timestamp_ms,
                    on_delivery=acknowledged,
                )
            except BufferError:
                producer.poll(0.5)
                continue
            producer.poll(0)
            return


def _stored(message: Message) -> Stored:
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        raise RuntimeError("a record without a place")
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return Stored(partition, offset, message.key(), message.value(), tuple(headers), message.timestamp()[1])
