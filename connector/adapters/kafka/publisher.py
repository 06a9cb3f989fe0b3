"""The Kafka producer of dead letters.

**Rule**: a write counts only when the broker acknowledged it on all in-sync replicas; idempotence keeps the client's own retries
from doubling or reordering it. Everything happens on the event loop: the client's reports are fetched while a write is under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connector.errors import ServiceUnavailableError
from connector.record import Headers
from connector.settings import KafkaProperty

REPORTS_INTERVAL_S = 0.005
WRITE_TIMEOUT_MS = 30_000
ANY_PARTITION = -1
"""librdkafka chooses by the key."""

_CONSUMER_ONLY = (
    "group.", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "partition.assignment.strategy", "auto.offset.reset",
    "fetch.", "queued.", "isolation.level", "max.partition.fetch.bytes", "coordinator.", "check.crcs", "client.rack", "topic.blacklist",
)  # fmt: skip


class KafkaPublisher:
    """`connector.ports.Publisher` on a confluent-kafka producer. `properties` are the settings' `kafka:`; the client logs to `logger`."""

    def __init__(self, properties: Mapping[str, KafkaProperty], max_message_bytes: int, logger: logging.Logger) -> None:
        ours = {name: value for name, value in properties.items() if not name.startswith(_CONSUMER_ONLY)}
        self._producer = Producer(
            {
                **ours,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "message.max.bytes": max_message_bytes,
                "message.timeout.ms": WRITE_TIMEOUT_MS,
            },
            logger=logger,
        )
        self._brokers = properties["bootstrap.servers"]
        self._partitions: dict[str, int] = {}
        self._under_way = 0
        self._reports: asyncio.TimerHandle | None = None

    async def look_up(self, timeout_s: float) -> Mapping[str, int]:
        """Return how many partitions each topic of the cluster has.

        All topics are listed, which creates none: asking for one by name may. Raises `ServiceUnavailableError` where no broker answers.
        """
        try:
            listed = await asyncio.to_thread(self._producer.list_topics, None, timeout_s)
        except KafkaException as error:
            raise ServiceUnavailableError(
                f"no Kafka broker answers at {self._brokers} within {timeout_s:g} s: {error.args[0].str()}\n"
                "    hint: check kafka's bootstrap.servers, the network and the security settings"
            ) from None
        self._partitions = {name: len(topic.partitions) for name, topic in listed.topics.items() if topic.error is None}
        return self._partitions

    async def publish(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """See `connector.ports.Publisher`. A topic with fewer partitions takes the record by its key.

        Raises `ServiceUnavailableError` where the client says that it will never write again: a new process can.
        """
        loop = asyncio.get_running_loop()
        report: asyncio.Future[KafkaError | None] = loop.create_future()

        def delivered(error: KafkaError | None, _: Message) -> None:
            if not report.done():
                report.set_result(error)

        target = partition if partition < self._partitions.get(topic, 0) else ANY_PARTITION
        try:
            self._producer.produce(topic, value=value, key=key, headers=list(headers), partition=target, on_delivery=delivered)
        except BufferError as error:
            return str(error)
        except KafkaException as error:
            return _why(error.args[0])
        self._under_way += 1
        self._fetch_reports(loop)
        try:
            return _why(await report)
        finally:
            self._under_way -= 1

    def _fetch_reports(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._reports is None:
            self._reports = loop.call_later(REPORTS_INTERVAL_S, self._poll, loop)

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        self._reports = None
        self._producer.poll(0)
        if self._under_way:
            self._fetch_reports(loop)

    async def close(self, timeout_s: float) -> None:
        """Wait for the writes under way, at most `timeout_s`."""
        await asyncio.to_thread(self._producer.flush, timeout_s)


def _why(error: KafkaError | None) -> str | None:
    """Return why a write failed. Raises where the client has lost its sequence for good (librdkafka: idempotent producer, fatal errors)."""
    if error is None:
        return None
    if error.fatal() or error.code() == KafkaError._FATAL:
        raise ServiceUnavailableError(f"the Kafka producer of dead letters gave up: {error.str()}\n    hint: start again")
    return f"{error.name()}: {error.str()}"
