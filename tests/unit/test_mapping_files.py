"""Mapping files as people write them: the valid ones compile without a problem, the invalid ones tell all of theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector.adapters.config_file import read
from connector.document import Problem
from connector.mapping.compile import compile_topic
from connector.mapping.file_shape import SchemaFile
from connector.mapping.parse import read_mapping

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "mapping"
EXPECTED = re.compile(r"# expect (\d+):(\d+) (.+)")


def problems_of(path: Path) -> list[Problem]:
    """Return every problem of the mapping file at `path`, as `connector check` finds them."""
    mapping, found = read_mapping(read(str(path), {}))
    problems = [*found, *mapping.warnings]
    for name, topic in mapping.topics.items():
        if isinstance(topic.schema, SchemaFile):
            schema = json.loads((ROOT / "schemas" / topic.schema.name).read_text())
            problems += compile_topic(mapping, name, schema, at_start=True)[1]
    return problems


@pytest.mark.parametrize(
    "path", [*sorted((FILES / "valid").glob("*.yaml")), ROOT / "schemas" / "mapping.yaml"], ids=lambda path: path.stem
)
def test_a_valid_file_has_no_problem(path: Path) -> None:
    """Neither an error nor a warning: a false alarm would teach people to ignore the check."""
    assert [problem.render() for problem in problems_of(path)] == []


@pytest.mark.parametrize("path", sorted((FILES / "invalid").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_invalid_file_tells_all_its_problems_with_their_places(path: Path) -> None:
    """Each expected text is found at its line and column, and there is no problem that was not expected."""
    problems = problems_of(path)
    expected = [(int(line), int(column), says) for line, column, says in EXPECTED.findall(path.read_text())]
    assert expected
    for line, column, says in expected:
        assert any(says in problem.render() and _place(problem) == (line, column) for problem in problems), (
            f"{line}:{column} {says}\n--- found:\n" + "\n".join(problem.render() for problem in problems)
        )
    places = {(line, column) for line, column, _ in expected}
    assert {_place(problem) for problem in problems} == places, "\n".join(problem.render() for problem in problems)


def _place(problem: Problem) -> tuple[int, int]:
    assert problem.position is not None
    return problem.position.line, problem.position.column
