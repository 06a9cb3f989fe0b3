"""The engine's way in: batches, assignments, revocations, commits and the end.

**Rule**: everything here runs on the event loop, which owns all mutable state; the source's thread only asks it to. A partition that is
revoked admits nothing, lets what is under way finish until the deadline, and gives back the offsets to commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from connector.delivery import offset_map
from connector.delivery.backpressure import Backpressure
from connector.delivery.ledger import Run
from connector.delivery.retry import RetryPolicy
from connector.engine.books import Books
from connector.engine.dispatch import Dispatch
from connector.engine.intake import Intake
from connector.engine.parking import Parking
from connector.engine.state import Partition
from connector.facts import (
    CommitFailed,
    CommitsResumed,
    CommitsStalled,
    MetadataUnreadable,
    PartitionsAssigned,
    PartitionsRevoked,
    Snapshot,
)
from connector.ports import Interpreter, Observer, Publisher, Sender, Source
from connector.record import Record, TopicPartition


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine keeps to. Times in seconds."""

    max_in_flight: int
    max_buffered: int
    max_buffered_bytes: int
    commit_interval_s: float
    probe_s: float
    max_runs: int = 600
    """Settled runs beyond the prefix of a partition at which only its oldest event is sent. A run takes two to four bytes of the commit's
    metadata, which holds some 2,600 of them; what is in flight then still fits."""

    @property
    def commit_patience_s(self) -> float:
        """How long a commit may go unacknowledged before nothing new is sent."""
        return max(2.0, 8 * self.commit_interval_s)


class Engine:
    """Made inside a running loop, with the task group that its work runs in: a bug in any of it ends the group."""

    def __init__(
        self,
        *,
        source: Source,
        interpreter: Interpreter,
        sender: Sender,
        publisher: Publisher,
        observe: Observer,
        tasks: asyncio.TaskGroup,
        limits: Limits,
        policy: RetryPolicy,
        dead_letter_topic: Callable[[str], str],
        version: str,
        chance: Random,
        wall_s: Callable[[], float],
    ) -> None:
        self._source = source
        self._observe = observe
        self._limits = limits
        self._backpressure = Backpressure(limits.max_buffered, limits.max_buffered_bytes)
        self._books = Books(source, observe, self._backpressure, limits.max_runs, self._relieve)
        self._parking = Parking(publisher, self._books, observe, dead_letter_topic, policy, chance, version)
        self._dispatch = Dispatch(
            sender, self._books, self._parking, observe, tasks, policy, limits.probe_s, limits.max_in_flight, chance, wall_s
        )
        self._intake = Intake(interpreter, self._books, self._dispatch, self._parking, tasks, wall_s)
        self._loop = asyncio.get_running_loop()
        self._assignment = 0

    def accept(self, records: Sequence[Record]) -> None:
        """A batch was consumed."""
        self._intake.accept(records)

    def assigned(self, committed: Mapping[TopicPartition, tuple[int | None, str | None]], assignment: int) -> None:
        """Partitions came: for each the committed offset and its metadata. Records of them carry `assignment`.

        None at all means that the group has more members than partitions: this one stands by.
        """
        self._assignment = assignment
        for name, (next_offset, metadata) in committed.items():
            self._books.open(name, assignment, next_offset, self._runs(name, next_offset, metadata))
        if committed:
            self._observe(PartitionsAssigned(tuple(committed), assignment))

    def _runs(self, name: TopicPartition, next_offset: int | None, metadata: str | None) -> Sequence[Run]:
        if next_offset is None:
            return ()
        try:
            return offset_map.decode(next_offset, metadata)
        except offset_map.UnreadableMapError as error:
            self._observe(MetadataUnreadable(name, str(error)))
            return ()

    async def revoke(self, names: Sequence[TopicPartition], drain_timeout_s: float) -> Mapping[TopicPartition, tuple[int, str]]:
        """Partitions leave: drain them for at most `drain_timeout_s` and return what is to be committed, at once."""
        started_s = self._loop.time()
        leaving = self._leave(names)
        await self._quiet(leaving, drain_timeout_s)
        progress = {partition.name: self._books.progress(partition) for partition in leaving}
        self._close(leaving, started_s, lost=False)
        return {name: done for name, done in progress.items() if done is not None}

    def lost(self, names: Sequence[TopicPartition]) -> None:
        """Partitions left without notice: another member may own them already, so nothing of them is committed."""
        self._close(self._leave(names), self._loop.time(), lost=True)

    def _leave(self, names: Sequence[TopicPartition]) -> Sequence[Partition]:
        """Start nothing new for those of `names` that are here, forget what is not under way, and return them."""
        leaving = [self._books.partitions[name] for name in names if name in self._books.partitions]
        for partition in leaving:
            partition.leaving.set()
            if not partition.in_flight:
                partition.quiet.set()
            self._intake.drop(partition)
            self._dispatch.drop(partition)
        return leaving

    async def _quiet(self, leaving: Sequence[Partition], timeout_s: float) -> None:
        """Wait until nothing of `leaving` is under way, or until time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                for partition in leaving:
                    await partition.quiet.wait()
        except TimeoutError:
            return

    def _close(self, leaving: Sequence[Partition], started_s: float, *, lost: bool) -> None:
        if not leaving:
            return
        unsettled = sum(len(partition.pending) for partition in leaving)
        in_flight = sum(partition.in_flight for partition in leaving)
        for partition in leaving:
            self._books.close(partition)
        names = tuple(partition.name for partition in leaving)
        self._observe(PartitionsRevoked(names, unsettled, in_flight, lost, self._loop.time() - started_s))

    def committed(self, offsets: Mapping[TopicPartition, int], error: str | None = None) -> None:
        """The broker answered a commit of these offsets."""
        self._books.committed(offsets, failed=error is not None)
        if error is not None:
            self._observe(CommitFailed(tuple(offsets), error))

    def end_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The source learned where partitions end."""
        for name, offset in offsets.items():
            if name in self._books.partitions:
                self._books.partitions[name].end_offset = offset

    async def commit_forever(self) -> None:
        """Commit what moved, every `commit_interval_s`."""
        while True:
            await asyncio.sleep(self._limits.commit_interval_s)
            moved = self._books.due(self._loop.time())
            if moved:
                self._source.commit(moved, {name: self._books.partitions[name].assignment for name in moved})
            self._watch_commits()

    def _watch_commits(self) -> None:
        """While commits go unacknowledged, everything that is delivered would be delivered again after a crash: stop, until they are."""
        overdue_s = self._books.overdue_s(self._loop.time())
        back = overdue_s > self._limits.commit_patience_s
        if back != self._dispatch.held_back:
            self._observe(CommitsStalled(overdue_s) if back else CommitsResumed())
            self._dispatch.hold_back(back=back)

    def _relieve(self, partition: Partition) -> None:
        """Called while a record is being settled: what it lets go starts after."""
        self._loop.call_soon(self._relieve_now, partition)

    def _relieve_now(self, partition: Partition) -> None:
        if not partition.leaving.is_set():
            self._dispatch.relieve(partition)
            self._intake.relieve(partition)

    def _not_ready(self) -> tuple[str, ...]:
        reasons = [] if self._assignment else ["the group has not assigned partitions yet"]
        reasons += ["commits are not acknowledged: nothing new is sent"] if self._dispatch.held_back else []
        reasons += [f"app {app} is held: {reason.value}" for app, reason in self._dispatch.holds.apps.items()]
        reasons += [f"writing to {topic} fails: {error}" for topic, error in self._parking.failing.items()]
        reasons += [
            f"{partition.name.topic}/{partition.name.partition} waits for a schema of the registry"
            for partition in self._books.partitions.values()
            if partition.preparing is not None
        ]
        return tuple(reasons)

    def snapshot(self) -> Snapshot:
        """Return all counts at this moment."""
        books, dispatch = self._books, self._dispatch
        return Snapshot(
            consumed=books.consumed,
            skipped=books.skipped,
            delivered=books.delivered,
            duplicates=books.duplicates,
            requests=dispatch.requests,
            filtered=dict(books.filtered),
            dead_lettered=dict(books.dead_lettered),
            retries=dict(books.retries),
            late=books.late,
            released=books.released,
            commits=books.commits,
            unsettled=books.unsettled,
            in_flight=dispatch.in_flight,
            waiting=sum(len(partition.waiting) for partition in books.partitions.values()),
            buffered_bytes=self._backpressure.size_bytes,
            resend_after_crash=books.resend_after_crash,
            unaccounted=books.unaccounted,
            sentinels=dict(books.sentinels),
            lag=books.lag(),
            paused=self._backpressure.paused,
            held_apps=tuple(dispatch.holds.apps),
            not_ready=self._not_ready(),
        )
