"""Events that became requests: sent in order per key, judged, and acted upon.

    take -> send -> judge -> decide -> settle | wait and send again | park, then settle | hold the app

**Rule**: a key whose head waits, is parked or held sends nothing else; no one but it waits. A result for a partition that has left is
counted and changes nothing. Nothing new starts for a partition that is leaving.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import assert_never

from connector.delivery.envelope import Parked
from connector.delivery.ordering import Lane, Ordering
from connector.delivery.retry import RetryPolicy, decide
from connector.delivery.verdict import judge
from connector.engine.books import Books
from connector.engine.holds import Holds
from connector.engine.parking import Parking
from connector.engine.state import Delivery, Partition
from connector.facts import DestinationThrottled, LateResult, RetryScheduled
from connector.outcome import Hold, Mapped, Park, Reason, Response, Retry, SendResult, Settle, Verdict, VerdictKind
from connector.ports import Observer, Sender
from connector.record import Record


class Dispatch:
    """Lanes, requests in flight and waiting heads. `wall_s` tells UNIX seconds; durations are taken from the loop's clock."""

    def __init__(
        self,
        sender: Sender,
        books: Books,
        parking: Parking,
        observe: Observer,
        tasks: asyncio.TaskGroup,
        policy: RetryPolicy,
        probe_s: float,
        max_in_flight: int,
        chance: Random,
        wall_s: Callable[[], float],
    ) -> None:
        self._sender = sender
        self._books = books
        self._parking = parking
        self._observe = observe
        self._tasks = tasks
        self._policy = policy
        self._max_in_flight = max_in_flight
        self._chance = chance
        self._wall_s = wall_s
        self._loop = asyncio.get_running_loop()
        self._ordering: Ordering[Delivery] = Ordering()
        self._throttle: asyncio.TimerHandle | None = None
        self.holds = Holds(observe, probe_s, self._release)
        self.held_back = False
        self.in_flight = 0
        self.requests = 0

    def offer(self, partition: Partition, record: Record, mapped: Mapped) -> None:
        """Queue an event behind the earlier ones of its key. `fly` sends what may be sent.

        A key is the same as text and as bytes: a field may be one in a schema and the other in the next.
        """
        key = mapped.order_key
        self._ordering.offer(
            partition.name,
            key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass"),
            Delivery(partition, record, mapped.request),
        )

    def fly(self) -> None:
        """Send what may be sent now."""
        while self.in_flight < self._max_in_flight and (lane := self._next()) is not None:
            self.in_flight += 1
            self._tasks.create_task(self._work(lane))

    def drop(self, partition: Partition) -> None:
        """A partition is leaving: forget its events that are not under way."""
        self._ordering.drop(partition.name)
        for lane, timer in partition.waiting.items():
            if timer is not None:
                timer.cancel()
            self._ordering.done(lane)
        self.holds.forget(partition.waiting)
        partition.crowd.clear()
        partition.waiting.clear()

    def _next(self) -> Lane[Delivery] | None:
        """Return the next lane whose head may be sent, setting aside those of held apps and of crowded partitions."""
        if self._throttle is not None or self.held_back:
            return None
        while (lane := self._ordering.take()) is not None:
            if self.holds.active:
                if not self.holds.admits(lane):
                    continue
                if self.holds.is_probe(lane):
                    return self._taken(lane)
            partition = lane.queue[0].partition
            if not partition.crowded or self._is_oldest(lane):
                return self._taken(lane)
            partition.waiting[lane] = None
            partition.crowd[lane.queue[0].record.offset] = lane
        return None

    def _taken(self, lane: Lane[Delivery]) -> Lane[Delivery]:
        """From here on a revocation waits for the event, though its task may start a turn of the loop later."""
        lane.queue[0].partition.in_flight += 1
        return lane

    def _is_oldest(self, lane: Lane[Delivery]) -> bool:
        return lane.head.record.offset == lane.head.partition.ledger.committable

    def relieve(self, partition: Partition) -> None:
        """Something of a crowded partition was settled: its oldest event may be sent, or all that were set aside if it is not crowded now."""
        crowd = partition.crowd
        if not partition.crowded:
            lanes = [*crowd.values()]
            crowd.clear()
        else:
            oldest = crowd.pop(partition.ledger.committable or 0, None)
            lanes = [oldest] if oldest is not None else []
        if lanes:
            self._release(lanes)

    def hold_back(self, *, back: bool) -> None:
        """Send nothing new while commits are not acknowledged: all of it would be sent again after a crash."""
        self.held_back = back
        if not back:
            self.fly()

    async def _work(self, lane: Lane[Delivery] | None) -> None:
        """Send one event after the other while any may be sent: as many of these run as requests are in flight."""
        while lane is not None:
            await self._attempt(lane)
            lane = self._next()
        self.in_flight -= 1

    async def _attempt(self, lane: Lane[Delivery]) -> None:
        delivery = lane.queue[0]
        partition = delivery.partition
        if partition.leaving.is_set():
            self.holds.gone(lane)
            self._ordering.done(lane)
            partition.landed()
            return
        delivery.last_s = self._loop.time()
        if not delivery.attempts:
            self._first_attempt(lane, delivery)
        delivery.attempts += 1
        self.requests += 1
        result = await self._sender.send(delivery.request)
        verdict = judge(result, self._wall_s())
        if self.holds.active:
            self.holds.answered(lane, verdict)
        if partition.closed:
            self._late(lane, verdict)
        elif verdict.kind is VerdictKind.DELIVERED:
            self._books.settle_delivered(partition, delivery.record.offset, duplicate=False)
            self._ordering.done(lane)
        else:
            self._act(lane, delivery, result, verdict)
        partition.landed()

    def _first_attempt(self, lane: Lane[Delivery], delivery: Delivery) -> None:
        delivery.first_s = delivery.last_s
        if delivery.record.offset <= lane.last_offset:
            self._books.broken("order_violated", delivery.partition, delivery.record.offset)
        lane.last_offset = delivery.record.offset

    def _late(self, lane: Lane[Delivery], verdict: Verdict) -> None:
        self._books.late += 1
        self._observe(LateResult(lane.head.partition.name, verdict.kind))
        self._ordering.done(lane)

    def _act(self, lane: Lane[Delivery], delivery: Delivery, result: SendResult, verdict: Verdict) -> None:
        partition = delivery.partition
        age_s = self._loop.time() - delivery.first_s
        disposition = decide(verdict, delivery.attempts, age_s, self._chance.random(), self._policy)
        match disposition:
            case Settle(duplicate=duplicate):
                self._books.settle_delivered(partition, delivery.record.offset, duplicate=duplicate)
                self._ordering.done(lane)
            case Park(reason=reason):
                partition.in_flight += 1
                self._tasks.create_task(self._park(lane, self._parked(delivery, result, verdict, reason)))
            case Retry() | Hold() if partition.leaving.is_set():
                self._ordering.done(lane)
            case Retry(delay_s=delay_s, everything=everything):
                self._wait(lane, verdict, delay_s)
                if everything:
                    self._throttled(delay_s)
            case Hold(reason=reason):
                self._books.retries[verdict.kind, reason] += 1
                partition.waiting[lane] = None
                self.holds.hold(lane, reason)
            case _:
                assert_never(disposition)

    def _wait(self, lane: Lane[Delivery], verdict: Verdict, delay_s: float) -> None:
        delivery = lane.head
        reason = verdict.reason or Reason.UNEXPECTED_RESPONSE
        self._books.retries[verdict.kind, reason] += 1
        delivery.partition.waiting[lane] = self._loop.call_later(delay_s, self._wake, lane)
        self._observe(
            RetryScheduled(
                delivery.partition.name,
                delivery.record.offset,
                delivery.request.app,
                verdict.kind,
                reason,
                delivery.attempts,
                delay_s,
            )
        )

    def _wake(self, lane: Lane[Delivery]) -> None:
        self._release([lane])

    def _release(self, lanes: list[Lane[Delivery]]) -> None:
        """The heads of `lanes` have waited: each is the next of its partition."""
        for lane in lanes:
            del lane.head.partition.waiting[lane]
            self._ordering.again(lane)
        self.fly()

    def _throttled(self, delay_s: float) -> None:
        """Adjust asked for less: nothing is sent for a while."""
        if self._throttle is not None:
            if self._throttle.when() >= self._loop.time() + delay_s:
                return
            self._throttle.cancel()
        self._throttle = self._loop.call_later(delay_s, self._unthrottled)
        self._observe(DestinationThrottled(delay_s))

    def _unthrottled(self) -> None:
        self._throttle = None
        self.fly()

    async def _park(self, lane: Lane[Delivery], parked: Parked) -> None:
        delivery = lane.head
        await self._parking.park(delivery.partition, delivery.record, parked)
        self._ordering.done(lane)
        delivery.partition.landed()
        self.fly()

    def _parked(self, delivery: Delivery, result: SendResult, verdict: Verdict, reason: Reason) -> Parked:
        wall_ms, now_s = int(self._wall_s() * 1000), self._loop.time()
        return Parked(
            reason=reason,
            parked_ms=wall_ms,
            rule=delivery.request.rule,
            app=delivery.request.app,
            verdict=verdict.kind,
            status=result.status if isinstance(result, Response) else None,
            body=result.body if isinstance(result, Response) else None,
            attempts=delivery.attempts,
            first_attempt_ms=wall_ms - int((now_s - delivery.first_s) * 1000),
            last_attempt_ms=wall_ms - int((now_s - delivery.last_s) * 1000),
        )
