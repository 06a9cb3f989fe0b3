"""`connector demo`: the connector at work on sample events, with an account of every one of them.

**Rule**: the exit code is 0 only if the account holds; an option that would have no effect is refused.
"""

from __future__ import annotations

from connector.cli.loop import run_loop
from connector.demo.producing import produce
from connector.demo.show import Terminal, counted
from connector.demo.stage import TOPIC, Options, perform
from connector.errors import UsageError


def demo(*, events: int, seed: int, keep_running: bool) -> int:
    """Run the demo and return its exit code."""
    code = 0

    async def performance() -> None:
        nonlocal code
        code = await perform(Options(events=events, seed=seed, keep_running=keep_running), Terminal())

    run_loop(performance())
    return code


def refuse_without_effect(*, produce_only: bool, keep_running: bool, cluster: dict[str, str | None]) -> None:
    """Raise `UsageError` for options that do not go together; `cluster` holds those that name a cluster, by option."""
    given = [option for option, value in cluster.items() if value is not None]
    if given and not produce_only:
        raise UsageError(f"{', '.join(given)}: only with --produce-only; the demo brings its own Kafka and needs no registry")
    if produce_only and keep_running:
        raise UsageError("--keep-running: not with --produce-only, which ends when the events are written")


def produce_only(bootstrap_servers: str | None, registry: str | None, topic: str | None, events: int, seed: int) -> None:
    """Write sample events to a cluster that is already there."""
    if bootstrap_servers is None:
        raise UsageError("--produce-only needs --bootstrap-servers")
    counts = produce(bootstrap_servers, registry, topic or TOPIC, events, seed)
    written = f"{counted(sum(counts.values()), 'event')} written to {counted(len(counts), 'partition')} of {topic or TOPIC}"
    Terminal().print(written, highlight=False)
