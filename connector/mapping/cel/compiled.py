"""What a node is compiled to, and how functions are applied to compiled arguments.

**Rule**: what is constant is computed once; a constant that fails stays to fail at run time, as CEL says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.mapping.cel import forms
from connector.mapping.cel.forms import FAILURES, Run
from connector.mapping.cel.overload import ANY, UNKNOWN, BadConstantError, Function, Overload
from connector.mapping.cel.places import RECORD, start_of
from connector.mapping.cel.shapes import Slot
from connector.mapping.cel.tree import Call, Comprehension, MessageLiteral, Name, Node
from connector.mapping.cel.values import Value


class UnsupportedError(Exception):
    """A part of CEL that the evaluator does not have, or a literal that can never be right."""

    def __init__(self, message: str, node: Node, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint, self.node = message, start_of(node), hint, node


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled node.

    `slot` is set where `run` returns a raw value of the record; `steps` where it is nothing but a path through records;
    `value` is the value of a constant.
    """

    run: Run
    kind: str
    slot: Slot | None = None
    steps: tuple[str, ...] | None = None
    value: Value = UNKNOWN


def settled(overload: Overload, kinds: Sequence[str]) -> bool:
    """Say whether the checker's types alone prove that the arguments fit."""
    return all(wanted in (ANY, kind) for wanted, kind in zip(overload.kinds, kinds, strict=True))


def prepared(overload: Overload, node: Call, codes: list[Code]) -> Function:
    """Return the overload's function, made ready for its constant arguments."""
    if overload.prepare is None:
        return overload.call
    try:
        return overload.prepare(tuple(code.value for code in codes)) or overload.call
    except BadConstantError as error:
        raise UnsupportedError(str(error), node.arguments[error.argument]) from error


def applied(call: Function, codes: list[Code]) -> Run:
    """Return the closure that applies a function to compiled arguments."""
    match codes:
        case [one]:
            return forms.one(call, one.run)
        case [one, other] if other.value is not UNKNOWN:
            return forms.one_and_constant(call, one.run, other.value)
        case [one, other]:
            return forms.two(call, one.run, other.run)
        case _:
            return forms.many(call, tuple(code.run for code in codes))


def constant(value: Value, kind: str) -> Code:
    """Return a constant, compiled."""
    return Code(lambda _event, _record: value, kind, value=value)


def folded(code: Code, parts: Sequence[Code]) -> Code:
    """Return the constant, where all parts are constant; what fails stays to fail at run time, as CEL says."""
    if any(part.value is UNKNOWN for part in parts):
        return code
    try:
        return constant(code.run({}, None), code.kind)
    except FAILURES:
        return code


def unsupported(node: Node) -> UnsupportedError:
    """Say which part of CEL it is that the evaluator does not have."""
    match node:
        case Comprehension():
            return UnsupportedError("macros over lists and maps are not supported", node)
        case MessageLiteral(name=name):
            return UnsupportedError(f"an expression cannot make a {name}", node)
        case Name(name=name) if name == RECORD:
            return UnsupportedError("`record` as a whole is not a value", node, "read one of its fields, such as `record.topic`")
        case Name(name=name):
            return UnsupportedError(f"`{name}` is a type, and types are not supported as values", node)
        case Call(function=function):
            return UnsupportedError(f"the function `{function.strip('_@')}` is not supported", node)
        case _:
            return UnsupportedError("this part of CEL is not supported", node)
