"""The whole engine on virtual time with seeded faults: nothing lost, nothing out of order, whatever happens between any two steps.

`SIMULATION_SEEDS` sets how many seeds are tried, `SIMULATION_SEED` replays one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from random import Random
from typing import Any

import pytest
from simulation.world import TICK_S, Broker, Member
from support.virtual_loop import run_virtually

SEEDS = (
    [int(os.environ["SIMULATION_SEED"])]
    if "SIMULATION_SEED" in os.environ
    else range(int(os.environ.get("SIMULATION_SEEDS", "60")))
)


class _CrashError(Exception):
    """The process is gone."""


class _Process(asyncio.TaskGroup):
    """The work of one process: what is started after the crash does not run."""

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:  # noqa: ANN401  # as the base class says
        """Start `coro`."""
        try:
            return super().create_task(coro, **options)
        except RuntimeError:
            coro.close()
            raise


async def _life(broker: Broker, chance: Random, *, last: bool) -> None:
    """One process from start to crash, or, the last time, until everything is done."""
    with contextlib.suppress(_CrashError):
        try:
            async with _Process() as tasks:
                member = Member(broker, chance, tasks)
                background = [tasks.create_task(member.engine.commit_forever()), tasks.create_task(member.consume_forever())]
                member.assign(list(broker.records))
                if last:
                    await _until_done(broker, member)
                    _account(member)
                    for task in background:
                        task.cancel()
                else:
                    await _rebalances(broker, member, chance)
                    raise _CrashError
        except BaseExceptionGroup as group:
            crash, rest = group.split(_CrashError)
            if rest is not None:
                raise rest from None
            raise _CrashError from crash


async def _rebalances(broker: Broker, member: Member, chance: Random) -> None:
    for _ in range(chance.randint(0, 5)):
        await asyncio.sleep(TICK_S * chance.randint(0, 60))
        names = chance.sample(list(broker.records), chance.randint(1, len(broker.records)))
        if chance.random() < 0.25:
            member.lose(names)
        else:
            await member.revoke(names)
        await asyncio.sleep(TICK_S * chance.choice([0, 0, 1, 20]))
        member.assign(names)
    await asyncio.sleep(chance.expovariate(1))


async def _until_done(broker: Broker, member: Member) -> None:
    loop = asyncio.get_running_loop()
    while not broker.everything_is_done:
        assert loop.time() < 3_000, f"not done: {member.engine.snapshot()}"
        await asyncio.sleep(0.5)


def _account(member: Member) -> None:
    snapshot = member.engine.snapshot()
    assert snapshot.unaccounted == 0
    assert snapshot.unsettled == 0
    assert not any(snapshot.sentinels.values()), snapshot.sentinels


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_out_of_order(seed: int) -> None:
    """Every record ends as delivered, filtered or parked; first deliveries of a key follow its offsets; commits pass nothing unsettled."""
    chance = Random(seed)
    broker = Broker(chance)
    broker.fill(partitions=chance.randint(1, 4), keys=chance.randint(1, 40), records=chance.randint(20, 400))

    for _ in range(chance.randint(0, 4)):
        run_virtually(_life(broker, chance, last=False))
    run_virtually(_life(broker, chance, last=True))
    _judge(broker)


def _judge(broker: Broker) -> None:
    everything = {(name, record.offset) for name, records in broker.records.items() for record in records}
    assert broker.done == everything
    first: dict[tuple[object, bytes | None], int] = {}
    seen: set[tuple[object, int]] = set()
    for record in broker.received:
        if (record.topic_partition, record.offset) in seen:
            continue
        seen.add((record.topic_partition, record.offset))
        lane = (record.topic_partition, record.key)
        assert first.get(lane, -1) < record.offset, f"first delivery of {record.offset} after {first[lane]}"
        first[lane] = record.offset
