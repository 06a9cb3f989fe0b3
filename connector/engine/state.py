"""What the parts of the engine share: a partition under one assignment, and an event on its way.

**Rule**: a partition object lives for one assignment. Whoever holds one after it has left finds it `closed` and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.delivery.ledger import Ledger
from connector.delivery.ordering import Lane
from connector.record import Record, Request, TopicPartition


class Mark(NamedTuple):
    """What a commit covers: the ledger's version and the number of settled records."""

    version: int = 0
    settled: int = 0


@dataclass(slots=True, eq=False)
class Partition:
    """A partition of this member under one assignment."""

    name: TopicPartition
    assignment: int
    ledger: Ledger
    pending: dict[int, int] = field(default_factory=dict)
    """Offset -> bytes of each record that is not settled: the independent witness of the ledger."""
    inbox: deque[Record] = field(default_factory=deque)
    """Records received and not handed on, in order: the only way to dispatch."""
    has_turn: bool = False
    """Whether intake will look at the inbox."""
    preparing: asyncio.Task[None] | None = None
    waiting: dict[Lane[Delivery], asyncio.TimerHandle | None] = field(default_factory=dict)
    """Lanes whose head waits for its next attempt (with its timer) or for its app to be released."""
    fresh: bool = True
    """No record was received yet."""
    crowded: bool = False
    """Settled runs beyond the prefix are near what a commit's metadata can carry: only the oldest event is sent."""
    crowd: dict[int, Lane[Delivery]] = field(default_factory=dict)
    """Lanes set aside meanwhile, by the offset of their head."""
    in_flight: int = 0
    """Requests and dead letters under way, from the moment an event is taken."""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the partition is being revoked: nothing new starts."""
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the partition is leaving and nothing is under way."""
    closed: bool = False
    settled: int = 0
    """Records settled here."""
    committing: bool = False
    """A commit of this partition is under way."""
    committed: int | None = None
    """Next offset to read, as the broker last acknowledged it."""
    requested_s: float = 0.0
    unacknowledged_s: float | None = None
    """Since when something is settled that no acknowledged commit covers, on the loop's clock."""
    requested_offset: int | None = None
    requested: Mark = field(default_factory=Mark)
    acknowledged: Mark = field(default_factory=Mark)
    end_offset: int | None = None

    @property
    def mark(self) -> Mark:
        """What a commit made now would cover."""
        return Mark(self.ledger.version, self.settled)

    def landed(self) -> None:
        """Something under way ended."""
        self.in_flight -= 1
        if not self.in_flight and self.leaving.is_set():
            self.quiet.set()


class Delivery:
    """An event that became a request, until it is settled."""

    __slots__ = ("attempts", "first_s", "last_s", "partition", "record", "request")

    def __init__(self, partition: Partition, record: Record, request: Request) -> None:
        self.partition = partition
        self.record = record
        self.request = request
        self.attempts = 0
        self.first_s = 0.0
        self.last_s = 0.0
