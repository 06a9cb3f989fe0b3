"""What a dead letter says beside its record: headers, as a versioned contract.

**Rule**: key, value and the original headers stay byte for byte and in order; ours come after them and are named `connector.*`. No
header holds a token, a parameter or a device identifier: a body that Adjust answered is cut to its first 1,024 bytes.

| header | holds |
|---|---|
| connector.envelope | version of this contract: 1 |
| connector.topic, .partition, .offset, .timestamp_ms | where the record stood |
| connector.reason | why: one of the closed list |
| connector.detail | the reason in words |
| connector.rule, .app | rule and app of the mapping, where it got so far |
| connector.verdict, .status, .body | what Adjust answered, where something was sent |
| connector.attempts | requests made |
| connector.first_attempt_ms, .last_attempt_ms | UNIX milliseconds of the first and the last request |
| connector.parked_ms | UNIX milliseconds at which the record was parked |
| connector.schema_id | registry id of the writer's schema, where the record names one |
| connector.version | version of the connector |
| connector.unreadable-headers | null, in place of original headers with a name that is not UTF-8, which the Kafka client cannot give |
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.outcome import Reason, VerdictKind
from connector.record import Headers, Record

ENVELOPE_VERSION = 1
PREFIX = "connector."
UNREADABLE_HEADERS = PREFIX + "unreadable-headers"
MAX_BODY_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Parked:
    """Why and when a record was parked. Times are UNIX milliseconds."""

    reason: Reason
    parked_ms: int
    detail: str | None = None
    rule: str | None = None
    app: str | None = None
    verdict: VerdictKind | None = None
    status: int | None = None
    body: bytes | None = None
    attempts: int | None = None
    first_attempt_ms: int | None = None
    last_attempt_ms: int | None = None
    schema_id: int | None = None


def headers(record: Record, parked: Parked, version: str) -> Headers:
    """Return the headers of the dead letter of `record`: its own, then ours."""
    ours: dict[str, object] = {
        "envelope": ENVELOPE_VERSION,
        "topic": record.topic_partition.topic,
        "partition": record.topic_partition.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "reason": parked.reason.value,
        "detail": parked.detail,
        "rule": parked.rule,
        "app": parked.app,
        "verdict": parked.verdict.value if parked.verdict else None,
        "status": parked.status,
        "body": parked.body[:MAX_BODY_BYTES] if parked.body is not None else None,
        "attempts": parked.attempts,
        "first_attempt_ms": parked.first_attempt_ms,
        "last_attempt_ms": parked.last_attempt_ms,
        "parked_ms": parked.parked_ms,
        "schema_id": parked.schema_id,
        "version": version,
    }
    return record.headers + tuple(
        (PREFIX + name, value if isinstance(value, bytes) else str(value).encode())
        for name, value in ours.items()
        if value is not None
    )
