"""What was done between two moments, as one fact.

**Rule**: counts are differences of two snapshots; nothing is counted here.
"""

from __future__ import annotations

from connector.facts import Snapshot, Summary


def summary(before: Snapshot, now: Snapshot, interval_s: float) -> Summary:
    """Return what was done from `before` to `now`."""
    return Summary(
        interval_s=interval_s,
        consumed=now.consumed - before.consumed,
        delivered=now.delivered - before.delivered,
        filtered=sum(now.filtered.values()) - sum(before.filtered.values()),
        dead_lettered=sum(now.dead_lettered.values()) - sum(before.dead_lettered.values()),
        retried=sum(now.retries.values()) - sum(before.retries.values()),
        in_flight=now.in_flight,
        lag=sum(now.lag.values()),
    )
