"""Measuring a process from outside: the CPU it used, and what an upstream has counted.

**Rule**: CPU is the whole process's, all threads, user and system, read from the kernel; nothing is measured by the process
itself.
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.upstream import TALLY
from support.child_process import ChildProcess
from support.free_ports import free_port
from support.waiting import until

_UPSTREAM = str(Path(__file__).with_name("upstream.py"))
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that process `pid` has used, all threads (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


class Sight(NamedTuple):
    """One look: deliveries so far, CPU seconds so far, and the monotonic second of the look."""

    delivered: int
    cpu_s: float
    at_s: float


class Upstreams:
    """Processes that share a port and a tally. `latency_ms` is what each answer takes."""

    def __init__(self, folder: Path, processes: int, latency_ms: float) -> None:
        self.port = free_port()
        file = folder / f"tally-{self.port}"
        file.write_bytes(bytes(TALLY.size * processes))
        self._file = file.open("r+b")
        self._tally = mmap.mmap(self._file.fileno(), 0)
        arguments = ["--port", str(self.port), "--latency-ms", str(latency_ms), "--tally", str(file)]
        self._running = [
            ChildProcess([sys.executable, _UPSTREAM, *arguments, "--slot", str(slot)], folder / "upstream.log")
            for slot in range(processes)
        ]

    @property
    def base_url(self) -> str:
        """Where they listen."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def delivered(self) -> int:
        """How many requests were answered."""
        return sum(count for count, _, _ in self._entries())

    def _entries(self) -> list[tuple[int, int, int]]:
        return list(TALLY.iter_unpack(self._tally[:]))

    def look(self, pid: int) -> Sight:
        """Look at the process `pid` and at what it has delivered, at one moment."""
        return Sight(self.delivered, cpu_s(pid), time.monotonic())

    def until_delivered(self, process: ChildProcess, count: int, within_s: float) -> Sight:
        """Wait until `process` has delivered `count` events and look. Raises `RuntimeError` if it ends before."""

        def enough() -> bool:
            code = process.exit_code
            if code is not None and self.delivered < count:
                raise RuntimeError(f"ended with {code} after {self.delivered} of {count} events:\n{process.log_tail()}")
            return self.delivered >= count

        until(enough, f"{count} events are delivered", within_s, every_s=0.005)
        return self.look(process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for running in self._running:
            running.stop()
        self._tally.close()
        self._file.close()


class Measured(NamedTuple):
    """What a run showed: CPU microseconds and events per second between two looks."""

    events: int
    cpu_us_per_event: float
    events_per_s: float

    @classmethod
    def between(cls, first: Sight, last: Sight) -> Measured:
        """Return what happened between two looks."""
        events = last.delivered - first.delivered
        return cls(events, (last.cpu_s - first.cpu_s) / events * 1e6, events / (last.at_s - first.at_s))


def mean(runs: Sequence[Measured]) -> Measured:
    """Return the mean of several runs."""
    count = len(runs)
    return Measured(
        sum(run.events for run in runs),
        sum(run.cpu_us_per_event for run in runs) / count,
        sum(run.events_per_s for run in runs) / count,
    )
