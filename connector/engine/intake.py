"""Records on their way in: entered in the books, decoded, mapped, and handed on in the order they were received.

**Rule**: a record is entered before anything can fail. Where a schema is not known yet, its partition waits and no later record of it
overtakes; the others go on. A few records a turn of the loop, so that requests under way are not kept waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import assert_never

from connector.delivery.envelope import Parked
from connector.engine.books import Books
from connector.engine.dispatch import Dispatch
from connector.engine.parking import Parking
from connector.engine.state import Partition
from connector.outcome import Filtered, Interpretation, Invalid, Mapped
from connector.ports import Interpreter, NeedsSchema
from connector.record import Record

RECORDS_A_TURN = 32


class Intake:
    """The queue between the source and dispatch; its length counts in the books' backpressure."""

    def __init__(
        self,
        interpreter: Interpreter,
        books: Books,
        dispatch: Dispatch,
        parking: Parking,
        tasks: asyncio.TaskGroup,
        wall_s: Callable[[], float],
    ) -> None:
        self._interpreter = interpreter
        self._books = books
        self._dispatch = dispatch
        self._parking = parking
        self._tasks = tasks
        self._wall_s = wall_s
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[Partition, Record]] = deque()
        self._scheduled = False

    def accept(self, records: Sequence[Record]) -> None:
        """Enter a batch in the books and queue what is to be handled."""
        receive, queue = self._books.receive, self._queue
        for record in records:
            partition = receive(record)
            if partition is not None:
                queue.append((partition, record))
        self._schedule()

    def drop(self, partition: Partition) -> None:
        """A partition is leaving: forget its records that were not handed on."""
        partition.stalled.clear()
        if partition.preparing is not None:
            partition.preparing.cancel()
        self._queue = deque(entry for entry in self._queue if entry[0] is not partition)

    def relieve(self, partition: Partition) -> None:
        """Something of a crowded partition was settled: its oldest record may go on, or all that wait if it is not crowded now."""
        if partition.preparing is not None or not partition.stalled:
            return
        if not partition.crowded:
            self._queue.extendleft((partition, waiting) for waiting in reversed(partition.stalled))
            partition.stalled.clear()
        elif partition.stalled[0].offset == partition.ledger.committable:
            self._queue.appendleft((partition, partition.stalled.popleft()))
        self._schedule()

    def _schedule(self) -> None:
        if self._queue and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        queue = self._queue
        for _ in range(min(RECORDS_A_TURN, len(queue))):
            partition, record = queue.popleft()
            if partition.preparing is not None or (partition.crowded and record.offset != partition.ledger.committable):
                partition.stalled.append(record)
            else:
                self._interpret(partition, record)
        self._dispatch.fly()
        self._schedule()

    def _interpret(self, partition: Partition, record: Record) -> None:
        try:
            interpretation = self._interpreter.interpret(record)
        except NeedsSchema as needed:
            partition.stalled.append(record)
            partition.preparing = self._tasks.create_task(self._prepare(partition, record, needed.schema_id))
            return
        self._hand_on(partition, record, interpretation)

    def _hand_on(self, partition: Partition, record: Record, interpretation: Interpretation) -> None:
        match interpretation:
            case Mapped():
                self._dispatch.offer(partition, record, interpretation)
            case Filtered(rule=rule):
                self._books.settle_filtered(partition, record.offset, rule)
            case Invalid():
                partition.in_flight += 1
                self._tasks.create_task(self._park(partition, record, interpretation))
            case _:
                assert_never(interpretation)

    async def _prepare(self, partition: Partition, record: Record, schema_id: int) -> None:
        """Fetch the schema of the first stalled record, then queue what waited behind it, in order and before anything else."""
        invalid = await self._interpreter.prepare(record, schema_id)
        partition.preparing = None
        stalled = [*partition.stalled]
        partition.stalled.clear()
        if invalid is not None:
            self._hand_on(partition, stalled.pop(0), invalid)
        self._queue.extendleft((partition, waiting) for waiting in reversed(stalled))
        self._schedule()

    async def _park(self, partition: Partition, record: Record, invalid: Invalid) -> None:
        parked = Parked(
            reason=invalid.reason,
            parked_ms=int(self._wall_s() * 1000),
            detail=invalid.detail,
            rule=invalid.rule,
            app=invalid.app,
            schema_id=invalid.schema_id,
        )
        await self._parking.park(partition, record, parked)
        partition.landed()
