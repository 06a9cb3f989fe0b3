"""What happened, as values. One table in `connector.adapters.telemetry` turns each into a log line and a metric.

**Rule**: the engine states facts and never writes a log line. What happens to every healthy record is counted in the
engine's tally instead, since nothing is to be said about it. A fact holds no payload, token or device identifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.outcome import Reason, VerdictKind
from connector.record import TopicPartition


@dataclass(frozen=True, slots=True)
class PartitionsAssigned:
    """Partitions came to this member; `assignment` is the number that stamps their records."""

    partitions: tuple[TopicPartition, ...]
    assignment: int


@dataclass(frozen=True, slots=True)
class PartitionsRevoked:
    """Partitions left this member. `unsettled` records of them will be read again by their next owner."""

    partitions: tuple[TopicPartition, ...]
    unsettled: int
    in_flight: int
    lost: bool
    duration_s: float


@dataclass(frozen=True, slots=True)
class CommitFailed:
    """A commit was refused; the next one carries the same progress."""

    partitions: tuple[TopicPartition, ...]
    error: str


@dataclass(frozen=True, slots=True)
class CommitsStalled:
    """No commit is acknowledged: nothing new is sent until one is, since all of it would be sent again."""

    overdue_s: float


@dataclass(frozen=True, slots=True)
class CommitsResumed:
    """Commits are acknowledged again."""


@dataclass(frozen=True, slots=True)
class PartitionCrowded:
    """What is settled beyond a waiting event is near what a commit can carry: only the oldest event of the partition is sent."""

    partition: TopicPartition
    runs: int


@dataclass(frozen=True, slots=True)
class MetadataUnreadable:
    """Commit metadata of a partition was not understood: what lies beyond the committed offset is sent again."""

    partition: TopicPartition
    error: str


@dataclass(frozen=True, slots=True)
class LogRewound:
    """A partition begins below what was committed: it was truncated or made anew, and is read from `found`."""

    partition: TopicPartition
    committed: int | None
    found: int


@dataclass(frozen=True, slots=True)
class LateResult:
    """A request finished after its partition had left: it changes nothing here."""

    partition: TopicPartition
    kind: VerdictKind


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """An event waits for its next attempt."""

    partition: TopicPartition
    offset: int
    app: str
    kind: VerdictKind
    reason: Reason
    attempts: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """A record is durable in the dead-letter topic."""

    partition: TopicPartition
    offset: int
    reason: Reason
    rule: str | None


@dataclass(frozen=True, slots=True)
class DeadLetterFailed:
    """Writing a dead letter failed: the record is held and the write is tried again."""

    partition: TopicPartition
    offset: int
    topic: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class AppHeld:
    """Adjust says that an app is misconfigured: nothing of it is sent but a probe."""

    app: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class AppReleased:
    """A probe of a held app was answered: its events go out again."""

    app: str


@dataclass(frozen=True, slots=True)
class DestinationThrottled:
    """Adjust asked for less: nothing is sent for `delay_s`."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class SchemaUnavailable:
    """The registry does not answer: the partition waits."""

    partition: TopicPartition
    schema_id: int
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class SchemaBreaksRules:
    """A schema seen for the first time does not fit some rules: their events go to the dead-letter topic."""

    topic: str
    schema_id: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceTrouble:
    """The Kafka client reports an error it recovers from by itself."""

    error: str


@dataclass(frozen=True, slots=True)
class InvariantBroken:
    """A sentinel moved: a bug. The record is not settled by it."""

    sentinel: str
    partition: TopicPartition
    offset: int


@dataclass(frozen=True, slots=True)
class Started:
    """The connector runs."""

    version: str
    topics: tuple[str, ...]
    admin: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """The connector was told to stop and drains."""

    signal: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The connector has drained, committed and closed."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Summary:
    """How much was done since the last summary, while all is well."""

    interval_s: float
    consumed: int
    delivered: int
    filtered: int
    dead_lettered: int
    retried: int
    in_flight: int
    lag: int


Fact = (
    PartitionsAssigned
    | PartitionsRevoked
    | CommitFailed
    | CommitsStalled
    | CommitsResumed
    | PartitionCrowded
    | MetadataUnreadable
    | LogRewound
    | LateResult
    | RetryScheduled
    | DeadLettered
    | DeadLetterFailed
    | AppHeld
    | AppReleased
    | DestinationThrottled
    | SchemaUnavailable
    | SchemaBreaksRules
    | SourceTrouble
    | InvariantBroken
    | Started
    | Stopping
    | Stopped
    | Summary
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's counts at one moment; `_total` in a metric's name says that it only grows.

    `unaccounted` is what was consumed less everything that is known of it: it must be 0, as must every sentinel.
    """

    consumed: int
    skipped: int
    delivered: int
    duplicates: int
    requests: int
    filtered: Mapping[str, int]
    dead_lettered: Mapping[Reason, int]
    retries: Mapping[tuple[VerdictKind, Reason], int]
    late: int
    released: int
    commits: int
    unsettled: int
    in_flight: int
    waiting: int
    buffered_bytes: int
    resend_after_crash: int
    unaccounted: int
    sentinels: Mapping[str, int]
    lag: Mapping[TopicPartition, int]
    paused: int
    held_apps: tuple[str, ...]
    not_ready: tuple[str, ...]
