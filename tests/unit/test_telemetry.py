"""Facts become log lines, snapshots become metrics."""

from __future__ import annotations

import json
import typing

import pytest

from connector import facts
from connector.adapters.telemetry import LINES, Log, Metrics
from connector.outcome import Reason, VerdictKind
from connector.record import TopicPartition
from connector.settings import LogSettings

SNAPSHOT = facts.Snapshot(
    consumed=10, skipped=1, delivered=5, duplicates=1, requests=8, filtered={"tests": 1}, dead_lettered={Reason.CORRUPT_AVRO: 1},
    retries={(VerdictKind.UNAVAILABLE, Reason.MAYBE_SENT): 2}, late=0, released=0, commits=3, unsettled=1, in_flight=1, waiting=0,
    buffered_bytes=300, resend_after_crash=1, unaccounted=0, sentinels={"order_violated": 0}, lag={TopicPartition("events", 0): 4}, paused=0,
    held_apps=(), not_ready=(),
)  # fmt: skip


def test_every_fact_has_a_line() -> None:
    """A new fact without a line does not pass."""
    assert set(LINES) == set(typing.get_args(facts.Fact))


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Outside a terminal each fact is one line that a machine reads."""
    Log(LogSettings(format="json"))(facts.AppHeld("shop", Reason.AUTHENTICATION))
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["fact"], line["app"], line["reason"]) == ("error", "AppHeld", "shop", "authentication")


def test_healthy_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """A retry or a dead letter is a metric; it writes no line at the default level."""
    log = Log(LogSettings(format="json"))
    log(facts.RetryScheduled(TopicPartition("events", 0), 1, "shop", VerdictKind.UNAVAILABLE, Reason.SERVER_ERROR, 1, 0.1))
    log(facts.DeadLettered(TopicPartition("events", 0), 1, Reason.CORRUPT_AVRO, None))
    assert not capsys.readouterr().err


def test_the_snapshot_is_exposed() -> None:
    """Names and labels that dashboards and alerts rely on."""
    metrics = Metrics(lambda: SNAPSHOT, "1.2.3")
    metrics(facts.AppReleased("shop"))
    text = metrics.exposition().decode()
    for line in (
        "adjust_connector_consumed_total 10.0",
        "adjust_connector_delivered_total 5.0",
        'adjust_connector_filtered_total{rule="tests"} 1.0',
        'adjust_connector_dead_lettered_total{reason="corrupt_avro"} 1.0',
        'adjust_connector_retries_total{kind="unavailable",reason="maybe_sent"} 2.0',
        'adjust_connector_sentinel_total{sentinel="order_violated"} 0.0',
        'adjust_connector_lag{partition="0",topic="events"} 4.0',
        "adjust_connector_unaccounted 0.0",
        'adjust_connector_facts_total{fact="AppReleased"} 1.0',
        'adjust_connector_build_info{version="1.2.3"} 1.0',
    ):
        assert line in text


def test_before_the_engine_there_is_still_an_exposition() -> None:
    """A scrape while starting is answered."""
    assert "adjust_connector_build_info" in Metrics(lambda: None, "1").exposition().decode()
