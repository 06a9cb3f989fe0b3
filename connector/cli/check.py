"""`connector check`: everything that can be known to be wrong without a network.

**Rule**: it reads what `connector run` reads, by the same code, and prints every problem of every file in one go. Nothing is
sent and nothing is connected to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from connector.adapters.config_file import shown
from connector.app.files import Configuration, load
from connector.document import Problem
from connector.errors import ConfigurationError
from connector.mapping.file_shape import SchemaSubject


def check(settings_path: str, environment: Mapping[str, str] = os.environ) -> int:
    """Check the settings file at `settings_path`, the mapping and the schema files it names; return the exit code.

    0 where no error was found (warnings may be printed), 78 (EX_CONFIG) where one was. Raises `UnreadableError` where a file
    that is named cannot be read.
    """
    try:
        configuration = load(settings_path, environment)
    except ConfigurationError as error:
        _print(error.problems)
        sys.stdout.write(f"{_count(sum(each.severity == 'error' for each in error.problems), 'error')} found\n")
        return error.exit_code
    _print(configuration.warnings)
    for line in _summary(shown(settings_path), configuration):
        sys.stdout.write(f"{line}\n")
    return 0


def _print(problems: tuple[Problem, ...]) -> None:
    for problem in sorted(problems, key=lambda problem: problem.place):
        sys.stdout.write(f"{problem.render()}\n")


def _summary(settings_file: str, configuration: Configuration) -> list[str]:
    mapping = configuration.mapping
    rules = sum(len(topic.rules) for topic in mapping.topics.values())
    counts = ", ".join([_count(len(mapping.apps), "app"), _count(len(mapping.topics), "topic"), _count(rules, "rule")])
    found = _count(len(configuration.warnings), "warning") if configuration.warnings else "no problem found"
    unchecked = [
        f"topic {name}: its schema is the subject {topic.schema.subject} in the registry; its expressions are checked at start"
        for name, topic in mapping.topics.items()
        if isinstance(topic.schema, SchemaSubject)
    ]
    return [*unchecked, f"{settings_file} and {mapping.document.file}: {counts}: {found}"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
