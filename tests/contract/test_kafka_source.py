"""The consumer's thread with the real engine, on the cluster inside librdkafka: what the client remembers must not outlive an assignment."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest
from confluent_kafka import Consumer, Producer

from connector.adapters.kafka import KafkaSource
from connector.delivery.retry import RetryPolicy
from connector.demo.broker import EmbeddedBroker
from connector.engine.engine import Engine, Limits
from connector.outcome import Interpretation, Invalid, Mapped, Response, SendResult
from connector.record import Headers, Record, Request

TOPIC = "events"
PARTITIONS = 4
RECORDS = 2_000
WITHIN_S = 60.0


@pytest.fixture
def cluster() -> Iterator[str]:
    """Give the address of a cluster in this process with a filled topic."""
    broker = EmbeddedBroker()
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})
    for number in range(RECORDS):
        producer.produce(TOPIC, b"%d" % number, key=b"%d" % number, partition=number % PARTITIONS)
    assert producer.flush(30) == 0
    yield broker.bootstrap_servers
    broker.close()


class _Surroundings:
    """Everything is a request; requests wait until the destination is there."""

    def __init__(self) -> None:
        self.destination_is_there = asyncio.Event()

    def interpret(self, record: Record) -> Interpretation:
        """See `Interpreter`."""
        return Mapped(Request("app", "/event", record.value or b"", "rule"), record.key or b"")

    async def prepare(self, record: Record, schema_id: int) -> Invalid | None:
        """See `Interpreter`: never asked."""
        raise AssertionError(record, schema_id)

    async def send(self, request: Request) -> SendResult:
        """See `Sender`."""
        await self.destination_is_there.wait()
        return Response(200, b'{"status":"OK"}' if request.body else b"")

    async def publish(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """See `Publisher`: never asked."""
        raise AssertionError(topic, partition, key, value, headers)


def _join_and_leave(properties: Mapping[str, object]) -> int:
    """Be a second member until partitions come; return how many came."""
    other = Consumer({**properties, "enable.auto.commit": False})
    other.subscribe([TOPIC])
    end_s = time.monotonic() + WITHIN_S
    while not other.assignment() and time.monotonic() < end_s:
        other.poll(0.1)
    came = len(other.assignment())
    other.close()
    return came


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_a_partition_that_was_paused_is_read_again_after_it_left_and_came_back(cluster: str, assignor: str) -> None:
    """The client keeps a pause across assignments: without a resume the partition would stand still, and nobody would notice."""
    properties: dict[str, str | bool | int | float] = {
        "bootstrap.servers": cluster, "group.id": assignor, "session.timeout.ms": 6_000, "heartbeat.interval.ms": 300,
        "partition.assignment.strategy": assignor, "auto.offset.reset": "earliest", "log_level": 2,
    }  # fmt: skip

    async def scene() -> None:
        around = _Surroundings()
        source = KafkaSource(properties, [TOPIC], 1.0, logging.getLogger("test"))
        async with asyncio.timeout(4 * WITHIN_S), asyncio.TaskGroup() as tasks:
            engine = Engine(
                source=source, interpreter=around, sender=around, publisher=around, observe=lambda _: None, tasks=tasks,
                limits=Limits(8, 100, 10**8, 0.1, 5.0), policy=RetryPolicy(0.1, 1, 60), dead_letter_topic=str, version="test",
                chance=Random(1), wall_s=time.time,
            )  # fmt: skip
            committing = tasks.create_task(engine.commit_forever())
            running = tasks.create_task(source.run(engine))
            await _until(lambda: engine.snapshot().paused == PARTITIONS)
            assert await asyncio.to_thread(_join_and_leave, properties) > 0
            around.destination_is_there.set()
            await _until(
                lambda: engine.snapshot().delivered + engine.snapshot().late >= RECORDS and not engine.snapshot().unsettled
            )
            assert not any(engine.snapshot().sentinels.values())
            assert engine.snapshot().unaccounted == 0
            source.stop()
            await running
            committing.cancel()

    asyncio.run(scene())


async def _until(condition: Callable[[], bool]) -> None:
    """Look at `condition` until it holds; the scene's timeout ends what never does."""
    while not condition():  # noqa: ASYNC110  # the engine has counts to look at, and no event for each
        await asyncio.sleep(0.05)
