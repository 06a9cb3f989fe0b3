"""Waiting in tests: for a condition, with a deadline.

**Rule**: nothing in the tests waits for time to pass; it waits for something to be true, and says what when it is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], what: str, within_s: float, every_s: float = 0.05) -> Found:
    """Ask `condition` every `every_s` seconds and return its first true answer.

    `what` names the condition in the error. Raises `TimeoutError` after `within_s` seconds.
    """
    pause = threading.Event()
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() >= deadline_s:
            raise TimeoutError(f"not within {within_s:g} s: {what}; the last answer was {found!r}")
        pause.wait(every_s)
    return found
