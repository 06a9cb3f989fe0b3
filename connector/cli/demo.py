"""`connector demo`: the connector at work on sample events, with an account of every one of them.

**Rule**: the exit code is 0 only if the account holds.
"""

from __future__ import annotations

from rich.console import Console

from connector.cli.run import run_loop
from connector.demo.producing import produce
from connector.demo.stage import TOPIC, Options, perform
from connector.errors import UsageError

DOES_NOT_HOLD = 1


def demo(*, events: int, seed: int, keep_running: bool) -> int:
    """Run the demo and return its exit code."""
    outcome: list[bool] = []

    async def performance() -> None:
        outcome.append(await perform(Options(events=events, seed=seed, keep_running=keep_running), Console()))

    run_loop(performance())
    return 0 if outcome == [True] else DOES_NOT_HOLD


def produce_only(bootstrap_servers: str | None, registry: str | None, topic: str | None, events: int, seed: int) -> None:
    """Write sample events to a cluster that is already there."""
    if bootstrap_servers is None:
        raise UsageError("--produce-only needs --bootstrap-servers")
    counts = produce(bootstrap_servers, registry, topic or TOPIC, events, seed)
    Console().print(f"{sum(counts.values()):,} events written to {len(counts)} partitions of {topic or TOPIC}", highlight=False)
