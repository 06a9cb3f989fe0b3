"""`connector run`: the connector as a process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from connector.app.files import load
from connector.app.process import App


def run(settings_path: str) -> None:
    """Run until SIGTERM or SIGINT. Raises `ConnectorError`s for what can be known to be wrong before or while running."""
    run_loop(App(load(settings_path, os.environ)).run())


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` on uvloop where there is one (everywhere but Windows)."""
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
