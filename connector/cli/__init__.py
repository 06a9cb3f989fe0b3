"""The command line: one file a command, and the one place where a `ConnectorError` becomes a message and an exit code."""

from __future__ import annotations

import sys

from connector.cli.commands import commands
from connector.errors import ConnectorError

__all__ = ["main"]

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""


def main() -> None:
    """Run the command that the arguments name; exits with a sysexits code."""
    try:
        commands()
    except ConnectorError as error:
        sys.stderr.write(f"connector: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
