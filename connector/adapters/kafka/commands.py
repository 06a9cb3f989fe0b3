"""What the loop asks of the consumer's thread: values in a queue, obeyed between two polls.

**Rule**: a command names the assignment that it means; one that comes too late for it is not obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.record import Stamps, TopicPartition


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop fetching these partitions."""

    partitions: Stamps


@dataclass(frozen=True, slots=True)
class Resume:
    """Fetch these partitions again."""

    partitions: Stamps


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit these offsets, each with its metadata, in one request."""

    offsets: Mapping[TopicPartition, tuple[int, str]]
    assignments: Stamps


Command = Pause | Resume | Commit
"""Anything that the loop asks."""
