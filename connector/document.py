"""A configuration file as a plain tree that remembers where each value stood, and a problem found in one.

**Rule**: whoever finds a problem names its place; problems are collected and reported together, never one by one.
Does not know YAML (`connector.adapters.config_file` reads it) nor what the tree means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Tree = Mapping[str, "Tree"] | Sequence["Tree"] | str | int | float | bool | None
"""What a YAML document holds after `${NAME}` has been filled in: mappings with text keys, lists and scalars."""

Path = tuple[str | int, ...]
"""The way from the root of a document to a value: mapping keys and list indices."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration file.

    `expression` is the text of the CEL expression at fault, where there is one, and `offset` the 0-based character in it
    that a caret points at. `hint` says what to do. `severity` is "error" or "warning"; only errors stop a start.
    """

    file: str
    message: str
    position: Position | None = None
    path: Path = ()
    expression: str | None = None
    offset: int | None = None
    hint: str | None = None
    severity: str = "error"

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column, to sort by; 0 where there is none."""
        return (self.file, 0, 0) if self.position is None else (self.file, self.position.line, self.position.column)

    def render(self) -> str:
        """Return the problem as people read it: `file:line:column: severity: message`, the expression, a caret, the hint."""
        place = self.file if self.position is None else f"{self.file}:{self.position.line}:{self.position.column}"
        at = ".".join(str(step) for step in self.path)
        lines = [f"{place}: {self.severity}: {at + ': ' if at else ''}{self.message}"]
        if self.expression is not None:
            lines.append(f"    {self.expression}")
            if self.offset is not None and "\n" not in self.expression:
                lines.append(f"    {' ' * self.offset}^")
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Document:
    """A configuration file: its name as the user gave it, its folder, its tree, and the position of each value by path."""

    file: str
    folder: str
    tree: Tree
    positions: Mapping[Path, Position] = field(default_factory=dict)

    def position(self, path: Path) -> Position | None:
        """Return where the value at `path` stands, or its nearest parent that has a place."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return None

    def problem(self, path: Path, message: str, **details: object) -> Problem:
        """Return a problem at `path` of this document; `details` are the other fields of `Problem`."""
        return Problem(file=self.file, message=message, position=self.position(path), path=path, **details)  # type: ignore[arg-type]  # the names are Problem's own
