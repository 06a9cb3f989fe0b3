"""The whole demo, started and stopped in order: embedded Kafka, sandbox, events, connector, account.

**Rule**: the connector is the one that users run, read from files as `connector run` reads them. Every port is a free one, nothing is
left behind, and nothing waits longer than the deadline.
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
from connector.demo.broker import EmbeddedBroker, KafkaSide, Placed
from connector.demo.generator import Generator, mapping_text, schema_text
from connector.demo.sample import Sample
from connector.demo.scenario import TOKENS, faults, sandbox_config
from connector.demo.show import Moment, Stage, show_account, show_requests
from connector.errors import InvariantViolationError
from connector.facts import AppHeld, DeadLetterFailed, Fact, InvariantBroken
from connector.ports import Observer
from connector.sandbox import Entry, Journal, Sandbox

TOPIC, DEAD_LETTERS, GROUP = "app-events", "app-events.dead-letter", "connector-demo"
LOOK_S = 0.5
"""Seconds between two looks at the progress."""

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


async def perform(options: Options, console: Console) -> bool:
    """Run the demo and write what happens to `console`; return whether the account holds.

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
        stage.say(f"{len(samples):,} events of {len(generator.cast.devices)} devices and two apps lie in the topic {TOPIC}")
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="connector-demo-"))
        app = App(_configured(Path(folder), broker.bootstrap_servers, sandbox.base_url), _telling(stage), log=False)
        started_s = time.monotonic()
        async with _running(app, stop) as settled:
            stage.say("The connector joins its group (about three seconds on the embedded cluster) ...")
            with stage:
                committed = await _until_committed(kafka, placed, sandbox.journal, stage, settled, options.deadline_s)
            seconds = time.monotonic() - started_s
            if stop.is_set():
                stage.say("Stopped before the end: there is no account.")
                return False
            letters = await asyncio.to_thread(kafka.dead_letters)
            account = judge(Evidence(samples, placed, generator.cast.devices, list(sandbox.journal), letters, committed))
            said = app.snapshot()
            if said is not None:
                compare(account, said)
            show_requests(console, _two_requests(sandbox.journal))
            show_account(console, account, seconds)
            if options.keep_running:
                _say_addresses(stage, broker, sandbox, app, folder)
                await settled.wait()
        return account.holds


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
def _stop_signals() -> Iterator[asyncio.Event]:
    """Return an event that SIGINT and SIGTERM set."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _running(app: App, stop: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Run the connector beside the block, and let it drain at its end.

    What is given is set when the block has nothing more to wait for: a signal came, or the connector ended. Raises what the
    connector ended with.
    """
    work = asyncio.create_task(app.run(signals=False))
    work.add_done_callback(lambda _task: stop.set())
    try:
        yield stop
    finally:
        if not work.done():
            app.stop("the demo is over")
        await work


async def _until_committed(
    kafka: KafkaSide, placed: Mapping[int, Placed], journal: Journal, stage: Stage, over: asyncio.Event, deadline_s: float
) -> Mapping[int, int]:
    """Show progress until every event is committed, the deadline has passed or `over` is set; return the committed offsets."""
    ends: dict[int, int] = {}
    for place in placed.values():
        ends[place.partition] = max(ends.get(place.partition, 0), place.offset + 1)
    given_up_s = time.monotonic() + deadline_s
    while True:
        committed = await asyncio.to_thread(kafka.committed, GROUP)
        delivered = sum(entry.delivered for entry in journal)
        done = sum(committed.values())
        stage.show(Moment(done, len(placed), journal.received, delivered, journal.received - journal.open - delivered))
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


def _say_addresses(stage: Stage, broker: EmbeddedBroker, sandbox: Sandbox, app: App, folder: str) -> None:
    if app.admin_address is None:
        raise InvariantViolationError("the connector runs without an admin address")
    stage.say(
        "\n".join(
            (
                "",
                "Everything stays up until Ctrl-C:",
                f"  health and metrics   http://{app.admin_address}/readyz and /metrics",
                f"  what Adjust received {sandbox.base_url}/sandbox/requests and /sandbox/summary",
                f"  Kafka                {broker.bootstrap_servers}  (topics {TOPIC} and {DEAD_LETTERS})",
                f"  the connector's files {folder}",
                f"  more events          connector demo --produce-only --seed 2 --bootstrap-servers {broker.bootstrap_servers}",
            )
        )
    )
