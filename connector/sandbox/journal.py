"""Every request received, in order of arrival, and how it was answered.

**Rule**: a request is entered before anything is decided about it, so one that is never answered is there too. The number
of entries kept is bounded: the oldest are dropped and counted. Bytes are kept as received and decoded when asked for.

Does not know why an answer was chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from connector.sandbox.parameters import ENDPOINTS, parse_form


class Entry:
    """One request. Times are seconds of the monotonic clock of the sandbox.

    `status` is None as long as no answer left: also for good, where a fault closed the connection instead. `error` is the
    text of a refusal as the answer held it. `connection` counts connections from 1, `attempt` the requests with this identity
    from 1 (0 where no fault asked for it).
    """

    __slots__ = (
        "answered_s",
        "arrived_s",
        "attempt",
        "body",
        "connection",
        "counted",
        "error",
        "fault",
        "method",
        "path",
        "query",
        "sequence",
        "status",
        "token_sent",
    )

    def __init__(
        self, sequence: int, arrived_s: float, connection: int, method: str, path: str, query: bytes, body: bytes
    ) -> None:
        self.sequence = sequence
        self.arrived_s = arrived_s
        self.connection = connection
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.token_sent = False
        self.attempt = 0
        self.counted = False
        self.status: int | None = None
        self.error: str | None = None
        self.fault: str | None = None
        self.answered_s: float | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The decoded parameters, of the query and of the form together; the form wins."""
        return {**parse_form(self.query), **parse_form(self.body)}

    @property
    def delivered(self) -> bool:
        """Say whether the client was told 200."""
        return self.status == 200

    def as_json(self) -> dict[str, object]:
        """Return the entry as the JSON listing shows it."""
        return {
            "sequence": self.sequence,
            "arrived_s": self.arrived_s,
            "answered_s": self.answered_s,
            "connection": self.connection,
            "method": self.method,
            "path": self.path,
            "parameters": self.parameters,
            "token_sent": self.token_sent,
            "attempt": self.attempt,
            "status": self.status,
            "error": self.error,
            "fault": self.fault,
            "counted": self.counted,
        }


class Journal:
    """The entries, numbered from 1. `capacity` bounds how many are kept; `malformed` counts bytes that were no request."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: list[Entry] = []
        self._received = 0
        self._outcomes: Counter[tuple[str, int | None, str | None]] = Counter()
        self._faults: Counter[str] = Counter()
        self._open = 0
        self.malformed = 0

    @property
    def received(self) -> int:
        """How many requests arrived since the start or the last reset."""
        return self._received

    @property
    def open(self) -> int:
        """How many of them are neither answered nor cut off yet."""
        return self._open

    @property
    def dropped(self) -> int:
        """How many of the oldest entries are no longer kept."""
        return self._received - len(self._kept)

    def __len__(self) -> int:
        """How many entries are kept."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Entry]:
        """The kept entries, oldest first."""
        return iter(self.since(0, len(self._kept)))

    def enter(self, arrived_s: float, connection: int, method: str, path: str, query: bytes, body: bytes) -> Entry:
        """Add a request that has just arrived."""
        self._received += 1
        self._open += 1
        entry = Entry(self._received, arrived_s, connection, method, path, query, body)
        if len(self._kept) < self._capacity:
            self._kept.append(entry)
        else:
            self._kept[(self._received - 1) % self._capacity] = entry
        return entry

    def finish(self, entry: Entry, now_s: float | None, status: int | None, error: str | None) -> None:
        """Note how `entry` ended: with `status` sent at `now_s`, or with neither where no answer left."""
        entry.answered_s, entry.status, entry.error = now_s, status, error
        self._open -= 1
        self._outcomes[entry.path if entry.path in ENDPOINTS else "other", status, error] += 1
        if entry.fault is not None:
            self._faults[entry.fault] += 1

    def since(self, sequence: int, limit: int) -> list[Entry]:
        """Return up to `limit` kept entries with a number above `sequence`, oldest first."""
        first = max(sequence, self.dropped)
        return [self._kept[number % self._capacity] for number in range(first, min(self._received, first + limit))]

    def select(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Return the kept entries that `wanted` says yes to, oldest first."""
        return [entry for entry in self if wanted(entry)]

    def summary(self) -> dict[str, object]:
        """Return the counts over everything received, kept or not: by path, status and error text."""
        return {
            "received": self._received,
            "open": self._open,
            "dropped": self.dropped,
            "malformed": self.malformed,
            "delivered": sum(count for (_, status, _), count in self._outcomes.items() if status == 200),
            "unanswered": sum(count for (_, status, _), count in self._outcomes.items() if status is None),
            "faults": dict(self._faults),
            "outcomes": [
                {"path": path, "status": status, "error": error, "count": count}
                for (path, status, error), count in sorted(self._outcomes.items(), key=repr)
            ],
        }
