"""The command line: what a shell starts, and the one place where a `ConnectorError` becomes a message and an exit code.

    commands.py   every command with its options
    run.py        `connector run`
    check.py      `connector check`
    sandbox.py    `connector sandbox`
    demo.py       `connector demo`
    loop.py       the event loop they run on

**Rule**: a command ends with a sysexits code; what people are told is the text of the error, never a traceback, unless it is a bug.
"""

from __future__ import annotations

import sys

from connector.cli.commands import commands
from connector.errors import ConnectorError, UsageError

__all__ = ["main"]

CLICK_USAGE = 2
"""What the command line library exits with for wrong arguments; sysexits has a code of its own for that."""

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""


def main() -> None:
    """Run the command that the arguments name; exits with a sysexits code."""
    try:
        commands()
    except SystemExit as ended:
        sys.exit(UsageError.exit_code if ended.code == CLICK_USAGE else ended.code)
    except ConnectorError as error:
        sys.stderr.write(f"connector: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
