"""What the engine asks of the world: one protocol for each adapter it drives.

**Rule**: the engine knows these and no client library. What a port promises, `tests/contract` asks of the real adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from connector.facts import Fact
from connector.outcome import Interpretation, Invalid, SendResult
from connector.record import Headers, Record, Request, Stamps, TopicPartition


class Source(Protocol):
    """The Kafka consumer, seen from the event loop.

    Every call returns at once; the consumer thread acts on it, if the assignment that is meant is still the partition's.
    """

    def pause(self, partitions: Stamps) -> None:
        """Stop fetching `partitions`; polling goes on."""

    def resume(self, partitions: Stamps) -> None:
        """Fetch `partitions` again, from where they were paused."""

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], assignments: Stamps) -> None:
        """Commit asynchronously: next offset to read and metadata of each partition, all in one request.

        The engine hears of the result through `committed` or `commit_failed`.
        """


class NeedsSchema(Exception):  # noqa: N818  # a control signal, not an error
    """A record's schema is not known yet: the partition waits for `Interpreter.prepare`. Not an error."""

    def __init__(self, schema_id: int) -> None:
        super().__init__(schema_id)
        self.schema_id = schema_id


class Interpreter(Protocol):
    """Decoding and mapping: what a record becomes."""

    def interpret(self, record: Record) -> Interpretation:
        """Return what `record` becomes. Raises `NeedsSchema` where `prepare` must run first; never anything else."""

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:
        """Fetch what `record` needs, waiting as long as the registry is down.

        Returns None when `interpret` can go on, or `Invalid` where the registry says that there is no such schema.
        """


class RegistryUnavailable(Exception):  # noqa: N818  # a condition to be waited out, not an error
    """The schema registry does not answer, or answers with something that is not about the schema."""


class Registry(Protocol):
    """A schema registry."""

    async def schema(self, schema_id: int) -> object | None:
        """Return the Avro schema of `schema_id` as parsed JSON, references put in place; None where the registry knows no such id.

        Raises `RegistryUnavailable`, and `ValueError` where the schema is not Avro.
        """

    async def latest(self, subject: str) -> object | None:
        """Return the newest schema of `subject` likewise; None where there is no such subject."""


class Sender(Protocol):
    """The way to Adjust."""

    async def send(self, request: Request) -> SendResult:
        """Send `request` once and return the answer, or why there is none. Never sends twice, never raises for a network fault."""


class Publisher(Protocol):
    """The Kafka producer for dead letters."""

    async def publish(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """Write one record and wait for the broker's acknowledgement.

        `partition` is used where the topic has it. Returns None when the write is durable, else why it is not.
        """


Observer = Callable[[Fact], None]
"""Whoever wants to know what happened: takes note of a fact, never raises, never waits."""
