"""Reads a YAML file into a `Document`: a plain tree, the place of each value, `${NAME}` filled in from the environment.

YAML is read node by node, without constructing objects: what is not a mapping with text keys, a list, or a plain scalar
is an error with its place. Dates stay text.

**Rule**: every problem of the file is reported at once, and no error text holds the value of a variable.
Does not know what the keys mean (`connector.settings`, `connector.mapping.parse`).
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from connector.document import Document, Path, Position, Problem, Tree
from connector.errors import ConfigurationError, UnreadableError

MAX_DEPTH = 60
"""Levels of nesting, aliases followed."""

MAX_VALUES = 100_000
"""Values of one file, aliases counted each time they are used: beyond it, a file is not a configuration."""

_VARIABLE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_TAG = "tag:yaml.org,2002:"
_SYNTAX_HINTS = {
    r"'\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed": "put the text in quotes if it holds a colon followed by a space",
    "flow mapping": "inside { } and [ ], put a text in quotes if it holds one of { } [ ] , or :",
    "flow sequence": "inside { } and [ ], put a text in quotes if it holds one of { } [ ] , or :",
}


def read(path: str, environment: Mapping[str, str]) -> Document:
    """Return the document in the YAML file at `path`.

    `${NAME}` in a text is replaced by the variable of `environment`; `${NAME:-default}` has a default for a variable that is
    missing or empty; `$${` stands for `${`. Raises `UnreadableError` where the file cannot be read and
    `ConfigurationError` with every problem in it. In problems, the file is called what `shown` says.
    """
    file = shown(path)
    text = _decode(file, _load(path))
    node = _parse(file, text)
    reading = _Reading(file, environment)
    tree = reading.value(node, (), ()) if node is not None else {}
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return Document(file=file, folder=os.path.dirname(os.path.abspath(path)), tree=tree, positions=reading.positions)  # noqa: PTH100, PTH120  # the path stays text


def shown(path: str) -> str:
    """Return what a user would call the file at `path`: relative to the working directory where it is below it, else absolute."""
    absolute = os.path.abspath(path)  # noqa: PTH100  # the path stays text
    here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118  # likewise
    return absolute.removeprefix(here) if absolute.startswith(here) else absolute


def resolve(document: Document, relative_path: str) -> str:
    """Return `relative_path` as seen from the folder of `document`; an absolute path stays as it is."""
    return os.path.normpath(os.path.join(document.folder, relative_path))  # noqa: PTH118  # the path stays text


def _load(path: str) -> bytes:
    try:
        return FilePath(path).read_bytes()
    except FileNotFoundError:
        raise UnreadableError(f"{shown(path)}: there is no such file") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise UnreadableError(f"{shown(path)}: cannot be read: {why.lower()}") from None


def _decode(path: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        place = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ConfigurationError([Problem(path, "not UTF-8", place, hint="save the file as UTF-8")]) from None


def _parse(path: str, text: str) -> Node | None:
    """Return the root node of the one YAML document in `text`, or None where it is empty."""
    yaml: Any = YAML(typ="safe", pure=True)
    try:
        documents = list(yaml.compose_all(text))
    except MarkedYAMLError as error:
        raise ConfigurationError([_syntax_problem(path, error)]) from None
    except ReaderError as error:
        before = text[: error.position]
        place = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ConfigurationError([Problem(path, "a control character cannot stand in YAML", place)]) from None
    except RecursionError:
        raise ConfigurationError([Problem(path, "nested too deeply")]) from None
    except YAMLError as error:
        raise ConfigurationError([Problem(path, f"not YAML: {type(error).__name__}")]) from None
    if len(documents) > 1:
        raise ConfigurationError(
            [Problem(path, "a second document starts here", _place(documents[1]), hint="one document a file")]
        )
    return documents[0] if documents else None


def _syntax_problem(path: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = None if mark is None else Position(mark.line + 1, mark.column + 1)
    what = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
    hint = next((hint for sign, hint in _SYNTAX_HINTS.items() if sign in what), None)
    return Problem(path, f"not YAML: {what}", place, hint=hint)


def _place(node: Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


class _Reading:
    """One pass over the nodes of a file, which collects positions and problems on its way."""

    def __init__(self, file: str, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self.positions: dict[Path, Position] = {}
        self._file = file
        self._environment = environment
        self._values = 0

    def value(self, node: Node, path: Path, within: tuple[Node, ...]) -> Tree:
        """Return the tree of `node`, which stands at `path` inside the nodes `within`."""
        self.positions.setdefault(path, _place(node))
        self._values += 1
        if self._values == MAX_VALUES:
            self._problem(node, path, f"more than {MAX_VALUES:,} values, aliases included")
        if self._values >= MAX_VALUES:
            return None
        if any(node is outer for outer in within):
            self._problem(node, path, "an alias that contains itself")
            return None
        if len(within) > MAX_DEPTH:
            self._problem(node, path, "nested too deeply")
            return None
        match node:
            case MappingNode():
                return self._mapping(node, path, (*within, node))
            case SequenceNode():
                return [self.value(item, (*path, index), (*within, node)) for index, item in enumerate(node.value)]
            case _:
                return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path, within: tuple[Node, ...]) -> Tree:
        tree: dict[str, Tree] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag in {_TAG + "merge", _TAG + "null"}:
                self._problem(key, path, "a key must be a text" if key.value != "<<" else "merge keys (<<) are not taken")
                continue
            name = str(key.value)
            if name in lines:
                self._problem(key, (*path, name), f"this key stands in line {lines[name]} already")
                continue
            lines[name] = key.start_mark.line + 1
            if not isinstance(value, ScalarNode):
                self.positions[(*path, name)] = _place(key)
            tree[name] = self.value(value, (*path, name), within)
        return tree

    def _scalar(self, node: Node, path: Path) -> Tree:
        text: str = node.value
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp":
                return self._filled_in(node, text, path)
            case "null":
                return None
            case "bool":
                return text.lower() in {"true", "yes", "on"}
            case "int" | "float":
                return self._number(node, text, path)
            case tag:
                self._problem(node, path, f"the YAML tag {tag} is not taken")
                return None

    def _number(self, node: Node, text: str, path: Path) -> Tree:
        plain = text.replace("_", "").lower()
        try:
            if plain.lstrip("+-").startswith(("0x", "0o", "0b")):
                return int(plain, 0)
            return (
                int(plain) if re.fullmatch(r"[+-]?[0-9]+", plain) else float(plain.replace(".inf", "inf").replace(".nan", "nan"))
            )
        except ValueError:
            self._problem(node, path, "not a number that can be read", hint="put it in quotes if it is a text")
            return None

    def _filled_in(self, node: Node, text: str, path: Path) -> str:
        def replacement(match: re.Match[str]) -> str:
            name, default = match.group(1), match.group(2)
            if match.group() == "$${":
                return "${"
            if name is None:
                self._problem(
                    node, path, "an unfinished ${NAME}", hint="write ${NAME}, ${NAME:-default}, or $${ for a literal ${"
                )
                return ""
            found = self._environment.get(name)
            if found or (found is not None and default is None):
                return found
            if default is None:
                hint = f"set it, or give a default: ${{{name}:-...}}"
                self._problem(node, path, f"the environment variable {name} is not set", hint=hint)
            return default or ""

        return _VARIABLE.sub(replacement, text) if "${" in text else text

    def _problem(self, node: Node, path: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(self._file, message, _place(node), path, hint=hint))
