"""The composition root: builds adapters and engine from settings and mapping, and owns their lifetimes. Knows every concrete class.

**Rule**: whatever can be known to be wrong is known before the first record is read. The end is in order: the source drains and commits, then
the publisher is flushed, then connections are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from connector import __version__
from connector.adapters.admin_server import AdminServer
from connector.adapters.curl import CurlTransport
from connector.adapters.decoding import Decoding
from connector.adapters.http_sender import HttpSender, StockTransport
from connector.adapters.kafka import KafkaPublisher, KafkaSource, client_logger
from connector.adapters.registry import SchemaRegistry
from connector.adapters.telemetry import Log, Metrics
from connector.app.files import Configuration
from connector.app.summary import summary
from connector.app.topics import prepare_topics
from connector.delivery.retry import RetryPolicy
from connector.engine.engine import Engine, Limits
from connector.errors import InvariantViolationError, ServiceUnavailableError
from connector.facts import Fact, Snapshot, Started, Stopped, Stopping
from connector.ports import Observer

FLUSH_TIMEOUT_S = 5.0


class App:
    """One connector process. `observe` hears every fact besides the log and the metrics."""

    def __init__(self, configuration: Configuration, observe: Observer | None = None, *, log: bool = True) -> None:
        self._configuration = configuration
        self._settings = configuration.settings
        self._chance = random.Random()  # noqa: S311  # jitter, not cryptography
        self._engine: Engine | None = None
        self._repeated_sends: Callable[[], int] = lambda: 0
        self._source: KafkaSource | None = None
        self._stopping = False
        self._metrics = Metrics(self.snapshot, __version__)
        self._observers: list[Observer] = [self._metrics]
        if log:
            self._observers.append(Log(configuration.settings.log))
        if observe is not None:
            self._observers.append(observe)
        self.admin_address: str | None = None

    def observe(self, fact: Fact) -> None:
        """Tell everyone who wants to know."""
        for observer in self._observers:
            observer(fact)

    def snapshot(self) -> Snapshot | None:
        """Return the engine's counts; None before there is an engine."""
        if self._engine is None:
            return None
        snapshot = self._engine.snapshot()
        return replace(snapshot, sentinels={**snapshot.sentinels, "request_repeated": self._repeated_sends()})

    def stop(self, why: str) -> None:
        """Ask `run` to drain, commit and end."""
        self.observe(Stopping(why))
        self._stopping = True
        if self._source is not None:
            self._source.stop()

    async def run(self, *, signals: bool = True) -> None:
        """Run until `stop`, or SIGTERM or SIGINT.

        Raises `ConnectorError`s: a port in use, brokers or topics that are not there, a mapping that does not fit a schema.
        """
        settings = self._settings
        admin = AdminServer(settings.admin.host, settings.admin.port, self._not_ready, self._metrics.exposition)
        self.admin_address = admin.address
        started_s = time.monotonic()
        async with contextlib.AsyncExitStack() as closing:
            serving = asyncio.create_task(admin.serve())
            closing.push_async_callback(_ended, serving, admin)
            logger = client_logger(self.observe)
            publisher = await self._publisher(closing, logger)
            decoding = await self._decoding(closing)
            sender = self._sender()
            closing.push_async_callback(sender.aclose)
            source = self._source = KafkaSource(settings.kafka, self._topics, settings.delivery.drain_timeout_s, logger)
            if self._stopping:
                source.stop()
            if signals:
                closing.enter_context(_stopping_on_signals(self.stop))
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._engine = self._build(source, decoding, sender, publisher, tasks)
                    background = [
                        tasks.create_task(self._engine.commit_forever()),
                        tasks.create_task(self._summaries()),
                        tasks.create_task(_until_a_callback_fails(closing)),
                    ]
                    self.observe(Started(__version__, tuple(self._topics), admin.address))
                    await source.run(self._engine)
                    for task in background:
                        task.cancel()
            except BaseExceptionGroup as group:
                raise _first(group) from group
        self.observe(Stopped(time.monotonic() - started_s))

    @property
    def _topics(self) -> Sequence[str]:
        return list(self._configuration.mapping.topics)

    def _dead_letter_topic(self, topic: str) -> str:
        return self._settings.dead_letter.topic.replace("{topic}", topic)

    def _not_ready(self) -> Sequence[str]:
        snapshot = self.snapshot()
        return ("starting",) if snapshot is None else snapshot.not_ready

    async def _publisher(self, closing: contextlib.AsyncExitStack, logger: logging.Logger) -> KafkaPublisher:
        publisher = KafkaPublisher(self._settings.kafka, self._settings.dead_letter.max_message_bytes, logger)
        closing.push_async_callback(publisher.close, FLUSH_TIMEOUT_S)
        there = await publisher.look_up(self._settings.start_timeout_s)
        missing = [topic for topic in (*self._topics, *map(self._dead_letter_topic, self._topics)) if topic not in there]
        if missing:
            raise ServiceUnavailableError(_missing(missing, str(self._settings.kafka["bootstrap.servers"])))
        return publisher

    async def _decoding(self, closing: contextlib.AsyncExitStack) -> Decoding:
        registry = None
        if self._settings.schemas.registry is not None:
            registry = SchemaRegistry(self._settings.schemas.registry)
            closing.push_async_callback(registry.close)
        topics = await prepare_topics(self._configuration, registry)
        return Decoding(topics, registry, self.observe, self._chance)

    def _sender(self) -> HttpSender:
        adjust = self._settings.adjust
        tokens = {name: app.s2s_token for name, app in self._configuration.mapping.apps.items()}
        make = CurlTransport if adjust.transport == "libcurl" else StockTransport
        transport = make(
            max_connections=self._settings.delivery.max_in_flight,
            connect_timeout_s=adjust.connect_timeout_s,
            timeout_s=adjust.timeout_s,
            ca_file=adjust.ca_file,
            proxy=adjust.proxy,
        )
        if isinstance(transport, CurlTransport):
            self._repeated_sends = lambda: transport.repeated_sends
        return HttpSender(transport, adjust.base_url, tokens)

    def _build(
        self, source: KafkaSource, decoding: Decoding, sender: HttpSender, publisher: KafkaPublisher, tasks: asyncio.TaskGroup
    ) -> Engine:
        settings = self._settings
        return Engine(
            source=source,
            interpreter=decoding,
            sender=sender,
            publisher=publisher,
            observe=self.observe,
            tasks=tasks,
            limits=Limits(
                max_in_flight=settings.delivery.max_in_flight,
                max_buffered=settings.delivery.max_buffered,
                max_buffered_bytes=settings.delivery.max_buffered_bytes,
                commit_interval_s=settings.commit.interval_ms / 1000,
                probe_s=settings.retry.probe_s,
            ),
            policy=RetryPolicy.from_settings(settings.retry),
            dead_letter_topic=self._dead_letter_topic,
            version=__version__,
            chance=self._chance,
            wall_s=time.time,
        )

    async def _summaries(self) -> None:
        """State how much was done, every `log.summary_interval_s`, while something is done."""
        interval_s = self._settings.log.summary_interval_s
        before = self.snapshot()
        while interval_s and before is not None:
            await asyncio.sleep(interval_s)
            now = self.snapshot()
            if now is None or now.consumed == before.consumed:
                continue
            self.observe(summary(before, now, interval_s))
            before = now


def _missing(topics: Sequence[str], brokers: str) -> str:
    return "\n".join(
        [f"topics that do not exist on {brokers}: {', '.join(topics)}"]
        + [
            f"    hint: kafka-topics.sh --bootstrap-server {brokers} --create --topic {topic}"
            " (with as many partitions as its origin, if it is a dead-letter topic)"
            for topic in topics
        ]
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the process: a task group wraps it, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _until_a_callback_fails(closing: contextlib.AsyncExitStack) -> None:
    """Raise what a callback of the loop raises, which asyncio would write to the log and forget: a bug ends the process.

    What comes from a socket is the admin port's own business, and goes where it went before.
    """
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not context.keys().isdisjoint({"transport", "protocol", "socket"}):
            loop.default_exception_handler(context)
        elif not failed.done():
            failed.set_exception(context.get("exception") or InvariantViolationError(str(context.get("message"))))

    before = loop.get_exception_handler()
    loop.set_exception_handler(fail)
    closing.callback(loop.set_exception_handler, before)
    await failed


async def _ended(serving: asyncio.Task[None], admin: AdminServer) -> None:
    admin.stop()
    await serving


@contextlib.contextmanager
def _stopping_on_signals(stop: Callable[[str], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    names = (signal.SIGTERM, signal.SIGINT)
    for name in names:
        loop.add_signal_handler(name, stop, name.name)
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(name)
