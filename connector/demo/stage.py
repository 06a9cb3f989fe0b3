"""The whole demo, started and stopped in order: embedded Kafka, sandbox, events, connector, account.

**Rule**: the connector is the one that users run, read from files as `connector run` reads them. Every port is a free one, nothing is
left behind, and nothing waits longer than the deadline. A signal before the account ends it without one, with the shell's code for it;
after the account it is the way to end a demo that keeps running.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from connector.app.files import Configuration, load
from connector.app.process import App
from connector.demo.account import Evidence, compare, judge
from connector.demo.addresses import addresses
from connector.demo.broker import EmbeddedBroker, KafkaSide, Placed
from connector.demo.generator import Generator, mapping_text, schema_text
from connector.demo.sample import Sample
from connector.demo.scenario import TOKENS, faults, sandbox_config
from connector.demo.show import Moment, Stage, counted, show_account, show_requests
from connector.facts import AppHeld, DeadLetterFailed, Fact, InvariantBroken
from connector.ports import Observer
from connector.sandbox import Entry, Journal, Sandbox

TOPIC, DEAD_LETTERS, GROUP = "app-events", "app-events.dead-letter", "connector-demo"
LOOK_S = 0.5
"""Seconds between two looks at the progress."""

DOES_NOT_HOLD = 1
SIGNALLED = 128
"""Shells expect 128 + N of a program that signal N ended."""

SETTINGS = """\
kafka:
  bootstrap.servers: {bootstrap_servers}
  group.id: {group}
  auto.offset.reset: earliest
  log_level: 2
schemas: {{directory: .}}
mapping: mapping.yaml
adjust: {{base_url: "{base_url}"}}
retry: {{initial_s: 0.2, max_s: 2}}
admin: {{host: 127.0.0.1, port: 0}}
log: {{summary_interval_s: 0}}
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `deadline_s` bounds the time from the first event to the last settled one."""

    events: int = 6_000
    seed: int = 1
    keep_running: bool = False
    deadline_s: float = 45.0


@dataclass(slots=True)
class Stop:
    """What ends the demo: `event` is set by a signal, whose number is then in `signal`, and by the connector's own end."""

    event: asyncio.Event
    signal: int | None = None

    def on(self, number: int) -> None:
        """Take a signal."""
        self.signal = number
        self.event.set()


async def perform(options: Options, console: Console) -> int:
    """Run the demo and write what happens to `console`; return the exit code: 0 the account holds, 1 it does not, 128 + N: signal N came.

    Raises `ConnectorError`s as the connector itself does.
    """
    generator = Generator(options.seed, int(time.time() * 1000), options.events)
    samples = list(generator.samples())
    async with contextlib.AsyncExitStack() as closing:
        stop = closing.enter_context(_stop_signals())
        stage = Stage(console)
        broker = await asyncio.to_thread(EmbeddedBroker)
        closing.callback(broker.close)
        sandbox = await closing.enter_async_context(Sandbox(sandbox_config(generator.cast), faults()))
        stage.say(f"Kafka inside this process at {broker.bootstrap_servers}, a stand-in for Adjust at {sandbox.base_url}")
        kafka = KafkaSide(broker.bootstrap_servers, TOPIC, DEAD_LETTERS)
        placed = await asyncio.to_thread(_produce, kafka, samples)
        stage.say(
            f"In the topic {TOPIC}: {counted(len(samples), 'event')} of {counted(len(generator.cast.devices), 'device')} and two apps"
        )
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="connector-demo-"))
        app = App(_configured(Path(folder), broker.bootstrap_servers, sandbox.base_url), _telling(stage), log=False)
        if stop.signal is not None:
            return _no_account(stage, stop.signal)
        started_s = time.monotonic()
        async with _running(app, stop):
            stage.say("The connector joins its group (about three seconds on the embedded cluster) ...")
            with stage:
                committed = await _until_committed(kafka, placed, app, stage, stop.event, options.deadline_s)
            seconds = time.monotonic() - started_s
            if stop.signal is not None:
                return _no_account(stage, stop.signal)
            if stop.event.is_set():
                return DOES_NOT_HOLD  # unless what the connector ended with is raised
            letters = await asyncio.to_thread(kafka.dead_letters)
            account = judge(Evidence(samples, placed, generator.cast.devices, list(sandbox.journal), letters, committed))
            said = app.snapshot()
            if said is not None:
                compare(account, said)
            show_requests(console, _two_requests(sandbox.journal))
            show_account(console, account, seconds)
            if options.keep_running:
                stage.say(addresses(app.admin_address, sandbox.base_url, broker.bootstrap_servers, (TOPIC, DEAD_LETTERS), folder))
                await stop.event.wait()
        return 0 if account.holds else DOES_NOT_HOLD


def _no_account(stage: Stage, number: int) -> int:
    stage.say("Stopped before the end: there is no account.")
    return SIGNALLED + number


def _produce(kafka: KafkaSide, samples: list[Sample]) -> dict[int, Placed]:
    kafka.await_topics()
    return kafka.produce(samples)


def _configured(folder: Path, bootstrap_servers: str, base_url: str) -> Configuration:
    """Write the connector's files into `folder` and read them as `connector run` does."""
    settings = SETTINGS.format(bootstrap_servers=bootstrap_servers, group=GROUP, base_url=base_url)
    for name, text in (("connector.yaml", settings), ("mapping.yaml", mapping_text()), ("app_event.avsc", schema_text())):
        (folder / name).write_text(text, "utf-8")
    return load(str(folder / "connector.yaml"), TOKENS)


@contextlib.contextmanager
def _stop_signals() -> Iterator[Stop]:
    """Return what SIGINT and SIGTERM set."""
    loop, stop = asyncio.get_running_loop(), Stop(asyncio.Event())
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.on, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _running(app: App, stop: Stop) -> AsyncIterator[None]:
    """Run the connector beside the block, and let it drain at its end; `stop` is set if it ends before.

    Raises what the connector ended with.
    """
    work = asyncio.create_task(app.run(signals=False))
    work.add_done_callback(lambda _task: stop.event.set())
    try:
        yield
    finally:
        if app.snapshot() is None and not work.done():  # it still looks for its topics: there is nothing to drain, nor to stop
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        else:
            if not work.done():
                app.stop("the demo is over")
            await work


async def _until_committed(
    kafka: KafkaSide, placed: Mapping[int, Placed], app: App, stage: Stage, over: asyncio.Event, deadline_s: float
) -> Mapping[int, int]:
    """Show progress until every event is committed, the deadline has passed or `over` is set; return the committed offsets."""
    ends: dict[int, int] = {}
    for place in placed.values():
        ends[place.partition] = max(ends.get(place.partition, 0), place.offset + 1)
    given_up_s = time.monotonic() + deadline_s
    while True:
        committed = await asyncio.to_thread(kafka.committed, GROUP)
        stage.show(Moment.of(app.snapshot(), len(placed)))
        if committed == ends or time.monotonic() > given_up_s or over.is_set():
            return committed
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_S)


def _telling(stage: Stage) -> Observer:
    def observe(fact: Fact) -> None:
        """Say what should not happen in a demo."""
        if isinstance(fact, InvariantBroken | AppHeld | DeadLetterFailed):
            stage.say(f"connector: {fact}")

    return observe


def _two_requests(journal: Journal) -> list[Entry]:
    """Choose a purchase with everything in it, and an event of the other app."""
    delivered = journal.select(lambda entry: entry.delivered)
    wanted = ("partner_params", "ad_revenue_network")
    return [entry for name in wanted for entry in [next((one for one in delivered if name in one.parameters), None)] if entry]
