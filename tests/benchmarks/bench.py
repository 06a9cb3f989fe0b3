"""`make bench`: what an event costs, and how many a second go through, beside a plain loop in the same run.

    topic of Avro events on a real broker -> the connector, as users run it -> a local upstream that is not the bottleneck
                                          -> confluent-kafka + httpx.Client  -> the same upstream

Machines differ, and one machine differs from hour to hour by half, so the ratio of the two is the result. The plain loop
runs before and after the connector and counts with its mean.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a program, not by pytest

from benchmarks.measured import Measured, Upstreams, mean
from support.child_process import ChildProcess
from support.connector_process import ConnectorProcess
from support.events import avro, event, framed, recent_ms, schema_text
from support.kafka_cluster import KafkaCluster
from support.kafka_side import KafkaSide, Raw
from support.scenario import mapping_of

PARTITIONS = 6
BUDGET_RATIO = 0.20
BUDGET_SHARE = 0.90
LATENCY_MS = 50.0
_PLAIN_LOOP = str(Path(__file__).with_name("plain_loop.py"))


class Plan(NamedTuple):
    """How much is measured."""

    events: int
    keys: int
    plain_events: int
    in_flight: int
    latency_s_of_work: float
    upstreams: int


class Bench:
    """One run: a topic on `kafka`, files in `folder`."""

    def __init__(self, plan: Plan, kafka: KafkaSide, folder: Path) -> None:
        self.plan = plan
        self.kafka = kafka
        self.folder = folder
        self.topic = f"bench-{uuid.uuid4().hex[:8]}"
        (folder / "schemas").mkdir()
        (folder / "schemas" / "app_event.avsc").write_text(schema_text())
        (folder / "mapping.yaml").write_text(json.dumps(mapping_of([self.topic])))

    def prepare(self) -> None:
        """Make the topics and fill the one that is read."""
        self.kafka.make_topic(self.topic, PARTITIONS)
        self.kafka.make_topic(f"{self.topic}.dead-letter", PARTITIONS)
        self.kafka.produce(self.topic, self._records())

    def _records(self) -> Iterator[Raw]:
        start_ms = recent_ms()
        for number in range(self.plan.events):
            one = event(number, number * 7919 % self.plan.keys, start_ms + number // 100)
            yield Raw(framed(1, avro(one.fields)), one.key)

    def connector_at_full_speed(self) -> Measured:
        """Deliver the whole topic to an upstream that answers at once."""
        with Upstreams(self.folder, self.plan.upstreams, 0.0) as upstreams:
            connector = self._connector(upstreams, self.plan.in_flight)
            first = upstreams.until_delivered(connector.process, 1, within_s=60)
            last = upstreams.until_delivered(connector.process, self.plan.events, within_s=900)
            self._stop(connector)
            return Measured.between(first, last)

    def connector_with_latency(self) -> Measured:
        """Deliver for a while to an upstream that takes its time, and measure the middle of it."""
        ideal = int(self.plan.in_flight * 1000 / LATENCY_MS * self.plan.latency_s_of_work)
        count = min(self.plan.events, ideal)
        with Upstreams(self.folder, self.plan.upstreams, LATENCY_MS) as upstreams:
            connector = self._connector(upstreams, self.plan.in_flight)
            first = upstreams.until_delivered(connector.process, count // 10, within_s=60)
            last = upstreams.until_delivered(connector.process, count * 9 // 10, within_s=900)
            self._stop(connector)
            return Measured.between(first, last)

    def plain_loop(self, count: int, latency_ms: float = 0.0) -> Measured:
        """The same topic, the plain way."""
        with Upstreams(self.folder, self.plan.upstreams, latency_ms) as upstreams:
            arguments = {
                "bootstrap": self.kafka.bootstrap_servers,
                "topic": self.topic,
                "group": f"plain-{uuid.uuid4()}",
                "schema": str(self.folder / "schemas" / "app_event.avsc"),
                "url": f"{upstreams.base_url}/event",
                "count": str(count + 100),
            }
            command = [sys.executable, _PLAIN_LOOP, *(part for name, value in arguments.items() for part in (f"--{name}", value))]
            loop = ChildProcess(command, self.folder / "plain.log")
            first = upstreams.until_delivered(loop, 1, within_s=60)
            last = upstreams.until_delivered(loop, count, within_s=900)
            loop.stop()
            return Measured.between(first, last)

    def _connector(self, upstreams: Upstreams, in_flight: int) -> ConnectorProcess:
        group = f"bench-{uuid.uuid4()}"
        settings = {
            "kafka": {"bootstrap.servers": self.kafka.bootstrap_servers, "group.id": group},
            "schemas": {"directory": "schemas"},
            "mapping": "mapping.yaml",
            "adjust": {"base_url": upstreams.base_url},
            "delivery": {"max_in_flight": in_flight},
        }
        return ConnectorProcess(self.folder, settings, name=f"connector-{group}")

    def _stop(self, connector: ConnectorProcess) -> None:
        moved = {name: value for name, value in connector.sentinels().items() if value}
        code = connector.terminate()
        if code or moved:
            raise RuntimeError(f"the connector ended with {code}, sentinels {moved}:\n{connector.process.log_tail()}")


def report(plan: Plan, plain: Measured, plain_slow: Measured, ours: Measured, ours_slow: Measured) -> bool:
    """Print the table; return whether the budgets hold."""
    limit = plan.in_flight * 1000 / LATENCY_MS
    ratio, share = ours.cpu_us_per_event / plain.cpu_us_per_event, ours_slow.events_per_s / limit
    rows = [
        ("", "connector", "plain loop", "ratio"),
        ("CPU µs per event", f"{ours.cpu_us_per_event:.0f}", f"{plain.cpu_us_per_event:.0f}", f"{ratio:.3f}"),
        _rates("events/s at 0 ms", ours, plain),
        _rates(f"events/s at {LATENCY_MS:.0f} ms", ours_slow, plain_slow),
        (
            f"CPU µs per event at {LATENCY_MS:.0f} ms",
            f"{ours_slow.cpu_us_per_event:.0f}",
            f"{plain_slow.cpu_us_per_event:.0f}",
            "",
        ),
    ]
    head = f"{plan.events} events, {plan.keys} keys, {PARTITIONS} partitions, {plan.in_flight} in flight; plain loop {plain.events} events"
    lines = [head, ""] + [f"{name:<26}{mine:>12}{theirs:>12}{of:>9}" for name, mine, theirs, of in rows]
    held = ratio <= BUDGET_RATIO and share >= BUDGET_SHARE
    lines += [
        "",
        f"CPU ratio {ratio:.3f}, at most {BUDGET_RATIO:.2f}: {_says(ratio <= BUDGET_RATIO)}",
        f"{share:.1%} of in flight / latency = {limit:.0f} events/s, at least {BUDGET_SHARE:.0%}: {_says(share >= BUDGET_SHARE)}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return held


def _rates(name: str, ours: Measured, plain: Measured) -> tuple[str, str, str, str]:
    return name, f"{ours.events_per_s:.0f}", f"{plain.events_per_s:.0f}", f"{ours.events_per_s / plain.events_per_s:.1f}"


def _says(held: bool) -> str:  # noqa: FBT001  # it is the subject
    return "held" if held else "NOT held"


def _plan(arguments: list[str] | None) -> Plan:
    parser = argparse.ArgumentParser(prog="bench", description="CPU per event and events per second, beside a plain loop.")
    parser.add_argument("--events", type=int, default=200_000, help="events in the topic (default 200000)")
    parser.add_argument("--keys", type=int, default=5_000, help="distinct keys (default 5000)")
    parser.add_argument(
        "--plain-events", type=int, default=10_000, help="events of each of the plain loop's two runs (default 10000)"
    )
    parser.add_argument("--in-flight", type=int, default=128, help="delivery.max_in_flight (default 128)")
    parser.add_argument("--upstreams", type=int, default=1, help="upstream processes that share a port (default 1)")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: a look, not a measurement")
    given = parser.parse_args(arguments)
    share = 10 if given.quick else 1
    return Plan(given.events // share, given.keys, given.plain_events // share, given.in_flight, 15 / share + 1, given.upstreams)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 1 where a budget does not hold."""
    plan = _plan(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connector-bench-")))
        given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        kafka = KafkaSide(given or stack.enter_context(KafkaCluster(folder / "kafka")).bootstrap_servers)
        stack.callback(kafka.close)
        bench = Bench(plan, kafka, folder)
        _say(f"filling a topic with {plan.events} events")
        bench.prepare()
        _say("plain loop, at 0 ms")
        before = bench.plain_loop(plan.plain_events)
        _say("connector, at 0 ms")
        ours = bench.connector_at_full_speed()
        _say("plain loop again, at 0 ms")
        plain = mean([before, bench.plain_loop(plan.plain_events)])
        _say(f"connector, at {LATENCY_MS:.0f} ms")
        ours_slow = bench.connector_with_latency()
        _say(f"plain loop, at {LATENCY_MS:.0f} ms")
        plain_slow = bench.plain_loop(200, LATENCY_MS)
        return 0 if report(plan, plain, plain_slow, ours, ours_slow) else 1


def _say(step: str) -> None:
    sys.stderr.write(f"bench: {step}\n")


if __name__ == "__main__":
    sys.exit(main())
