"""Between the client's objects and ours: records, offsets, what is committed.

**Rule**: bytes are taken as they are. Where the client cannot give something, a value of ours says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from connector.delivery.envelope import UNREADABLE_HEADERS
from connector.record import Headers, Record, TopicPartition


def record_of(message: Message, name: TopicPartition, assignment: int) -> Record:
    """Return a message without error as a record of partition `name` under `assignment`."""
    return Record(
        name,
        cast("int", message.offset()),
        message.timestamp()[1],
        message.key(),
        message.value(),
        _headers(message),
        assignment,
    )


def offsets_of(progress: Mapping[TopicPartition, tuple[int, str]]) -> list[KafkaPartition]:
    """A commit without metadata erases what was there: each carries its whole map."""
    return [KafkaPartition(name.topic, name.partition, offset, metadata) for name, (offset, metadata) in progress.items()]


def look_up(
    consumer: Consumer, partitions: list[KafkaPartition], timeout_s: float
) -> tuple[list[KafkaPartition], KafkaError | None]:
    """Return what is committed, or the error: the client raises some and puts others beside their partition."""
    try:
        found = consumer.committed(partitions, timeout=timeout_s)
    except KafkaException as error:
        return [], cast("KafkaError", error.args[0])
    return found, next((each.error for each in found if each.error is not None), None)


def _headers(message: Message) -> Headers:
    """Return the headers. The client cannot give those with a name that is not UTF-8: one header of ours then says so."""
    try:
        return cast("Headers", tuple(message.headers() or ()))
    except (SystemError, UnicodeDecodeError):
        return ((UNREADABLE_HEADERS, None),)
