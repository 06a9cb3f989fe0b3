"""A sample event: its Kafka record, and the fate that it must meet.

**Rule**: the fate is known when the event is made, before anything is sent. Does not know how fates are found out
(`connector.demo.account`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.outcome import Reason

NUMBER_HEADER = "demo-number"
"""Header that carries a sample's number through Kafka, by which its dead letter is recognised."""


class Fate(StrEnum):
    """The ways in which a consumed record ends."""

    DELIVERED = "delivered"
    ALREADY_COUNTED = "already counted"
    FILTERED = "filtered"
    DEAD_LETTERED = "dead-lettered"


@dataclass(frozen=True, slots=True)
class Sample:
    """One record to produce.

    `device` orders it. `identity` is how a request of it is recognised: the event's id, or for sessions
    `session/DEVICE/COUNT`. `reason` is why it is dead-lettered, where that is its fate.
    """

    number: int
    device: str
    identity: str
    key: bytes
    value: bytes | None
    fate: Fate
    reason: Reason | None = None

    @property
    def headers(self) -> list[tuple[str, bytes | None]]:
        """The headers it is produced with: its number, and two that must come through unchanged."""
        return [(NUMBER_HEADER, str(self.number).encode()), ("traceparent", b"\x00\xff\x80"), ("empty", None)]


def number_of(headers: list[tuple[str, bytes | None]] | None) -> int | None:
    """Return the number of the sample whose record, or whose dead letter, has these headers."""
    found = dict(headers or []).get(NUMBER_HEADER)
    return int(found) if found is not None and found.isdigit() else None
