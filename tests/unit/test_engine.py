"""The engine's answers to single situations, on virtual time; `tests/simulation` mixes them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any

import pytest
from support.virtual_loop import run_virtually

from connector.delivery import offset_map
from connector.delivery.retry import RetryPolicy
from connector.engine.engine import Engine, Limits
from connector.errors import ServiceUnavailableError
from connector.facts import (
    AppHeld,
    AppReleased,
    DeadLetterFailed,
    DestinationThrottled,
    Fact,
    LateResult,
    LogRewound,
    PartitionCrowded,
)
from connector.outcome import Interpretation, Invalid, Mapped, Response, SendResult, TransportFailure
from connector.record import Headers, Record, Request, Stamps, TopicPartition

NAME = TopicPartition("events", 0)
OK = Response(200, b'{"status":"OK"}')
DOWN = Response(503, b"")
LIMITS = Limits(max_in_flight=4, max_buffered=100, max_buffered_bytes=10**6, commit_interval_s=0.25, probe_s=10.0, max_runs=8)
POLICY = RetryPolicy(initial_s=1.0, max_s=8.0, not_yet_max_age_s=60.0)


class World:
    """A consumer, a sender and a publisher that do what a test says: answers by event, in order, the last one for ever."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.answers: dict[str, list[SendResult]] = {}
        self.takes_s: dict[str, float] = {}
        self.write_errors: list[str | None] = []
        self.sent: list[tuple[float, str]] = []
        self.written: list[str] = []
        self.acknowledges = True
        self.commits: list[Mapping[TopicPartition, tuple[int, str]]] = []
        self.facts: list[Fact] = []
        self.engine = Engine(
            source=self, interpreter=self, sender=self, publisher=self, observe=self.facts.append, tasks=tasks, limits=LIMITS, policy=POLICY,
            dead_letter_topic="{}.dead-letter".format, version="test", chance=Random(1), wall_s=asyncio.get_running_loop().time,
        )  # fmt: skip
        self.engine.assigned({NAME: (0, None)}, 1)

    def pause(self, partitions: Stamps) -> None:
        """See `Source`."""

    def resume(self, partitions: Stamps) -> None:
        """See `Source`."""

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], assignments: Stamps) -> None:
        """See `Source`: acknowledged at once."""
        assert set(offsets) == set(assignments)
        self.commits.append(offsets)
        if self.acknowledges:
            self.engine.committed({name: offset for name, (offset, _) in offsets.items()})

    def interpret(self, record: Record) -> Interpretation:
        """See `Interpreter`: the value is the event's name, and "app.name" belongs to another app."""
        name = (record.value or b"").decode()
        app = name.split(".")[0] if "." in name else "shop"
        return Mapped(Request(app, "/event", name.encode(), "rule"), record.key or b"")

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:
        """See `Interpreter`: never asked."""
        raise AssertionError(record, schema_id)

    async def send(self, request: Request) -> SendResult:
        """See `Sender`."""
        name = request.body.decode()
        self.sent.append((asyncio.get_running_loop().time(), name))
        await asyncio.sleep(self.takes_s.get(name, 0.01))
        answers = self.answers.get(name, [OK])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def publish(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """See `Publisher`."""
        assert (topic, partition, key is None, headers[-1][0]) == ("events.dead-letter", 0, False, "connector.version")
        error = self.write_errors.pop(0) if self.write_errors else None
        if error is None:
            self.written.append((value or b"").decode())
        return error

    def receive(self, *events: tuple[int, bytes, str], assignment: int = 1) -> None:
        """Records arrive: offset, key and name of each."""
        self.engine.accept([Record(NAME, offset, 0, key, name.encode(), (), assignment) for offset, key, name in events])

    @property
    def names(self) -> list[str]:
        """What was sent, in order."""
        return [name for _, name in self.sent]

    def seen(self, kind: type[Fact]) -> int:
        """How often a kind of fact was stated."""
        return sum(isinstance(fact, kind) for fact in self.facts)


def _play(scene: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        async with asyncio.TaskGroup() as tasks:
            world = World(tasks)
            committing = tasks.create_task(world.engine.commit_forever())
            await scene(world)
            committing.cancel()
            snapshot = world.engine.snapshot()
            assert snapshot.unaccounted == 0
            assert not any(snapshot.sentinels.values())

    run_virtually(play())


def test_a_waiting_key_holds_its_followers_and_no_one_else() -> None:
    """The second event of a key is not sent before the first is settled; another key does not notice."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [DOWN, DOWN, OK]
        world.receive((0, b"a", "a1"), (1, b"a", "a2"), (2, b"b", "b1"))
        await asyncio.sleep(30)
        assert world.names.index("b1") < world.names.index("a2")
        assert [name for name in world.names if name != "b1"] == ["a1", "a1", "a1", "a2"]
        assert world.commits[-1][NAME][0] == 3

    _play(scene)


def test_what_is_settled_beyond_a_waiting_head_is_in_the_metadata() -> None:
    """The commit stays at the head, and says what need not be sent again."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [DOWN]
        world.receive((0, b"a", "a1"), (1, b"b", "b1"), (2, b"c", "c1"))
        await asyncio.sleep(2)
        offset, metadata = world.commits[-1][NAME]
        await world.engine.revoke([NAME], 5)
        world.engine.assigned({NAME: (offset, metadata)}, 2)
        sent = len(world.sent)
        world.answers["a1"] = [OK]
        world.receive((0, b"a", "a1"), (1, b"b", "b1"), (2, b"c", "c1"), assignment=2)
        await asyncio.sleep(2)
        assert world.names[sent:] == ["a1"]
        assert world.engine.snapshot().skipped == 2

    _play(scene)


def test_a_rejected_event_is_settled_after_its_dead_letter_is_durable() -> None:
    """A failing write holds the record and its key, and is tried again; then the key goes on."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [Response(400, b'{"error":"Event request failed (Bad event state)"}')]
        world.write_errors = ["no broker", "no broker"]
        world.receive((0, b"a", "a1"), (1, b"a", "a2"))
        await asyncio.sleep(0.2)
        assert world.names == ["a1"]
        assert not world.commits
        assert "events.dead-letter" in world.engine.snapshot().not_ready[0]
        await asyncio.sleep(30)
        assert world.written == ["a1"]
        assert world.names == ["a1", "a2"]
        assert world.seen(DeadLetterFailed) == 2
        assert world.commits[-1][NAME][0] == 2
        assert not world.engine.snapshot().not_ready

    _play(scene)


def test_a_misconfigured_app_is_held_and_the_others_flow() -> None:
    """One probe at a time; nothing is dead-lettered; the first other answer releases everything in order."""

    async def scene(world: World) -> None:
        refused = Response(401, b'{"error":"Event request failed (Failed to authorize request)"}')
        world.answers["a1"] = [refused, refused, OK]
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(1)
        world.receive((1, b"a", "a2"), (2, b"b", "b1"), (3, b"c", "game.c1"))
        await asyncio.sleep(5)
        assert world.names == ["a1", "game.c1"]
        assert world.engine.snapshot().held_apps == ("shop",)
        assert "app shop is held: authentication" in world.engine.snapshot().not_ready
        await asyncio.sleep(60)
        assert not world.written
        assert (world.seen(AppHeld), world.seen(AppReleased)) == (1, 1)
        assert sorted(world.names) == ["a1", "a1", "a1", "a2", "b1", "game.c1"]
        assert world.commits[-1][NAME][0] == 4

    _play(scene)


@pytest.mark.parametrize("leaves_after_s", [9.99, 10.005, 10.02])
def test_a_held_app_is_probed_again_after_its_probe_left_with_a_partition(leaves_after_s: float) -> None:
    """A probe that leaves before, while or after it is sent leaves nobody waiting for ever."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [Response(401, b'{"error":"x"}')]
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(leaves_after_s)
        await world.engine.revoke([NAME], 0.001)
        world.engine.assigned({NAME: (0, None)}, 2)
        world.answers["a1"] = [OK]
        world.receive((0, b"a", "a1"), assignment=2)
        await asyncio.sleep(60)
        assert not world.engine.snapshot().held_apps
        assert world.commits[-1][NAME][0] == 1

    _play(scene)


def test_throttling_holds_the_whole_destination() -> None:
    """After a 429 nothing is sent until the time it asked for has passed."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [Response(429, b"", "20"), OK]
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(1)
        world.receive((1, b"b", "b1"))
        await asyncio.sleep(60)
        assert world.seen(DestinationThrottled) == 1
        assert all(at_s >= 20 for at_s, _ in world.sent[1:])
        assert sorted(world.names) == ["a1", "a1", "b1"]

    _play(scene)


def test_revocation_waits_for_what_is_in_flight_and_starts_nothing() -> None:
    """Within the deadline the request ends and counts; its follower is left to the next owner."""

    async def scene(world: World) -> None:
        world.takes_s["a1"] = 3
        world.receive((0, b"a", "a1"), (1, b"a", "a2"))
        await asyncio.sleep(0.1)
        assert await world.engine.revoke([NAME], 10) == {NAME: (1, "")}
        assert asyncio.get_running_loop().time() < 4
        await asyncio.sleep(20)
        assert world.names == ["a1"]
        assert world.engine.snapshot().released == 1

    _play(scene)


@pytest.mark.parametrize("answer", [DOWN, Response(401, b"{}")])
def test_nothing_is_sent_again_for_a_partition_that_has_left(answer: SendResult) -> None:
    """An answer that asks for another attempt while the partition leaves is the next owner's business."""

    async def scene(world: World) -> None:
        world.takes_s["a1"] = 3
        world.answers["a1"] = [answer]
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(0.1)
        assert await world.engine.revoke([NAME], 10) == {NAME: (0, "")}
        await asyncio.sleep(100)
        assert world.names == ["a1"]

    _play(scene)


def test_a_key_is_not_in_flight_twice_when_its_partition_returns() -> None:
    """A request that outlives the drain deadline changes nothing, and the key waits for it."""

    async def scene(world: World) -> None:
        world.takes_s["a1"] = 5
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(0.1)
        assert await world.engine.revoke([NAME], 0.5) == {NAME: (0, "")}
        world.engine.assigned({NAME: (0, "")}, 2)
        world.receive((0, b"a", "a1"), (1, b"b", "b1"), assignment=2)
        await asyncio.sleep(1)
        assert world.names == ["a1", "b1"]
        await asyncio.sleep(20)
        assert world.names == ["a1", "b1", "a1"]
        assert world.seen(LateResult) == 1
        assert world.commits[-1][NAME][0] == 2

    _play(scene)


def test_nothing_new_is_sent_while_commits_are_not_acknowledged() -> None:
    """What would be delivered meanwhile would all be delivered again after a crash; an acknowledged commit ends the wait."""

    async def scene(world: World) -> None:
        world.acknowledges = False
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(10)
        world.receive((1, b"a", "a2"))
        await asyncio.sleep(10)
        assert world.names == ["a1"]
        assert "commits are not acknowledged" in world.engine.snapshot().not_ready[0]
        assert world.engine.snapshot().resend_after_crash == 1
        world.acknowledges = True
        world.engine.committed({NAME: 1})
        await asyncio.sleep(1)
        assert world.names == ["a1", "a2"]
        assert not world.engine.snapshot().not_ready

    _play(scene)


def test_a_crowded_partition_sends_its_oldest_event_only() -> None:
    """Many waiting events with settled ones between them would not fit a commit: no new hole is made until there are fewer."""

    async def scene(world: World) -> None:
        for number in range(0, 40, 2):
            world.answers[f"stuck{number}"] = [DOWN]
        world.receive(
            *((number, b"%d" % number, f"stuck{number}" if number % 2 == 0 else f"good{number}") for number in range(40))
        )
        await asyncio.sleep(20)
        assert world.seen(PartitionCrowded) == 1
        _, metadata = world.commits[-1][NAME]
        assert len(offset_map.decode(0, metadata)) <= LIMITS.max_runs + LIMITS.max_in_flight
        assert "good39" not in world.names
        world.answers.clear()
        await asyncio.sleep(200)
        assert world.commits[-1][NAME] == (40, "")
        assert world.names.count("good1") == 1

    _play(scene)


def test_a_log_that_begins_below_the_commit_is_read_from_there() -> None:
    """A topic that was made anew, or a cluster that took over: nothing of it is taken for settled."""

    async def scene(world: World) -> None:
        await world.engine.revoke([NAME], 1)
        world.engine.assigned({NAME: (1_000, offset_map.encode(1_000, [(1_005, 1_010)]))}, 2)
        world.receive((0, b"a", "a1"), (1, b"a", "a2"), assignment=2)
        await asyncio.sleep(1)
        assert world.names == ["a1", "a2"]
        assert world.seen(LogRewound) == 1
        assert world.commits[-1][NAME] == (2, "")

    _play(scene)


def test_a_log_that_steps_back_under_the_reader_ends_the_process() -> None:
    """Two logs in one ledger could not be told apart."""

    async def scene(world: World) -> None:
        world.receive((5, b"a", "a1"))
        await asyncio.sleep(1)
        with pytest.raises(ServiceUnavailableError, match="truncated or made anew"):
            world.receive((0, b"b", "b1"))

    _play(scene)


def test_a_send_that_may_have_arrived_is_known() -> None:
    """It is sent again, by the engine and not behind its back, and counted by its reason."""

    async def scene(world: World) -> None:
        world.answers["a1"] = [TransportFailure("ReadError", maybe_sent=True), OK]
        world.receive((0, b"a", "a1"))
        await asyncio.sleep(10)
        assert world.names == ["a1", "a1"]
        assert {reason.value: count for (_, reason), count in world.engine.snapshot().retries.items()} == {"maybe_sent": 1}

    _play(scene)
