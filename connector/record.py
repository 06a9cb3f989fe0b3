"""A Kafka record as the connector carries it, and the request it may become.

**Rule**: the bytes of a record are never changed on the way: what is parked is what was read.
Tuples, not dataclasses: they are made once an event, and a tuple costs a third.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]
"""Kafka headers in order; names may repeat, values may be null."""


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


Stamps = Mapping[TopicPartition, int]
"""Partitions, each with the number of the assignment that is meant: what comes too late for one does not touch the next."""


class Record(NamedTuple):
    """One consumed record.

    `timestamp_ms` is -1 where the broker gave none. `assignment` is the number of the assignment under which it was read:
    a result that carries an older number than the partition's current one changes nothing.
    """

    topic_partition: TopicPartition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    assignment: int = 0

    @property
    def size_bytes(self) -> int:
        """The record's share of the memory budget: the value counts twice, as it is and as the request made of it."""
        size = len(self.key or b"") + 2 * len(self.value or b"")
        return size + sum(len(name) + len(value or b"") for name, value in self.headers) if self.headers else size


class Request(NamedTuple):
    """What is to be sent to Adjust, ready as bytes: a POST of `body` (form-encoded) to `path`.

    `app` is the name of the app in the mapping file: it selects the S2S token and is what a hold applies to.
    """

    app: str
    path: str
    body: bytes
    rule: str
