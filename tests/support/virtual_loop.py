"""An event loop whose clock jumps to the next timer: a week of waiting takes as long as its work."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class StuckError(AssertionError):
    """Nothing is ready and no timer is set: the simulated program would wait for ever."""


class _Clock:
    def __init__(self) -> None:
        self.now_s = 0.0


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for nothing: let the time pass."""
        if timeout is None:
            raise StuckError("nothing is ready and no timer is set")
        self._clock.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without sockets, on virtual time in seconds."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(_JumpingSelector(self._clock))

    def time(self) -> float:
        """Return the virtual time."""
        return self._clock.now_s


def run_virtually(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
