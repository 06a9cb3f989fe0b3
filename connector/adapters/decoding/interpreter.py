"""What a record becomes: wire format, writer's schema, decoded event, and the plan of its topic applied to it.

    value -> framed or bare -> reader of (topic, schema id) -> event, every byte used -> plan -> Mapped | Filtered | Invalid

**Rule**: an event is decoded with the schema it was written with, wholly: bytes that are left over mean a wrong schema, and such a record
is Invalid, not half read. What is wrong in the record makes it Invalid; what is wrong outside it (the registry) makes it wait.
Logical types stay raw, since mapping knows them from the schema.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from connector.adapters.decoding.reader import Reader, UndecodableError, reader
from connector.document import Problem
from connector.facts import SchemaBreaksRules, SchemaUnavailable
from connector.mapping.plan import Plan
from connector.outcome import Interpretation, Invalid, Reason
from connector.ports import NeedsSchema, Observer, Registry, RegistryUnavailable
from connector.record import Record

MAGIC_BYTE = 0
HEADER_BYTES = 5
UNKNOWN_ID_MEMORY_S = 60.0
"""How long an id that the registry does not know is not asked for again."""
MAX_WAIT_S = 30.0

Framing = Literal["auto", "confluent", "bare"]
Compile = Callable[[object], tuple[Plan, tuple[Problem, ...]]]
"""Makes the plan of a topic for a writer's schema (parsed JSON), with what is wrong in it."""


@dataclass(slots=True)
class TopicDecoding:
    """How one topic is read: its framing, its own schema (where it has one), and how rules are compiled for a schema."""

    framing: Framing
    own: Reader | None
    compile: Compile
    readers: dict[int, Reader] = field(default_factory=dict)
    unknown: dict[int, tuple[float, Invalid]] = field(default_factory=dict)


class Decoding:
    """`connector.ports.Interpreter`: topics by name, schemas by id from `registry` where there is one."""

    def __init__(self, topics: Mapping[str, TopicDecoding], registry: Registry | None, observe: Observer, chance: Random) -> None:
        self._topics = topics
        self._registry = registry
        self._observe = observe
        self._chance = chance

    def interpret(self, record: Record) -> Interpretation:
        """See `connector.ports.Interpreter`."""
        value = record.value
        if not value:
            return Invalid(Reason.EMPTY_VALUE, "the record has no value")
        topic = self._topics[record.topic_partition.topic]
        if topic.framing == "bare" or (topic.framing == "auto" and value[0] != MAGIC_BYTE):
            return _read(topic.own, value, 0, None, record)
        if value[0] != MAGIC_BYTE or len(value) < HEADER_BYTES:
            return Invalid(Reason.CORRUPT_AVRO, "the value does not begin with the registry's five bytes")
        schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
        known = topic.readers.get(schema_id)
        if known is not None:
            return _read(known, value, HEADER_BYTES, schema_id, record)
        if self._registry is not None:
            return self._unknown(topic, schema_id)
        framed = _read(topic.own, value, HEADER_BYTES, schema_id, record)
        if (
            topic.framing == "auto"
            and isinstance(framed, Invalid)
            and framed.reason in {Reason.CORRUPT_AVRO, Reason.TRAILING_BYTES}
        ):
            bare = _read(topic.own, value, 0, None, record)
            return framed if isinstance(bare, Invalid) and bare.reason is Reason.CORRUPT_AVRO else bare
        return framed

    def _unknown(self, topic: TopicDecoding, schema_id: int) -> Invalid:
        remembered = topic.unknown.get(schema_id)
        if remembered is not None and asyncio.get_running_loop().time() < remembered[0]:
            return remembered[1]
        raise NeedsSchema(schema_id)

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:
        """See `connector.ports.Interpreter`."""
        topic = self._topics[record.topic_partition.topic]
        try:
            schema = await self._fetch(record, schema_id)
            if schema is None:
                invalid = Invalid(Reason.UNKNOWN_SCHEMA_ID, f"the registry knows no schema {schema_id}", None, schema_id)
            else:
                self._learn(record.topic_partition.topic, topic, schema_id, schema)
                return None
        except ValueError as error:
            invalid = Invalid(Reason.UNUSABLE_SCHEMA, str(error), None, schema_id)
        topic.unknown[schema_id] = (asyncio.get_running_loop().time() + UNKNOWN_ID_MEMORY_S, invalid)
        return invalid

    async def _fetch(self, record: Record, schema_id: int) -> object | None:
        """Ask the registry until it answers."""
        assert self._registry is not None  # noqa: S101  # `interpret` asks for a schema only where there is a registry
        attempts = 0
        while True:
            try:
                return await self._registry.schema(schema_id)
            except RegistryUnavailable as error:
                attempts += 1
                self._observe(SchemaUnavailable(record.topic_partition, schema_id, str(error), attempts))
                await asyncio.sleep((0.5 + self._chance.random() / 2) * min(MAX_WAIT_S, 0.5 * 2.0 ** min(attempts, 10)))

    def _learn(self, name: str, topic: TopicDecoding, schema_id: int, schema: object) -> None:
        try:
            plan, problems = topic.compile(schema)
            topic.readers[schema_id] = reader(schema, plan)
        except RecursionError:
            raise ValueError("the schema nests too deeply") from None
        errors = tuple(problem.render() for problem in problems if problem.severity == "error")
        if errors:
            self._observe(SchemaBreaksRules(name, schema_id, errors))


def _read(known: Reader | None, value: bytes, start: int, schema_id: int | None, record: Record) -> Interpretation:
    if known is None:
        return Invalid(Reason.NO_SCHEMA, "the record names no schema, and its topic has no schema file", None, schema_id)
    try:
        event = known.decode(value, start)
    except UndecodableError as error:
        return Invalid(error.reason, str(error), None, schema_id)
    return known.plan.apply(event, record)
