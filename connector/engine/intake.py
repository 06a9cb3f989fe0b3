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
    """The partitions with records to hand on, each in its turn; their inboxes count in the books' backpressure."""

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
        self._turns: deque[Partition] = deque()
        self._scheduled = False

    def accept(self, records: Sequence[Record]) -> None:
        """Enter a batch in the books and put what is to be handled into the inboxes."""
        receive = self._books.receive
        for record in records:
            partition = receive(record)
            if partition is not None:
                partition.inbox.append(record)
                if not partition.has_turn:
                    self._give_turn(partition)
        self._schedule()

    def drop(self, partition: Partition) -> None:
        """A partition is leaving: forget its records that were not handed on."""
        partition.inbox.clear()
        if partition.preparing is not None:
            partition.preparing.cancel()

    def relieve(self, partition: Partition) -> None:
        """Something of a crowded partition was settled: its next record may be handed on now."""
        if not partition.has_turn:
            self._give_turn(partition)
            self._schedule()

    def _give_turn(self, partition: Partition) -> None:
        partition.has_turn = True
        self._turns.append(partition)

    def _schedule(self) -> None:
        if self._turns and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Hand on some records of one partition; it comes last in line again while it has more and nothing holds them."""
        self._scheduled = False
        partition = self._turns.popleft()
        partition.has_turn = False
        for _ in range(RECORDS_A_TURN):
            if not partition.inbox or _is_held(partition):
                break
            self._interpret(partition, partition.inbox[0])
        else:
            self._give_turn(partition)
        self._dispatch.fly()
        self._schedule()

    def _interpret(self, partition: Partition, record: Record) -> None:
        """Hand on the first record of the inbox; where its schema is not known yet, it stays there and holds the others."""
        try:
            interpretation = self._interpreter.interpret(record)
        except NeedsSchema as needed:
            partition.preparing = self._tasks.create_task(self._prepare(partition, record, needed.schema_id))
            return
        partition.inbox.popleft()
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
        """Fetch the schema of the first record of the inbox, which then has its turn."""
        invalid = await self._interpreter.prepare(record, schema_id)
        partition.preparing = None
        if invalid is not None:
            partition.inbox.popleft()
            self._hand_on(partition, record, invalid)
        self.relieve(partition)

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


def _is_held(partition: Partition) -> bool:
    """Say whether the inbox waits: for a schema, or for the oldest event of a crowded partition, unless that is its first record."""
    return partition.preparing is not None or (partition.crowded and partition.inbox[0].offset != partition.ledger.committable)
