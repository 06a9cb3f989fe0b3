"""`connector run`: the connector as a process."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Coroutine
from typing import Any

from connector.app.files import load
from connector.app.process import App

GC_THRESHOLDS = (50_000, 20, 50)
"""Records on their way hold no cycles and are freed by counting: looking for cycles among them every 700 of them costs a twentieth of the CPU."""


def run(settings_path: str) -> None:
    """Run until SIGTERM or SIGINT. Raises `ConnectorError`s for what can be known to be wrong before or while running."""
    app = App(load(settings_path, os.environ))
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    run_loop(app.run())


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` on uvloop where there is one (everywhere but Windows)."""
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
