"""A broker, a destination and a dead-letter topic that misbehave by a seed, around the real engine; and what must hold whatever they do."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from connector.delivery import offset_map
from connector.delivery.retry import RetryPolicy
from connector.engine.engine import Engine, Limits
from connector.facts import Fact
from connector.outcome import Filtered, Interpretation, Invalid, Mapped, Reason, Response, SendResult, TransportFailure
from connector.ports import NeedsSchema
from connector.record import Headers, Record, Request, Stamps, TopicPartition

TOPIC = "events"
SCHEMA_EVERY = 15
"""Offsets after which the producer has a new schema."""
LIMITS = Limits(max_in_flight=8, max_buffered=120, max_buffered_bytes=10**9, commit_interval_s=0.25, probe_s=5.0, max_runs=6)
POLICY = RetryPolicy(initial_s=0.1, max_s=5.0, not_yet_max_age_s=20.0)


@dataclass
class Broker:
    """What outlives a crash: the log, the commits, the dead letters, and what Adjust received."""

    chance: Random
    records: dict[TopicPartition, list[Record]] = field(default_factory=dict)
    commits: dict[TopicPartition, tuple[int, str]] = field(default_factory=dict)
    received: list[Record] = field(default_factory=list)
    done: set[tuple[TopicPartition, int]] = field(default_factory=set)
    dead: set[tuple[TopicPartition, int]] = field(default_factory=set)
    filtered: set[tuple[TopicPartition, int]] = field(default_factory=set)
    committed: set[tuple[TopicPartition, int]] = field(default_factory=set)
    """What some commit said is settled."""
    assignment: int = 0

    def fill(self, partitions: int, keys: int, records: int) -> None:
        """Write the log, with gaps in the offsets."""
        next_offset: dict[TopicPartition, int] = defaultdict(int)
        for _ in range(records):
            key = self.chance.randrange(keys)
            name = TopicPartition(TOPIC, key % partitions)
            next_offset[name] += self.chance.choice([0, 0, 0, 0, 3])
            kind = self.chance.choices([b"good", b"drop", b"invalid", b"reject"], [90, 4, 3, 3])[0]
            record = Record(name, next_offset[name], 0, b"%d" % key, kind, ())
            self.records.setdefault(name, []).append(record)
            next_offset[name] += 1

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Take a commit, and see that it passes nothing unsettled."""
        for name, (offset, metadata) in offsets.items():
            self.commits[name] = (offset, metadata)
            known = offset_map.decode(offset, metadata)
            self.committed |= {
                (name, each.offset)
                for each in self.records[name]
                if each.offset < offset or any(first <= each.offset <= last for first, last in known)
            }
            passed = [each.offset for each in self.records[name] if each.offset < offset and (name, each.offset) not in self.done]
            assert not passed, f"committed {offset} of {name}, but {passed} are not settled"

            wrong = self.committed - self.done
            assert not wrong, f"the map of {name} names {wrong}, which are not settled"

    def settled(self, record: Record) -> None:
        """Adjust answered, the dead letter is durable, or the rule says drop."""
        self.done.add((record.topic_partition, record.offset))

    @property
    def everything_is_done(self) -> bool:
        """Whether every record of the log is settled and committed."""
        return all(self.commits.get(name, (-1, ""))[0] > records[-1].offset for name, records in self.records.items())


class Member:
    """One life of the connector: the real engine between a fake consumer, sender and publisher."""

    def __init__(self, broker: Broker, chance: Random, tasks: asyncio.TaskGroup) -> None:
        self.broker = broker
        self.chance = chance
        self.tasks = tasks
        self.position: dict[TopicPartition, int] = {}
        self.stamps: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.last_batch: dict[TopicPartition, list[Record]] = {}
        """Handed over once more after the partition has left and come back: a straggler of the assignment before."""
        self.facts: list[Fact] = []
        self.in_flight_keys: set[tuple[TopicPartition, bytes | None]] = set()
        self.known_schemas: set[int] = set()
        self.engine = Engine(
            source=self, interpreter=self, sender=self, publisher=self, observe=self.facts.append, tasks=tasks, limits=LIMITS, policy=POLICY,
            dead_letter_topic="{}.dead-letter".format, version="test", chance=chance, wall_s=asyncio.get_running_loop().time,
        )  # fmt: skip

    # the consumer

    def pause(self, partitions: Stamps) -> None:
        """See `Source`."""
        self.paused |= self._current(partitions)

    def _current(self, partitions: Stamps) -> set[TopicPartition]:
        return {name for name, stamp in partitions.items() if self.stamps.get(name) == stamp}

    def resume(self, partitions: Stamps) -> None:
        """See `Source`."""
        self.paused -= self._current(partitions)

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], assignments: Stamps) -> None:
        """See `Source`: answered late, and at times refused."""
        current = self._current(assignments)
        self.tasks.create_task(self._commit({name: each for name, each in offsets.items() if name in current}))

    async def _commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        stamps = {name: self.stamps[name] for name in offsets}
        await asyncio.sleep(self.chance.expovariate(20))
        current = {name: each for name, each in offsets.items() if self.stamps.get(name) == stamps[name]}
        if not current:
            return
        if self.chance.random() < 0.1:
            self.engine.committed({name: offset for name, (offset, _) in current.items()}, "refused")
            return
        self.broker.commit(current)
        self.engine.committed({name: offset for name, (offset, _) in current.items()})

    def assign(self, names: Sequence[TopicPartition]) -> None:
        """Partitions come, with what the last owner committed."""
        self.broker.assignment += 1
        committed = {}
        for name in names:
            offset, metadata = self.broker.commits.get(name, (None, None))
            committed[name] = (offset, metadata)
            self.position[name] = offset or 0
            self.stamps[name] = self.broker.assignment
        self.engine.assigned(committed, self.broker.assignment)
        for name in names:
            self.engine.accept(self.last_batch.get(name, []))

    async def revoke(self, names: Sequence[TopicPartition]) -> None:
        """Partitions leave as a rebalance takes them: drained for a while, then committed."""
        for name in names:
            self.paused.discard(name)
        self.broker.commit(await self.engine.revoke(names, self.chance.choice([0.01, 0.5, 10.0])))
        for name in names:
            del self.position[name], self.stamps[name]

    def lose(self, names: Sequence[TopicPartition]) -> None:
        """Partitions are gone without notice."""
        for name in names:
            self.paused.discard(name)
            del self.position[name], self.stamps[name]
        self.engine.lost(names)

    async def consume_forever(self) -> None:
        """Hand over batches of the partitions that are not paused."""
        while True:
            await asyncio.sleep(self.chance.expovariate(50))
            for name in [each for each in self.position if each not in self.paused]:
                batch = [each for each in self.broker.records[name] if each.offset >= self.position[name]][
                    : self.chance.randint(1, 30)
                ]
                if batch:
                    self.position[name] = batch[-1].offset + 1
                    self.last_batch[name] = [each._replace(assignment=self.stamps[name]) for each in batch]
                    self.engine.accept(self.last_batch[name])

    # decoding and mapping

    def interpret(self, record: Record) -> Interpretation:
        """See `Interpreter`."""
        if record.offset // SCHEMA_EVERY not in self.known_schemas:
            raise NeedsSchema(record.offset // SCHEMA_EVERY)
        match record.value:
            case b"drop":
                self.broker.settled(record)
                return Filtered("rule")
            case b"invalid":
                return Invalid(Reason.CORRUPT_AVRO, "no Avro")
            case _:
                body = b"%d %d" % (record.topic_partition.partition, record.offset)
                return Mapped(Request("app", "/event", body, "rule"), record.key or b"")

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:  # noqa: ARG002  # as the port says
        """See `Interpreter`: the registry takes a while."""
        await asyncio.sleep(self.chance.choice([0, self.chance.expovariate(20)]))
        self.known_schemas.add(schema_id)
        return None

    # Adjust

    async def send(self, request: Request) -> SendResult:
        """See `Sender`: slow, failing, or failing after the event was taken."""
        partition, offset = map(int, request.body.split())
        name = TopicPartition(TOPIC, partition)
        record = next(each for each in self.broker.records[name] if each.offset == offset)
        assert (name, offset) not in self.broker.committed, "sent although a commit says that it is settled"
        assert (name, record.key) not in self.in_flight_keys, "two events of one key in flight"
        self.in_flight_keys.add((name, record.key))
        await asyncio.sleep(self.chance.expovariate(10))
        self.in_flight_keys.remove((name, record.key))
        what = self.chance.random()
        if what < 0.05:
            return TransportFailure("refused", maybe_sent=False)
        if what < 0.10:
            return Response(503, b"upstream")
        if what < 0.12:
            return Response(429, b'{"error":"Too frequent requests"}', "1")
        if what < 0.14:
            return Response(401, b'{"error":"Event request failed (Failed to authorize request)"}')
        if what < 0.17:
            return Response(404, b'{"error":"Event request failed (Device not found)"}')
        if record.value == b"reject":
            return Response(400, b'{"error":"Event request failed (Bad event state)"}')
        self.broker.received.append(record)
        if what < 0.20:
            return TransportFailure("reset", maybe_sent=True)
        self.broker.settled(record)
        return Response(200, b'{"status":"OK"}')

    # dead letters

    async def publish(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """See `Publisher`: slow, failing."""
        assert topic == f"{TOPIC}.dead-letter"
        named = {name: text or b"" for name, text in headers}
        await asyncio.sleep(self.chance.expovariate(10))
        if self.chance.random() < 0.2:
            return "not enough replicas"
        name = TopicPartition(TOPIC, partition)
        record = next(each for each in self.broker.records[name] if each.offset == int(named["connector.offset"]))
        assert (record.key, record.value) == (key, value)
        self.broker.dead.add((name, record.offset))
        self.broker.settled(record)
        return None
