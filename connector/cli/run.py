"""`connector run`: the connector as a process.

**Rule**: the whole configuration is read and found right before the process is set up for it.
"""

from __future__ import annotations

import gc
import os

from connector.app.files import load
from connector.app.process import App
from connector.cli.loop import run_loop

GC_THRESHOLDS = (50_000, 20, 50)
"""Records on their way hold no cycles and are freed by counting: looking for cycles among them every 700 of them costs a twentieth of the CPU."""


def run(settings_path: str) -> None:
    """Run until SIGTERM or SIGINT. Raises `ConnectorError`s for what can be known to be wrong before or while running."""
    app = App(load(settings_path, os.environ))
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    run_loop(app.run())
