"""The expressions of a rule, each compiled with its place in the file and judged by what is asked of it there.

**Rule**: every problem of an expression carries the file, the line, the expression and the character; an expression with a
problem gives None, and the compilation of the others goes on.
"""

from __future__ import annotations

import re
from typing import Protocol

from connector.document import Document, Path, Problem
from connector.mapping.cel.expression import Event, Expression, ExpressionProblem
from connector.mapping.file_shape import Written
from connector.record import Record, TopicPartition

NO_RECORD = Record(TopicPartition("", 0), 0, -1, None, None, ())
"""What a constant is evaluated with."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LITERAL_TYPES = {bool: "bool", int: "int", float: "double", str: "string"}


class Compiles(Protocol):
    """What is asked of the CEL compiler."""

    def compile(self, text: str, given: str | None = None) -> Expression | tuple[ExpressionProblem, ...]:
        """Return `text` checked against the schema, or what is wrong with it; `given` is a condition known to hold."""


def literal(value: Written) -> Expression:
    """Return a YAML number or boolean as the expression that it is."""
    return Expression(
        text=str(value).lower() if isinstance(value, bool) else str(value),
        type=_LITERAL_TYPES[type(value)],
        nullable=False,
        constant=True,
        reads=frozenset(),
        path=None,
        avro_logical=None,
        evaluate=lambda _event, _record: value,
    )


class Places:
    """Compiles the expressions of one document against one schema, and collects the problems."""

    def __init__(self, document: Document, compiler: Compiles, *, at_start: bool = False) -> None:
        self.problems: list[Problem] = []
        self._severity_of_symbols = "error" if at_start else "warning"
        self._document = document
        self._compiler = compiler

    def expression(self, written: Written, path: Path, given: str | None = None) -> Expression | None:
        """Return the expression at `path`; where it does not compile, None, and its problems are noted.

        It is evaluated only where the condition `given` holds: what that rules out, null above all, is no problem.
        """
        if not isinstance(written, str):
            return literal(written)
        compiled = self._compiler.compile(written, given)
        if isinstance(compiled, Expression):
            for found in compiled.impossible:
                self.no_symbol(path, found.message, written, found.offset, found.hint)
            return compiled
        for found in compiled:
            hint = found.hint
            if _WORD.fullmatch(written.strip()) and "did you mean" not in (hint or ""):
                hint = f"a text that is meant literally has quotes of its own: '\"{written.strip()}\"'"
            self.problem(path, found.message, written, found.offset, hint)
        return None

    def typed(
        self, written: Written, path: Path, accepts: frozenset[str], means: str, given: str | None = None
    ) -> Expression | None:
        """Return the expression at `path` if its type is one of `accepts`; `means` completes "must be ..."."""
        expression = self.expression(written, path, given)
        if expression is None or expression.type in accepts or expression.type == "dyn":
            return expression
        self.problem(
            path, f"must be {means}, but this is of type {expression.type}", expression.text, 0, _cure(expression, accepts)
        )
        return None

    def never_null(self, expression: Expression | None, path: Path) -> Expression | None:
        """Return `expression` unless it can be null: Adjust requires a value here."""
        if expression is None or not expression.nullable:
            return expression
        hint = "test it in `when` (... != null), or say what stands for null: x == null ? ... : x"
        self.problem(path, "Adjust requires a value here, and this can be null", expression.text, 0, hint)
        return None

    def problem(
        self, path: Path, message: str, text: str | None = None, offset: int | None = None, hint: str | None = None
    ) -> None:
        """Note an error at `path`."""
        self.problems.append(self._document.problem(path, message, expression=text, offset=offset, hint=hint))

    def no_symbol(self, path: Path, message: str, text: str | None, offset: int | None, hint: str | None) -> None:
        """Note that a text is no symbol of its enum: an error, unless the schema is not the one the rules were written for."""
        severity = self._severity_of_symbols
        self.problems.append(self._document.problem(path, message, expression=text, offset=offset, hint=hint, severity=severity))

    def warning(self, path: Path, message: str, text: str | None = None, hint: str | None = None) -> None:
        """Note a warning at `path`."""
        self.problems.append(self._document.problem(path, message, expression=text, hint=hint, severity="warning"))


def constant_value(expression: Expression) -> object:
    """Return the value of a constant expression."""
    nothing: Event = {}
    return expression.evaluate(nothing, NO_RECORD)


def _cure(expression: Expression, accepts: frozenset[str]) -> str | None:
    """Return what would make the type fit, where there is one obvious thing."""
    if expression.type.startswith("optional"):
        return "end it with .orValue(...)"
    if expression.type == "timestamp" and "string" in accepts:
        return "write string(...) for a text, or int(...) for UNIX seconds"
    if expression.type in {"list", "map"} and "string" in accepts:
        return "choose one of its entries, or join them"
    if expression.type == "double" and "int" in accepts:
        return "write int(...), which cuts the fraction, or string(...)"
    if expression.type in {"bool", "bytes"} and {"string", "int"} <= accepts:
        return "write string(...) if a text is meant"
    return None
