"""What librdkafka writes, as facts: warnings and worse, and the same thing not more often than every ten seconds.

**Rule**: a broker that is away for an hour is a few lines, not a flood. The client calls a handler on whatever thread polls, so each line is
handed to the loop.
"""

from __future__ import annotations

import asyncio
import logging

from connector.facts import SourceTrouble
from connector.ports import Observer

QUIET_S = 10.0
KIND_CHARACTERS = 24
"""Lines that begin alike are the same thing: facility and client come first."""


class ClientLog(logging.Handler):
    """Made inside the running loop that `observe` belongs to."""

    def __init__(self, observe: Observer) -> None:
        super().__init__(logging.WARNING)
        self._observe = observe
        self._loop = asyncio.get_running_loop()
        self._told_s: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the client; any thread may call."""
        text = record.getMessage()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, text)

    def _tell(self, text: str) -> None:
        now_s, kind = self._loop.time(), text[:KIND_CHARACTERS]
        if now_s - self._told_s.get(kind, -QUIET_S) >= QUIET_S:
            self._told_s[kind] = now_s
            self._observe(SourceTrouble(text))


def client_logger(observe: Observer) -> logging.Logger:
    """Return a logger for Kafka clients that belongs to no hierarchy and writes nothing itself."""
    logger = logging.Logger("librdkafka", logging.WARNING)  # noqa: LOG001  # a logger of one process part, outside the global tree
    logger.addHandler(ClientLog(observe))
    return logger
