"""Runs a command that ends when its parent ends, however that happened: `python leash.py COMMAND ARG...`.

On Linux the kernel sends SIGTERM to the command when its parent is gone, `kill -9` included; elsewhere the command is
simply run. The process becomes the command (exec), so its process id is the command's.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command that follows."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # the command is the caller's own, and no shell is wanted


if __name__ == "__main__":
    main()
