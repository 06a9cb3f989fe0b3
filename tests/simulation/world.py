"""A broker, a destination and a dead-letter topic that misbehave by a seed, around the real engine; and what must hold whatever they do."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
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
TICK_S = 0.05
"""Much happens at the same moment: every duration is a number of these, and often none."""
FAIR_S = 120.0
"""From here on in a life, faults that have windows are over."""
POLICY = RetryPolicy(initial_s=0.1, max_s=5.0, not_yet_max_age_s=20.0)


class Weather:
    """When what fails in one life of the connector, and how tight its limits are."""

    def __init__(self, chance: Random, apps: int) -> None:
        self.limits = Limits(
            max_in_flight=chance.choice([1, 2, 8, 16]),
            max_buffered=chance.choice([4, 30, 120]),
            max_buffered_bytes=10**9,
            commit_interval_s=0.25,
            probe_s=chance.choice([1.0, 5.0]),
            max_runs=chance.choice([1, 2, 3, 6, 50]),
        )
        self.slowness = chance.choice([0, 1, 3, 20])
        self.misconfigured = [self._windows(chance) for _ in range(apps)]
        self.unreachable = self._windows(chance)
        self.commits_stall = self._windows(chance)
        self.dead_letters_fail = self._windows(chance)
        self.registry_is_down = self._windows(chance)

    def _windows(self, chance: Random) -> list[tuple[float, float]]:
        starts = [chance.uniform(0, 30) for _ in range(chance.choice([0, 0, 1, 2]))]
        return [(start, min(FAIR_S, start + chance.choice([1.0, 5.0, 30.0]))) for start in starts]


async def outlasted(windows: Sequence[tuple[float, float]]) -> None:
    """Wait for the end of the windows that are open now."""
    now_s = asyncio.get_running_loop().time()
    await asyncio.sleep(max((end - now_s for start, end in windows if start <= now_s < end), default=0.0))


def within(windows: Sequence[tuple[float, float]]) -> bool:
    """Say whether one of `windows` is open now."""
    now_s = asyncio.get_running_loop().time()
    return any(start <= now_s < end for start, end in windows)


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
    apps: int = 1
    unknown_schemas: set[int] = field(default_factory=set)
    """Which the registry does not have."""
    stale: dict[TopicPartition, tuple[int, str]] = field(default_factory=dict)
    """Commits of a log that was there before, which ended further on."""

    def fill(self, partitions: int, keys: int, records: int) -> None:
        """Write the log, with gaps in the offsets."""
        self.apps = self.chance.randint(1, 4)
        kinds, weights = [b"good", b"drop", b"invalid", b"reject"], self.chance.choice([[90, 4, 3, 3], [50, 40, 5, 5]])
        next_offset: dict[TopicPartition, int] = defaultdict(int)
        for _ in range(records):
            key = self.chance.randrange(keys)
            name = TopicPartition(TOPIC, key % partitions)
            next_offset[name] += self.chance.choice([0, 0, 0, 0, 3])
            kind = self.chance.choices(kinds, weights)[0]
            record = Record(name, next_offset[name], 0, b"%d" % key, kind, ())
            self.records.setdefault(name, []).append(record)
            next_offset[name] += 1
        self.unknown_schemas = {each for each in range(records // SCHEMA_EVERY + 1) if self.chance.random() < 0.1}
        for name in self.records:
            past = self.chance.random()
            if past < 0.15:
                self._commit_of_another_log(name)
            elif past < 0.5:
                self._settled_long_ago(name)

    def _commit_of_another_log(self, name: TopicPartition) -> None:
        end = self.records[name][-1].offset + self.chance.randint(2, 500)
        self.commits[name] = self.stale[name] = (end, offset_map.encode(end, [(end + 2, end + 5)]))

    def _settled_long_ago(self, name: TopicPartition) -> None:
        """An owner before left a map of many runs: per key, what was settled came first."""
        records, behind = self.records[name], set[bytes | None]()
        for record in records:
            if record.key in behind or self.chance.random() < 0.1:
                behind.add(record.key)
            else:
                self.settled(record)
        unsettled = [each.offset for each in records if (name, each.offset) not in self.done]
        committed = unsettled[0] if unsettled else records[-1].offset + 1
        runs = [(each.offset, each.offset) for each in records if each.offset > committed and (name, each.offset) in self.done]
        self.commit({name: (committed, offset_map.encode(committed, runs))})

    def is_unknown(self, record: Record) -> bool:
        """Whether the registry does not have the schema of `record`."""
        return record.offset // SCHEMA_EVERY in self.unknown_schemas

    def app(self, record: Record) -> int:
        """Return the number of the app that `record` is for: some keys have events for two."""
        key = int(record.key or b"0")
        return (key + (record.offset % 2 if key % 3 == 0 else 0)) % self.apps

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Take a commit, and see that it passes nothing unsettled."""
        for name, (offset, metadata) in offsets.items():
            if self.stale.get(name) == (offset, metadata) and self.commits[name] == (offset, metadata):
                continue
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
        if len(self.done) < sum(map(len, self.records.values())):
            return False
        return all(self.commits.get(name, (-1, ""))[0] > records[-1].offset for name, records in self.records.items())


class Member:
    """One life of the connector: the real engine between a fake consumer, sender and publisher."""

    def __init__(self, broker: Broker, chance: Random, tasks: asyncio.TaskGroup) -> None:
        self.weather = Weather(chance, broker.apps)
        self.commands: deque[tuple[str, Stamps]] = deque()
        self.leaving: set[TopicPartition] = set()
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
            source=self, interpreter=self, sender=self, publisher=self, observe=self.facts.append, tasks=tasks, limits=self.weather.limits, policy=POLICY,
            dead_letter_topic="{}.dead-letter".format, version="test", chance=chance, wall_s=asyncio.get_running_loop().time,
        )  # fmt: skip

    # the consumer

    def pause(self, partitions: Stamps) -> None:
        """See `Source`: obeyed between two batches."""
        self.commands.append(("pause", partitions))

    def resume(self, partitions: Stamps) -> None:
        """See `Source`: obeyed between two batches."""
        self.commands.append(("resume", partitions))

    def _obey(self) -> None:
        while self.commands:
            what, partitions = self.commands.popleft()
            if what == "pause":
                self.paused |= self._current(partitions)
            else:
                self.paused -= self._current(partitions)

    def _current(self, partitions: Stamps) -> set[TopicPartition]:
        return {name for name, stamp in partitions.items() if self.stamps.get(name) == stamp}

    async def _ticks(self, slowness: int) -> None:
        """Take a while, or no time at all but some turns of the loop."""
        for _ in range(self.chance.choice([0, 0, 1, 2])):
            await asyncio.sleep(0)
        await asyncio.sleep(TICK_S * self.chance.randint(0, slowness))

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], assignments: Stamps) -> None:
        """See `Source`: answered late, and at times refused."""
        self.tasks.create_task(self._commit(offsets, assignments))

    async def _commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], stamps: Stamps) -> None:
        await self._ticks(3)
        if self.chance.random() < 0.5:
            await outlasted(self.weather.commits_stall)
        current = {name: each for name, each in offsets.items() if self.stamps.get(name) == stamps[name]}
        if not current:
            return
        if self.chance.random() < 0.1 or within(self.weather.commits_stall):
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
            out_of_range = (offset, metadata) == self.broker.stale.get(name)
            self.position[name] = 0 if out_of_range else offset or 0
            self.stamps[name] = self.broker.assignment
        self.leaving -= set(names)
        self.commands.append(("resume", dict.fromkeys(names, self.broker.assignment)))
        self.engine.assigned(committed, self.broker.assignment)
        for name in names:
            self.engine.accept(self.last_batch.get(name, []))

    async def revoke(self, names: Sequence[TopicPartition]) -> None:
        """Partitions leave as a rebalance takes them: drained for a while, then committed."""
        self.leaving |= set(names)
        self.broker.commit(await self.engine.revoke(names, TICK_S * self.chance.choice([0, 1, 10, 200])))
        for name in names:
            del self.position[name], self.stamps[name]

    def lose(self, names: Sequence[TopicPartition]) -> None:
        """Partitions are gone without notice."""
        self.leaving |= set(names)
        for name in names:
            del self.position[name], self.stamps[name]
        self.engine.lost(names)

    async def consume_forever(self) -> None:
        """Hand over batches of the partitions that are not paused."""
        while True:
            await self._ticks(1)
            self._obey()
            for name in [each for each in self.position if each not in self.paused | self.leaving]:
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
        if self.broker.is_unknown(record):
            return Invalid(Reason.UNKNOWN_SCHEMA_ID, "no such schema")
        match record.value:
            case b"drop":
                self.broker.settled(record)
                return Filtered("rule")
            case b"invalid":
                return Invalid(Reason.CORRUPT_AVRO, "no Avro")
            case _:
                body = b"%d %d" % (record.topic_partition.partition, record.offset)
                return Mapped(Request(f"app{self.broker.app(record)}", "/event", body, "rule"), record.key or b"")

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:
        """See `Interpreter`: the registry takes a while."""
        if self.chance.random() < 0.7:
            await self._ticks(5)
        await outlasted(self.weather.registry_is_down)
        self.known_schemas.add(schema_id)
        return Invalid(Reason.UNKNOWN_SCHEMA_ID, "no such schema") if self.broker.is_unknown(record) else None

    # Adjust

    async def send(self, request: Request) -> SendResult:
        """See `Sender`: slow, failing, or failing after the event was taken."""
        partition, offset = map(int, request.body.split())
        name = TopicPartition(TOPIC, partition)
        record = next(each for each in self.broker.records[name] if each.offset == offset)
        assert (name, offset) not in self.broker.committed, "sent although a commit says that it is settled"
        assert name not in self.leaving, "sent although its partition is leaving"
        assert (name, record.key) not in self.in_flight_keys, "two events of one key in flight"
        self.in_flight_keys.add((name, record.key))
        await self._ticks(self.weather.slowness)
        self.in_flight_keys.remove((name, record.key))
        what = self.chance.random()
        if within(self.weather.misconfigured[self.broker.app(record)]):
            return Response(401, b'{"error":"Event request failed (Failed to authorize request)"}')
        if what < 0.05 or within(self.weather.unreachable):
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
        await self._ticks(self.weather.slowness)
        if self.chance.random() < 0.2 or within(self.weather.dead_letters_fail):
            return "not enough replicas"
        name = TopicPartition(TOPIC, partition)
        record = next(each for each in self.broker.records[name] if each.offset == int(named["connector.offset"]))
        assert (record.key, record.value) == (key, value)
        reason = named["connector.reason"].decode()
        assert self.broker.is_unknown(record) == (reason == Reason.UNKNOWN_SCHEMA_ID), f"{record} was parked as {reason}"
        assert (record.value == b"invalid") == (reason == Reason.CORRUPT_AVRO) or self.broker.is_unknown(record)
        self.broker.dead.add((name, record.offset))
        self.broker.settled(record)
        return None
