"""What people see: a fact becomes a log line, a snapshot becomes metrics.

**Rule**: one table says how each fact is told. Healthy operation is silent but for starts, stops, assignments and a periodic summary. Nothing
here can see payload: facts and snapshots hold none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector import facts
from connector.facts import Fact, Snapshot
from connector.record import TopicPartition
from connector.settings import LogSettings

LINES: Mapping[type[Fact], tuple[str, str]] = {
    facts.Started: ("info", "connector started"),
    facts.Stopping: ("info", "stopping: draining what is in flight"),
    facts.Stopped: ("info", "connector stopped"),
    facts.PartitionsAssigned: ("info", "partitions assigned"),
    facts.PartitionsRevoked: ("info", "partitions revoked"),
    facts.CommitFailed: ("warning", "commit failed, the next one carries the same progress"),
    facts.CommitsStalled: ("error", "commits are not acknowledged, nothing new is sent"),
    facts.CommitsResumed: ("info", "commits are acknowledged again"),
    facts.PartitionCrowded: ("warning", "many events wait in this partition, only the oldest is sent until fewer do"),
    facts.MetadataUnreadable: ("warning", "commit metadata not understood, more is sent again than needed"),
    facts.LogRewound: (
        "warning",
        "the partition begins below the committed offset: truncated or made anew, it is read from there",
    ),
    facts.LateResult: ("debug", "a request finished after its partition had left"),
    facts.RetryScheduled: ("debug", "event waits for its next attempt"),
    facts.DeadLettered: ("debug", "record dead-lettered"),
    facts.DeadLetterFailed: ("error", "writing a dead letter failed, the record is held"),
    facts.AppHeld: ("error", "app held: Adjust says it is misconfigured, only a probe is sent"),
    facts.AppReleased: ("info", "app released"),
    facts.DestinationThrottled: ("warning", "Adjust asks for less, nothing is sent for a while"),
    facts.SchemaUnavailable: ("warning", "schema registry does not answer, the partition waits"),
    facts.SchemaBreaksRules: ("error", "a new schema does not fit some rules, their events are dead-lettered"),
    facts.SourceTrouble: ("warning", "Kafka client reports trouble"),
    facts.InvariantBroken: ("error", "a sentinel moved: please report this as a bug"),
    facts.Summary: ("info", "summary"),
}
"""Level and text of each fact; its fields become the line's."""


class Log:
    """Writes facts to standard error, as console text or as JSON lines."""

    def __init__(self, settings: LogSettings) -> None:
        level = logging.getLevelNamesMapping()[settings.level.upper()]
        as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
        renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(sys.stderr),
            processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True), renderer],
            wrapper_class=structlog.make_filtering_bound_logger(level),
        )

    def __call__(self, fact: Fact) -> None:
        """Write the line of `fact`, if its level is to be written; nobody may read it any more, which stops nothing."""
        level, text = LINES[type(fact)]
        with contextlib.suppress(OSError):
            self._logger.log(logging.getLevelNamesMapping()[level.upper()], text, fact=type(fact).__name__, **_fields(fact))


def _fields(fact: Fact) -> dict[str, object]:
    return {field.name: _plain(getattr(fact, field.name)) for field in dataclasses.fields(fact)}


def _plain(value: object) -> object:
    if isinstance(value, TopicPartition):
        return f"{value.topic}/{value.partition}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 3)
    return value


class Metrics:
    """The exposition of /metrics: how often each fact was stated, and the engine's snapshot."""

    def __init__(self, snapshot: Callable[[], Snapshot | None], version: str) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_SnapshotCollector(snapshot, version))
        self._facts: dict[str, int] = {}
        self._registry.register(_FactCollector(self._facts))

    def __call__(self, fact: Fact) -> None:
        """Count `fact`."""
        name = type(fact).__name__
        self._facts[name] = self._facts.get(name, 0) + 1

    def exposition(self) -> bytes:
        """Return all metrics as Prometheus text."""
        return generate_latest(self._registry)


class _FactCollector(Collector):
    """How often each fact was stated, as it stands when asked."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily("adjust_connector_facts", "Facts stated, by kind.", labels=["fact"])
        for name, count in self._counts.items():
            family.add_metric([name], count)
        yield family


class _SnapshotCollector(Collector):
    """The engine's counts as they stand when asked; before there is an engine, the version alone."""

    def __init__(self, snapshot: Callable[[], Snapshot | None], version: str) -> None:
        self._snapshot = snapshot
        self._version = version

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily("adjust_connector_build_info", "Version of the connector.", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        snapshot = self._snapshot()
        if snapshot is not None:
            yield from _counters(snapshot)
            yield from _gauges(snapshot)


def _counters(of: Snapshot) -> Iterable[Metric]:
    for name, text, value in (
        ("consumed", "Records received from Kafka.", of.consumed),
        ("skipped", "Records received that an earlier owner had settled already.", of.skipped),
        ("delivered", "Events that Adjust accepted.", of.delivered),
        ("duplicates", "Events that Adjust knew already.", of.duplicates),
        ("requests", "Requests sent to Adjust, retries included.", of.requests),
        ("late_results", "Requests that finished after their partition had left.", of.late),
        ("released", "Records given back unsettled when partitions left.", of.released),
        ("commits", "Commits that the broker acknowledged.", of.commits),
    ):
        yield CounterMetricFamily(f"adjust_connector_{name}", text, value=value)
    yield _labelled(
        CounterMetricFamily, "filtered", "Events that a rule left out.", ("rule",), {(k,): v for k, v in of.filtered.items()}
    )
    yield _labelled(
        CounterMetricFamily,
        "dead_lettered",
        "Records made durable in a dead-letter topic.",
        ("reason",),
        {(reason.value,): count for reason, count in of.dead_lettered.items()},
    )
    yield _labelled(
        CounterMetricFamily,
        "retries",
        "Attempts that are to be made again.",
        ("kind", "reason"),
        {(kind.value, reason.value): count for (kind, reason), count in of.retries.items()},
    )
    yield _labelled(
        CounterMetricFamily,
        "sentinel",
        "Broken rules of the connector itself: must stay 0.",
        ("sentinel",),
        {(name,): count for name, count in of.sentinels.items()},
    )


def _gauges(of: Snapshot) -> Iterable[Metric]:
    for name, text, value in (
        ("in_flight", "Requests under way.", of.in_flight),
        ("unsettled", "Records received and not settled.", of.unsettled),
        ("waiting", "Events that wait for their next attempt or for a held app.", of.waiting),
        ("buffered_bytes", "Bytes in memory; a value counts twice, for the request made of it.", of.buffered_bytes),
        ("resend_after_crash", "Events that a crash now would send again.", of.resend_after_crash),
        ("unaccounted", "Consumed records of which nothing is known: must stay 0.", of.unaccounted),
        ("paused_partitions", "Partitions paused because memory is full.", of.paused),
        ("held_apps", "Apps held as misconfigured.", len(of.held_apps)),
        ("ready", "1 when /readyz says ok.", 0 if of.not_ready else 1),
    ):
        yield GaugeMetricFamily(f"adjust_connector_{name}", text, value=value)
    yield _labelled(
        GaugeMetricFamily,
        "lag",
        "Records between the acknowledged commit and the end of the partition.",
        ("topic", "partition"),
        {(name.topic, str(name.partition)): lag for name, lag in of.lag.items()},
    )


def _labelled(family: type[Any], name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]) -> Metric:
    metric: Metric = family(f"adjust_connector_{name}", text, labels=labels)
    for label_values, value in values.items():
        metric.add_metric(label_values, value)  # type: ignore[attr-defined]  # every family has it, Metric does not say so
    return metric
