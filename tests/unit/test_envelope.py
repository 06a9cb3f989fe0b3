"""What a dead letter says, and that its record stays as it was."""

from __future__ import annotations

from connector.delivery.envelope import MAX_BODY_BYTES, Parked, headers
from connector.outcome import Reason, VerdictKind
from connector.record import Record, TopicPartition

RECORD = Record(TopicPartition("events", 3), 42, 1_700_000_000_000, b"\x00k", b"v", (("a", b"1"), ("a", None), ("ü", b"\xff")))


def test_the_original_headers_come_first_and_unchanged() -> None:
    """Repeated names, null values and any bytes stay."""
    assert headers(RECORD, Parked(Reason.CORRUPT_AVRO, 1), "1.0")[:3] == RECORD.headers


def test_the_whole_contract() -> None:
    """Every header of the table, with its value as text."""
    parked = Parked(
        Reason.BAD_EVENT_STATE, 9, "why", "purchase", "shop", VerdictKind.REJECTED, 400, b"x" * 5_000, 2, 7, 8, 11
    )  # fmt: skip
    ours = dict(headers(RECORD, parked, "1.0")[3:])
    assert ours == {
        "connector.envelope": b"1",
        "connector.topic": b"events",
        "connector.partition": b"3",
        "connector.offset": b"42",
        "connector.timestamp_ms": b"1700000000000",
        "connector.reason": b"bad_event_state",
        "connector.detail": b"why",
        "connector.rule": b"purchase",
        "connector.app": b"shop",
        "connector.verdict": b"rejected",
        "connector.status": b"400",
        "connector.body": b"x" * MAX_BODY_BYTES,
        "connector.attempts": b"2",
        "connector.first_attempt_ms": b"7",
        "connector.last_attempt_ms": b"8",
        "connector.parked_ms": b"9",
        "connector.schema_id": b"11",
        "connector.version": b"1.0",
    }


def test_what_is_not_known_is_left_out() -> None:
    """A record that never became a request says nothing of answers."""
    names = [name for name, _ in headers(RECORD, Parked(Reason.EMPTY_VALUE, 1), "1.0")[3:]]
    assert "connector.status" not in names
    assert "connector.body" not in names
