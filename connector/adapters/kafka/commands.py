"""What the loop asks of the consumer's thread: values in a queue, obeyed between two polls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.record import TopicPartition


@dataclass(frozen=True, slots=True)
class Pause:
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class Resume:
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    offsets: Mapping[TopicPartition, tuple[int, str]]


Command = Pause | Resume | Commit
