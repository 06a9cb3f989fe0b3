"""The event loop that a command runs on.

**Rule**: libuv's loop wherever there is one (everywhere but Windows): it halves what the loop costs for each event and each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end and raise what it raises."""
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
