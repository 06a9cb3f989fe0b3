"""Apps that Adjust says are misconfigured: nothing of them is sent but one probe now and then.

**Rule**: one request of a held app is under way at most. Any answer that is not about the configuration releases the app; a failure on
the way there says nothing about it. Other apps do not notice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from connector.delivery.ordering import Lane
from connector.engine.state import Delivery
from connector.facts import AppHeld, AppReleased
from connector.outcome import Reason, Verdict, VerdictKind
from connector.ports import Observer

_SAYS_NOTHING = frozenset({VerdictKind.UNAVAILABLE, VerdictKind.THROTTLED})


@dataclass(slots=True)
class _HeldApp:
    app: str
    reason: Reason
    lanes: deque[Lane[Delivery]] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None
    probe_due: bool = False
    probing: Lane[Delivery] | None = None


class Holds:
    """The held apps and their waiting lanes. `release` sends lanes again, whose heads are in their partition's `waiting`."""

    def __init__(self, observe: Observer, probe_s: float, release: Callable[[list[Lane[Delivery]]], None]) -> None:
        self._observe = observe
        self._probe_s = probe_s
        self._release = release
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, _HeldApp] = {}

    @property
    def active(self) -> bool:
        """Whether any app is held."""
        return bool(self._held)

    @property
    def apps(self) -> dict[str, Reason]:
        """The held apps, with the reason that Adjust gave."""
        return {held.app: held.reason for held in self._held.values()}

    def admits(self, lane: Lane[Delivery]) -> bool:
        """Say whether the head of `lane`, taken to be sent, may be sent; if not, the lane is kept here."""
        held = self._held.get(lane.head.request.app)
        if held is None:
            return True
        if held.probe_due:
            held.probe_due = False
            held.probing = lane
            return True
        lane.head.partition.waiting[lane] = None
        held.lanes.append(lane)
        return False

    def is_probe(self, lane: Lane[Delivery]) -> bool:
        """Say whether `lane` was admitted as a probe: it is sent whatever else holds it, or its app would wait for ever."""
        held = self._held.get(lane.head.request.app)
        return held is not None and held.probing is lane

    def hold(self, lane: Lane[Delivery], reason: Reason) -> None:
        """The head of `lane` was answered as misconfigured: its app is held, and the lane waits with it."""
        app = lane.head.request.app
        held = self._held.get(app)
        if held is None:
            held = self._held[app] = _HeldApp(app, reason)
            self._observe(AppHeld(app, reason))
            self._arm(held)
        held.lanes.append(lane)

    def answered(self, lane: Lane[Delivery], verdict: Verdict) -> None:
        """Some request was answered while apps are held: if it is the probe of one, see what it says."""
        held = self._held.get(lane.head.request.app)
        if held is None or held.probing is not lane:
            return
        held.probing = None
        if verdict.kind is VerdictKind.MISCONFIGURED or verdict.kind in _SAYS_NOTHING:
            self._arm(held)
            return
        del self._held[held.app]
        self._observe(AppReleased(held.app))
        self._release([*held.lanes])

    def gone(self, lane: Lane[Delivery]) -> None:
        """The head of `lane` was taken and not sent, since its partition leaves: if it was a probe, another is asked for."""
        held = self._held.get(lane.head.request.app)
        if held is not None and held.probing is lane:
            held.probing = None
            self._arm(held)

    def forget(self, lanes: Collection[Lane[Delivery]]) -> None:
        """A partition left with these lanes. A probe that was about to start may be among them: it is asked for again."""
        for held in self._held.values():
            held.lanes = deque(lane for lane in held.lanes if lane not in lanes)
            if held.probe_due:
                held.probe_due = False
                self._arm(held)

    def _arm(self, held: _HeldApp) -> None:
        held.timer = self._loop.call_later(self._probe_s, self._probe, held)

    def _probe(self, held: _HeldApp) -> None:
        """Let one event of a held app through; with none left, nothing is known about the app any more."""
        if not held.lanes:
            del self._held[held.app]
            self._observe(AppReleased(held.app))
            return
        held.probe_due = True
        self._release([held.lanes.popleft()])
