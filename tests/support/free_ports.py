"""Ports that nobody listens on.

**Rule**: a port is taken from below the range that the kernel gives to outgoing connections, so that it is still free when
the service that gets it starts a moment later.
"""

from __future__ import annotations

import random
import socket

_LOWEST, _HIGHEST = 20_000, 32_000


def free_port() -> int:
    """Return a port of 127.0.0.1 that can be bound now."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
