"""Records that cannot be delivered, made durable in the dead-letter topic.

**Rule**: a record is settled only after the broker acknowledged its dead letter. A failed write holds the record and is tried again
until it succeeds or the partition leaves: never skipped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from connector.delivery import envelope
from connector.delivery.retry import RetryPolicy
from connector.engine.books import Books
from connector.engine.state import Partition
from connector.facts import DeadLettered, DeadLetterFailed
from connector.ports import Observer, Publisher
from connector.record import Record


class Parking:
    """Writes dead letters. `topic_of` names the dead-letter topic of a topic."""

    def __init__(
        self,
        publisher: Publisher,
        books: Books,
        observe: Observer,
        topic_of: Callable[[str], str],
        policy: RetryPolicy,
        chance: Random,
        version: str,
    ) -> None:
        self._publisher = publisher
        self._books = books
        self._observe = observe
        self._topic_of = topic_of
        self._policy = policy
        self._chance = chance
        self._version = version
        self.failing: dict[str, str] = {}
        """Dead-letter topics whose last write failed, with the error."""

    async def park(self, partition: Partition, record: Record, parked: envelope.Parked) -> None:
        """Write `record` to its dead-letter topic, then settle it. Returns without settling where the partition leaves first."""
        topic = self._topic_of(partition.name.topic)
        headers = envelope.headers(record, parked, self._version)
        attempts = 0
        while error := await self._publisher.publish(topic, partition.name.partition, record.key, record.value, headers):
            attempts += 1
            self.failing[topic] = error
            self._observe(DeadLetterFailed(partition.name, record.offset, topic, error, attempts))
            if await self._left_within(partition, self._chance.random() * self._policy.bound_s(attempts)):
                return
        self.failing.pop(topic, None)
        if partition.closed:
            self._books.late += 1
            return
        self._books.settle_dead_lettered(partition, record.offset, parked.reason)
        self._observe(DeadLettered(partition.name, record.offset, parked.reason, parked.rule))

    async def _left_within(self, partition: Partition, delay_s: float) -> bool:
        """Wait `delay_s`, or until the partition leaves: then True."""
        try:
            await asyncio.wait_for(partition.leaving.wait(), delay_s)
        except TimeoutError:
            return False
        return True
