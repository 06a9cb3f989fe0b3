"""The Kafka consumer on a thread of its own: batches in, commits out, partitions that come and go.

    thread                               event loop
    poll, consume -> batch  -----------> engine.accept
    on_assign: committed()  -----------> engine.assigned
    on_revoke: blocks       -----------> engine.revoke, drains  --> offsets, committed inside the callback
    commands  <------------------------- pause, resume, commit

**Rule**: every call on the consumer is made by its thread, which never stops polling but for a hand-over that is full. Manual offsets:
nothing is stored or committed but what the engine says. Does not know what a record means.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPartition

from connector.adapters.kafka.client_errors import FATAL, PASSING
from connector.adapters.kafka.commands import Command, Commit, Pause, Resume
from connector.adapters.kafka.listener import Listener
from connector.adapters.kafka.messages import look_up, offsets_of, record_of
from connector.adapters.kafka.properties import consumer_properties
from connector.errors import ServiceUnavailableError
from connector.record import Record, Stamps, TopicPartition
from connector.settings import KafkaProperty

BATCH_RECORDS = 500
POLL_S = 0.05
HANDED_OVER_LIMIT = 2_000
"""Records handed to the loop and not yet taken; beyond, the thread waits for the loop."""
END_OFFSETS_INTERVAL_S = 1.0
COMMITTED_TIMEOUT_S = 30.0
ASK_AGAIN_S = 0.2
LOOP_PATIENCE_S = 30.0
"""How long beyond its own deadline a drain is waited for: a loop that does not answer by then never will."""


class KafkaSource:
    """`connector.ports.Source` on a confluent-kafka consumer, which logs to `logger`. `run` reads until `stop`."""

    def __init__(
        self, properties: Mapping[str, KafkaProperty], topics: Sequence[str], drain_timeout_s: float, logger: logging.Logger
    ) -> None:
        self._properties = {**consumer_properties(properties), "on_commit": self._on_commit, "error_cb": self._on_error}
        self._topics = list(topics)
        self._logger = logger
        self._drain_timeout_s = drain_timeout_s
        self._commands: deque[Command] = deque()
        self._stop = threading.Event()
        self._abandoned = threading.Event()
        """Set when the loop ends without a stop: a bug, after which nothing is committed."""
        self._taken = threading.Condition()
        self._handed_over = 0
        self._assignment = 0
        self._failure: ServiceUnavailableError | None = None
        self._names: dict[tuple[str, int], TopicPartition] = {}
        self._assignments: dict[TopicPartition, int] = {}

    def pause(self, partitions: Stamps) -> None:
        """See `connector.ports.Source`."""
        self._commands.append(Pause(partitions))

    def resume(self, partitions: Stamps) -> None:
        """See `connector.ports.Source`."""
        self._commands.append(Resume(partitions))

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]], assignments: Stamps) -> None:
        """See `connector.ports.Source`."""
        self._commands.append(Commit(offsets, assignments))

    def stop(self) -> None:
        """Ask `run` to drain, commit and end."""
        self._stop.set()

    async def run(self, listener: Listener) -> None:
        """Consume until `stop`. Raises `ServiceUnavailableError` where Kafka says something that waiting does not heal."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = self._loop.create_future()
        thread = threading.Thread(target=self._thread, args=(ended,), name="kafka-consumer", daemon=True)
        thread.start()
        try:
            await ended
        except asyncio.CancelledError:
            self._abandoned.set()
            self._stop.set()
            raise
        thread.join()

    def _thread(self, ended: asyncio.Future[None]) -> None:
        error: BaseException | None = None
        try:
            self._consume()
        except KafkaException as raised:
            error = ServiceUnavailableError(f"the Kafka client gave up: {raised.args[0]}")
        except BaseException as raised:  # noqa: BLE001  # handed to the loop, where it ends the process
            error = raised
        self._tell(lambda: ended.set_exception(error) if error else ended.set_result(None))

    def _tell(self, action: Callable[[], object]) -> None:
        """Run `action` on the loop; where that is closed, the process is ending and nobody is left to be told."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action)

    def _consume(self) -> None:
        consumer = self._consumer = Consumer(self._properties, logger=self._logger)
        try:
            consumer.subscribe(self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
            next_end_offsets_s = 0.0
            while not self._stop.is_set():
                self._obey()
                self._hand_over(self._poll())
                if self._failure is not None:
                    raise self._failure
                if time.monotonic() >= next_end_offsets_s:
                    next_end_offsets_s = time.monotonic() + END_OFFSETS_INTERVAL_S
                    self._look_at_ends()
            self._finish()
        finally:
            consumer.close()

    def _poll(self) -> list[Record]:
        """Return what is there: waiting for one record at most `POLL_S`, and not at all for more.

        Rebalance callbacks are served inside both calls, so the first record is stamped before the second. Should a partition leave and come
        back inside the second, its records cannot be told apart by assignment: the process ends, and reads them anew after its start.
        """
        first = self._consumer.poll(POLL_S)
        if first is None:
            return []
        records = [self._record(first)]
        before = dict(self._assignments)
        for message in self._consumer.consume(BATCH_RECORDS - 1, 0):
            record = self._record(message)
            if record is not None and before.get(record.topic_partition, record.assignment) != record.assignment:
                raise ServiceUnavailableError("a partition left and came back while it was read\n    hint: start again")
            records.append(record)
        return [record for record in records if record is not None]

    def _hand_over(self, records: Sequence[Record]) -> None:
        if not records:
            return
        with self._taken:
            self._handed_over += len(records)
        self._tell(lambda: self._take(records))
        with self._taken:
            self._taken.wait_for(lambda: self._handed_over < HANDED_OVER_LIMIT, timeout=1.0)

    def _take(self, records: Sequence[Record]) -> None:
        """Runs on the loop."""
        self._listener.accept(records)
        with self._taken:
            self._handed_over -= len(records)
            self._taken.notify()

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        if error is not None:
            self._on_error(error)
            return None
        name = self._names.get(cast("tuple[str, int]", (message.topic(), message.partition())))
        assignment = self._assignments.get(name) if name is not None else None
        return record_of(message, name, assignment) if name is not None and assignment is not None else None

    def _obey(self) -> None:
        while self._commands:
            command = self._commands.popleft()
            match command:
                case Pause(partitions):
                    self._consumer.pause(self._mine(partitions))
                case Resume(partitions):
                    self._consumer.resume(self._mine(partitions))
                case Commit(offsets, assignments):
                    self._commit_soon({name: each for name, each in offsets.items() if self._is_current(name, assignments[name])})

    def _is_current(self, name: TopicPartition, assignment: int) -> bool:
        return self._assignments.get(name) == assignment

    def _mine(self, partitions: Stamps) -> list[KafkaPartition]:
        return [KafkaPartition(*name) for name, assignment in partitions.items() if self._is_current(name, assignment)]

    def _commit_soon(self, mine: Mapping[TopicPartition, tuple[int, str]]) -> None:
        if not mine:
            return
        try:
            self._consumer.commit(offsets=offsets_of(mine), asynchronous=True)
        except KafkaException as error:
            self._answered({name: offset for name, (offset, _) in mine.items()}, str(error.args[0]))

    def _on_commit(self, error: KafkaError | None, partitions: list[KafkaPartition]) -> None:
        failed = error or next((each.error for each in partitions if each.error is not None), None)
        if failed is not None and failed.code() == KafkaError._NO_OFFSET:
            return
        offsets = {TopicPartition(each.topic, each.partition): each.offset for each in partitions}
        self._answered(offsets, str(failed) if failed is not None else None)

    def _answered(self, offsets: Mapping[TopicPartition, int], error: str | None) -> None:
        self._tell(lambda: self._listener.committed(offsets, error))

    def _on_error(self, error: KafkaError) -> None:
        """Errors come from the client as events; `_consume` raises those that waiting does not heal."""
        if error.fatal() or error.code() in FATAL:
            self._failure = ServiceUnavailableError(f"Kafka refuses to go on: {error.str()} ({error.name()})")
        else:
            self._logger.warning("%s: %s", error.name(), error.str())

    def _on_assign(self, consumer: Consumer, partitions: list[KafkaPartition]) -> None:
        self._assignment += 1
        assignment = self._assignment
        committed = {
            TopicPartition(each.topic, each.partition): (each.offset if each.offset >= 0 else None, each.metadata)
            for each in (self._committed(consumer, partitions) if partitions else ())
        }
        for name in committed:
            self._names[name.topic, name.partition] = name
            self._assignments[name] = assignment
        # The client remembers a pause beyond the assignment it was made in; the engine starts each one unpaused.
        self._commands.append(Resume(dict.fromkeys(committed, assignment)))
        self._tell(lambda: self._listener.assigned(committed, assignment))

    def _committed(self, consumer: Consumer, partitions: list[KafkaPartition]) -> list[KafkaPartition]:
        """Return what the group has committed; a coordinator that is moving or loading is asked again for a while."""
        deadline_s = time.monotonic() + COMMITTED_TIMEOUT_S
        while True:
            found, error = look_up(consumer, partitions, COMMITTED_TIMEOUT_S)
            if error is None:
                return found
            if error.code() not in PASSING or time.monotonic() > deadline_s:
                raise KafkaException(error)
            self._stop.wait(ASK_AGAIN_S)

    def _on_revoke(self, _: Consumer, partitions: list[KafkaPartition]) -> None:
        names = [TopicPartition(each.topic, each.partition) for each in partitions]
        self._give_up(names)

    def _on_lost(self, _: Consumer, partitions: list[KafkaPartition]) -> None:
        names = [TopicPartition(each.topic, each.partition) for each in partitions]
        for name in names:
            self._assignments.pop(name, None)
        self._tell(lambda: self._listener.lost(names))

    def _give_up(self, names: Sequence[TopicPartition]) -> None:
        """Drain partitions and commit what the engine says, before anyone else can own them."""
        mine = [name for name in names if name in self._assignments]
        if not mine or self._abandoned.is_set():
            return
        draining = asyncio.run_coroutine_threadsafe(self._listener.revoke(mine, self._drain_timeout_s), self._loop)
        progress = draining.result(self._drain_timeout_s + LOOP_PATIENCE_S)
        for name in mine:
            del self._assignments[name]
        if not progress:
            return
        offsets = {name: offset for name, (offset, _) in progress.items()}
        try:
            self._consumer.commit(offsets=offsets_of(progress), asynchronous=False)
        except KafkaException as error:
            self._answered(offsets, str(error.args[0]))
        else:
            self._answered(offsets, None)

    def _finish(self) -> None:
        """Stop fetching, drain everything, commit; the consumer is closed after."""
        mine = list(self._assignments)
        self._consumer.pause(self._mine(self._assignments))
        self._give_up(mine)

    def _look_at_ends(self) -> None:
        ends = {}
        for name in self._assignments:
            _, end = self._consumer.get_watermark_offsets(KafkaPartition(*name), cached=True)
            if end >= 0:
                ends[name] = end
        if ends:
            self._tell(lambda: self._listener.end_offsets(ends))
