"""Problems of a rule show the rule's name: `topics.app-events.rules[purchase].params.idfa`.

**Rule**: only what is shown changes; the place in the file stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from connector.document import Document, Path, Problem


def with_rule_names(document: Document, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return `problems` with the name of a rule in the place of its number, where it has one."""
    return tuple(replace(problem, path=_named(document, problem.path)) for problem in problems)


def _named(document: Document, path: Path) -> Path:
    if len(path) < 4 or path[0] != "topics" or path[2] != "rules" or not isinstance(path[3], int):
        return path
    tree: object = document.tree
    for step in path[:4]:
        tree = tree[step]  # type: ignore[index]  # a problem's path leads through the tree
    name = tree.get("name") if isinstance(tree, Mapping) else None
    return (*path[:2], f"rules[{name}]", *path[4:]) if isinstance(name, str) and name else path
