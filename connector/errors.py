"""The exceptions that end the process, each with its sysexits code.

Results of a single record are values (`connector.outcome`), never exceptions. What is here is caught in one place,
the command line, which prints the message and exits with the code.

**Rule**: the text of an error says what, where and what to do, and never holds a payload, a token or a device identifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.document import Problem


class ConnectorError(Exception):
    """Something that ends the process; `exit_code` is the sysexits code it ends with."""

    exit_code = 70


class UsageError(ConnectorError):
    """The command line asks for something that cannot be done (EX_USAGE)."""

    exit_code = 64


class UnreadableError(ConnectorError):
    """A file that was named does not exist or cannot be read (EX_NOINPUT)."""

    exit_code = 66


class ServiceUnavailableError(ConnectorError):
    """A broker, a registry, a topic or a port that is needed to start is not there (EX_UNAVAILABLE)."""

    exit_code = 69


class InvariantViolationError(ConnectorError):
    """A bug: a state that the connector's own rules exclude (EX_SOFTWARE)."""

    exit_code = 70


class ConfigurationError(ConnectorError):
    """A settings or mapping file with problems, all of them (EX_CONFIG)."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(problem.render() for problem in self.problems))
