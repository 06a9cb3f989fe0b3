"""The command line: one file a command, and the one place where a `ConnectorError` becomes a message and an exit code."""

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
