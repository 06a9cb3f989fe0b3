"""What the checker says is wrong, in the user's words and with the likely correction.

The checker answers with one text of several blocks, `ERROR: <input>:LINE:COLUMN: what`. Columns count code points from 1.

**Rule**: every block becomes a problem, but for those that only follow from another; a text that is not understood is shown as
it is. Names are the schema's, types are CEL's short names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.mapping.cel.expression import ExpressionProblem
from connector.mapping.cel.library import FUNCTION_NAMES
from connector.mapping.cel.places import RECORD
from connector.mapping.cel.shapes import RecordShape

_BLOCK = re.compile(
    r"^(?:[A-Z_]+: )?ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\n(?:[A-Z_]+: )?ERROR: <input>:|\Z)", re.MULTILINE | re.DOTALL
)
_NO_FIELD = re.compile(r"undefined field '(.*)' not found in struct '(.*)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.*)' \(in container '.*'\)")
_NO_OVERLOAD = re.compile(r"found no matching overload for '(.*)' applied to '\((.*)\)'", re.DOTALL)
_NO_FIELDS = re.compile(r"expression of type '(.*)' cannot be the operand of a select operation")
_FOLLOWS = re.compile(r"'\*error\*'|\*error\*")
_KEYWORDS = frozenset({"in", "true", "false", "null"})
_OPERATOR = re.compile(r"@?in|_?[^\w\s]+_?|_\?_:_|_\[_\]")
_SHORT_TYPES = (
    (re.compile(r"wrapper\((\w+)\)"), r"\1"),
    (re.compile(r"google\.protobuf\.Timestamp"), "timestamp"),
    (re.compile(r"google\.protobuf\.Duration"), "duration"),
    (re.compile(r"null_type"), "null"),
    (re.compile(r"optional_type"), "optional"),
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Explains the checker's errors about one expression.

    `records` are the record types the checker knows, `kafka_record` the name of the one behind `record`, `fields` the dotted paths
    of the event.
    """

    text: str
    records: Mapping[str, RecordShape]
    kafka_record: str
    fields: Sequence[str]

    def problems(self, report: str) -> tuple[ExpressionProblem, ...]:
        """Return the problems in a report of the checker, in the order of the text."""
        if "recursion" in report:
            return (ExpressionProblem("the expression is nested too deeply: CEL's checker takes 32 levels"),)
        found = [problem for line, column, what in _blocks(report) for problem in self._problem(line, column, what)]
        if not found:
            return (ExpressionProblem(_plain(report)),)
        syntax = [problem for problem in found if problem.message.startswith("syntax")]
        return tuple(syntax[:1] or sorted(dict.fromkeys(found), key=lambda problem: problem.offset or 0))

    def _problem(self, line: int, column: int, what: str) -> Iterator[ExpressionProblem]:
        at = self._offset(line, column)
        if match := _NO_FIELD.fullmatch(what):
            yield self._no_field(at, match[1], match[2])
        elif match := _UNDECLARED.fullmatch(what):
            yield self._undeclared(at, match[1])
        elif _FOLLOWS.search(what):
            return
        elif match := _NO_FIELDS.fullmatch(what):
            yield self._no_fields(at, _short(match[1]))
        elif match := _NO_OVERLOAD.fullmatch(what):
            yield self._no_overload(at, match[1], match[2])
        elif what.startswith("Syntax error"):
            yield self._syntax(at, what)
        else:
            yield ExpressionProblem(_short(what), at)

    def _offset(self, line: int, column: int) -> int:
        lines = self.text.split("\n")
        return min(sum(len(text) + 1 for text in lines[: line - 1]) + column - 1, len(self.text))

    def _no_field(self, dot: int, field: str, record: str) -> ExpressionProblem:
        at = self.text.find(field, dot) if field in self.text[dot:] else dot
        shape = self.records.get(record)
        names = list(shape.fields) if shape is not None else []
        record = RECORD if record == self.kafka_record else record
        return ExpressionProblem(f"`{record}` has no field `{field}`", at, self._field_hint(at, field, names))

    def _no_fields(self, dot: int, kind: str) -> ExpressionProblem:
        word = re.match(r"\.\s*(\w+)", self.text[dot:])
        known = word is not None and word[1] in FUNCTION_NAMES
        hint = f"a function is called with parentheses: `{word[1]}()`" if word is not None and known else None
        return ExpressionProblem(f"a value of type {kind} has no fields", dot + 1 if word else dot, hint)

    def _field_hint(self, at: int, field: str, names: Sequence[str]) -> str | None:
        before = re.search(r"[\w.`\[\]\"]*$", self.text[:at])
        prefix = before[0] if before else ""
        close = difflib.get_close_matches(field, names, n=1, cutoff=0.6)
        if close:
            rest = re.match(r"[\w.]*", self.text[at + len(field) :])
            return f"did you mean `{prefix}{close[0]}{rest[0] if rest else ''}`?"
        elsewhere = [path for path in self.fields if path.rpartition(".")[2] == field]
        if elsewhere and len(elsewhere) <= 3:
            return "did you mean " + " or ".join(f"`event.{path}`" for path in elsewhere) + "?"
        return f"it has {_listed(names)}" if names else None

    def _undeclared(self, at: int, name: str) -> ExpressionProblem:
        call = re.search(r"([A-Za-z_][\w.]*)\s*$", self.text[:at])
        if self.text[at : at + 1] == "(" and call is not None:
            return self._no_function(call.start(1) + len(call[1]) - len(name), name)
        start = at if self.text.startswith(name.partition(".")[0], at) else max(self.text.rfind(name, 0, at + len(name)), 0)
        return ExpressionProblem(f"there is no `{name}`", start, self._word_hint(name))

    def _no_function(self, at: int, name: str) -> ExpressionProblem:
        lowered = {known.lower(): known for known in FUNCTION_NAMES if known.isalpha()}
        close = difflib.get_close_matches(name.rpartition(".")[2].lower(), list(lowered), n=1, cutoff=0.6)
        return ExpressionProblem(f"there is no function `{name}`", at, f"did you mean `{lowered[close[0]]}`?" if close else None)

    def _word_hint(self, name: str) -> str:
        first, _, rest = name.partition(".")
        paths = {path: f"event.{path}" for path in self.fields}
        if name in paths:
            return f"did you mean `{paths[name]}`?"
        close = difflib.get_close_matches(first, ("event", "record"), n=1, cutoff=0.7)
        if close and rest:
            return f"did you mean `{close[0]}.{rest}`?"
        near = difflib.get_close_matches(name, list(paths), n=1, cutoff=0.75)
        if near:
            return f'did you mean `event.{near[0]}`, or the text "{name}" in quotes?'
        same = [path for path in self.fields if path.rpartition(".")[2] == name]
        if same and len(same) <= 3:
            return "did you mean " + " or ".join(f"`event.{path}`" for path in same) + "?"
        return f'if it is meant as text, put it in quotes: "{name}"; fields are written `event.name`'

    def _no_overload(self, at: int, function: str, types: str) -> ExpressionProblem:
        shown = _short(types)
        kinds = [kind.strip() for kind in _split_types(shown)]
        if function == "_?_:_":
            if kinds[0] not in ("bool", "dyn"):
                return ExpressionProblem(f"the condition of `? :` must be a bool, not {kinds[0]}", at)
            message = f"the branches of `? :` must have one type, not {kinds[1]} and {kinds[2]}"
            return ExpressionProblem(message, at, _branch_hint(kinds[1:]))
        if not function[:1].isalpha():
            sign = "[]" if function == "_[_]" else function.strip("_@")
            hint = self._null_test(sign, kinds, at) or _operator_hint(sign, kinds)
            return ExpressionProblem(f"`{sign}` does not take {' and '.join(kinds)}", at, hint)
        call = re.search(r"\w+\s*$", self.text[:at])
        start = call.start() if call is not None and self.text[at : at + 1] == "(" else at
        return ExpressionProblem(f"`{function}` does not take ({shown})", start, _function_hint(function, kinds))

    def _null_test(self, sign: str, kinds: list[str], at: int) -> str | None:
        """Say how to write a comparison of a list or map with null, which CEL does not have."""
        if sign not in ("==", "!=") or "null" not in kinds or not any(kind.startswith(("list", "map")) for kind in kinds):
            return None
        path = re.search(r"([\w.]+)\s*$", self.text[:at])
        return f"write `{'!' if sign == '==' else ''}has({path[1] if path else '...'})`"

    def _syntax(self, at: int, what: str) -> ExpressionProblem:
        detail = what.removeprefix("Syntax error:").split(" expecting ")[0].strip()
        if "input '<EOF>'" in detail:
            return ExpressionProblem("syntax: the expression ends too early", at)
        word = re.match(r"\w+", self.text[at:])
        if word and word[0] in _KEYWORDS and self.text[:at].rstrip().endswith("."):
            return ExpressionProblem(f"syntax: `{word[0]}` is a word of CEL", at, f"write the field in backticks: .`{word[0]}`")
        shown = self.text[at : at + 1]
        hint = None
        if shown == "=":
            hint = "equality is written `==`"
        elif word and word[0] in ("and", "or", "not"):
            hint = "CEL writes `&&`, `||` and `!`"
        elif shown in ('"', "'"):
            return ExpressionProblem("syntax: a text begins here and does not end", at)
        return ExpressionProblem(f"syntax: {detail}", at, hint)


def _blocks(report: str) -> Iterator[tuple[int, int, str]]:
    for match in _BLOCK.finditer(report):
        what = re.sub(r"\s*\[[A-Z_]+\]\s*$", "", match[3])
        yield int(match[1]), int(match[2]), what


def _plain(report: str) -> str:
    return re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]\s*$", "", report)


def _short(types: str) -> str:
    for pattern, replacement in _SHORT_TYPES:
        types = pattern.sub(replacement, types)
    return types


def _split_types(types: str) -> Iterator[str]:
    """Split at the commas that are not inside parentheses."""
    depth, current = 0, ""
    for character in types:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield current
            current = ""
        else:
            current += character
    yield current


def _branch_hint(kinds: list[str]) -> str | None:
    if "null" in kinds:
        return "to give null on one side, write dyn(...) around the other"
    return _number_hint(kinds)


def _operator_hint(sign: str, kinds: list[str]) -> str | None:
    if sign == "[]" or len(kinds) != 2:
        return None
    if sign == "+" and "string" in kinds:
        return "write string(...) around what is not a string"
    return _number_hint(kinds)


def _number_hint(kinds: list[str]) -> str | None:
    if len(kinds) == 2 and set(kinds) <= {"int", "uint", "double"}:
        return "CEL does not convert by itself: write double(...) or int(...) around one of them"
    if "string" in kinds and set(kinds) & {"int", "uint", "double", "bool"}:
        return "CEL does not convert by itself: write string(...) around the other, or leave out the quotes"
    return None


def _function_hint(function: str, kinds: list[str]) -> str | None:
    if kinds and kinds[0] in ("int", "uint", "double", "bool") and function not in ("int", "uint", "double", "bool"):
        return f"write string(...) around the {kinds[0]}"
    return None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
