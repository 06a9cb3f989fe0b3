"""The judge: what was produced, what the destination received, what was dead-lettered and committed, held against the promises.

    every event      delivered, or filtered on purpose, or in the dead-letter topic
    of one key       nothing of an event arrives before every earlier event of its key is delivered (or dead-lettered)
    an offset        is committed only past events that are settled
    what is repeated is counted, and each repeat can be explained

**Rule**: the judge sees only what stands outside the connector: the broker, the destination. It never asks the connector.
Arrivals are numbered by the destination in order of arrival; a delivery is an arrival that was answered 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Produced(NamedTuple):
    """An event on the source topic. `order_key` is what orders it; events without one owe no order to each other."""

    event_id: str
    partition: int
    offset: int
    order_key: bytes | str | None
    filtered: bool = False


class Arrival(NamedTuple):
    """A request as the destination has it. Times are seconds of the destination's clock.

    `status` and `answered_s` are None where no answer left.
    """

    number: int
    event_id: str
    arrived_s: float
    answered_s: float | None
    status: int | None

    @property
    def delivered(self) -> bool:
        """Whether the destination said 200."""
        return self.status == 200


@dataclass(frozen=True)
class Evidence:
    """All that is known from outside. `dead_letters` holds (partition, offset) of the origin; `committed` is by partition."""

    produced: Sequence[Produced]
    arrivals: Sequence[Arrival]
    dead_letters: Sequence[tuple[int, int]] = ()
    committed: Mapping[int, int] = field(default_factory=dict)

    @property
    def deliveries(self) -> Counter[str]:
        """How often each event was delivered."""
        return Counter(arrival.event_id for arrival in self.arrivals if arrival.delivered)

    @property
    def repeats(self) -> int:
        """Deliveries beyond the first of each event."""
        return sum(count - 1 for count in self.deliveries.values())

    def unsettled(self) -> list[Produced]:
        """Return the events that are neither delivered nor dead-lettered nor meant to be filtered."""
        delivered, parked = self.deliveries, set(self.dead_letters)
        return [
            event
            for event in self.produced
            if not event.filtered and event.event_id not in delivered and (event.partition, event.offset) not in parked
        ]

    def filtered_but_sent(self) -> list[Produced]:
        """Return the events that a rule filters and that arrived all the same."""
        arrived = {arrival.event_id for arrival in self.arrivals}
        return [event for event in self.produced if event.filtered and event.event_id in arrived]

    def unknown(self) -> list[Arrival]:
        """Return what arrived and was never produced."""
        known = {event.event_id for event in self.produced}
        return [arrival for arrival in self.arrivals if arrival.event_id not in known]

    def overtakers(self) -> list[str]:
        """Return the events of which something arrived before an earlier event of their key was delivered or refused for good."""
        parked_places = set(self.dead_letters)
        parked = {event.event_id for event in self.produced if (event.partition, event.offset) in parked_places}
        first_arrival: dict[str, int] = {}
        settled: dict[str, int] = {}
        for arrival in self.arrivals:
            first_arrival.setdefault(arrival.event_id, arrival.number)
            refused = arrival.event_id in parked and arrival.status is not None and 400 <= arrival.status < 500
            if arrival.delivered or refused:
                settled.setdefault(arrival.event_id, arrival.number)
        return [
            event.event_id
            for event, before in self._successions(settled)
            if first_arrival.get(event.event_id, before + 1) < before
        ]

    def overlaps(self) -> list[str]:
        """Return the events that arrived while another request of their key was not answered yet."""
        keys = {event.event_id: event.order_key for event in self.produced}
        busy_until_s: dict[bytes | str, float] = {}
        found = []
        for arrival in sorted(self.arrivals, key=lambda each: each.arrived_s):
            key = keys.get(arrival.event_id)
            if key is None:
                continue
            if arrival.arrived_s < busy_until_s.get(key, 0.0):
                found.append(arrival.event_id)
            if arrival.answered_s is not None:
                busy_until_s[key] = max(arrival.answered_s, busy_until_s.get(key, 0.0))
        return found

    def committed_unsettled(self) -> list[Produced]:
        """Return the unsettled events that a commit has passed: the events that are lost."""
        return [event for event in self.unsettled() if event.offset < self.committed.get(event.partition, 0)]

    def _successions(self, settled: Mapping[str, int]) -> Iterable[tuple[Produced, int]]:
        """Yield each event of a key with the number of the arrival that settled the last event before it."""
        last: dict[bytes | str, int] = {}
        for event in sorted(self.produced, key=lambda each: (each.partition, each.offset)):
            if event.order_key is None or event.filtered:
                continue
            if event.order_key in last:
                yield event, last[event.order_key]
            if event.event_id in settled:
                last[event.order_key] = max(settled[event.event_id], last.get(event.order_key, 0))


def max_concurrent(arrivals: Iterable[Arrival]) -> int:
    """Return how many requests the destination held at once at most."""
    steps = sorted(
        step
        for arrival in arrivals
        if arrival.answered_s is not None
        for step in ((arrival.arrived_s, 1), (arrival.answered_s, -1))
    )
    held = most = 0
    for _, change in steps:
        held += change
        most = max(most, held)
    return most


def assert_promises(evidence: Evidence, repeats_at_most: int = 0) -> None:
    """Assert everything the connector promises; `repeats_at_most` bounds what may have been delivered more than once."""
    unsettled = evidence.unsettled()
    assert not unsettled, f"{len(unsettled)} events are lost, the first: {unsettled[:5]}"
    assert not (unknown := evidence.unknown()), f"arrived and never produced: {unknown[:5]}"
    assert not (sent := evidence.filtered_but_sent()), f"filtered by a rule and sent: {sent[:5]}"
    overtakers = evidence.overtakers()
    assert not overtakers, (
        f"{len(overtakers)} events arrived before an earlier event of their key was delivered: {overtakers[:5]}"
    )
    assert not (overlaps := evidence.overlaps()), f"{len(overlaps)} events arrived while their key was under way: {overlaps[:5]}"
    assert evidence.repeats <= repeats_at_most, (
        f"{evidence.repeats} events were delivered again, at most {repeats_at_most} may be"
    )
