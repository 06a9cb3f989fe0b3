"""The checked tree to Python closures.

A closure takes the event and the Kafka record and returns a CEL value or raises. Paths are read raw and turned into CEL values
only where something looks at them; what is constant is computed once; what the checker knows the type of is not looked up again.

**Rule**: nothing is compiled that the library does not hold; a failure of one side of `&&` or `||` is absorbed by the other.
Does not catch failures (`compiler` does, once, around the whole expression).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connector.mapping.cel import forms, paths
from connector.mapping.cel.decode import Decoders
from connector.mapping.cel.equality import equal
from connector.mapping.cel.forms import FAILURES, Run
from connector.mapping.cel.library import LIBRARY, dispatched
from connector.mapping.cel.overload import ANY, UNKNOWN, BadConstantError, Function, Overload
from connector.mapping.cel.places import EVENT, INDEX, OPTIONAL_SELECT, RECORD, start_of
from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Slot
from connector.mapping.cel.tree import (
    Call,
    Comprehension,
    Constant,
    ListLiteral,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)
from connector.mapping.cel.values import Value, key_of

_SIMPLE = frozenset({"string", "int", "uint", "bool", "double", "bytes", "timestamp", "duration"})
"""The kinds whose equality is Python's, where both sides have the same."""

_HASHED = frozenset({"string", "int", "bytes"})
"""The kinds whose membership in a literal list is a set's."""


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


class Translator:
    """Compiles nodes against one schema."""

    def __init__(self, root: RecordShape, records: Mapping[str, RecordShape]) -> None:
        self._root = root
        self._records = records
        self._decoders = Decoders(exact=False)
        self._exact_decoders = Decoders(exact=True)

    def whole(self, node: Node) -> Run:
        """Return the closure of a whole expression; a plain path keeps its decimals exact."""
        code = self.code(node)
        return self._cooked(code, self._exact_decoders).run

    def code(self, node: Node) -> Code:
        """Return the compiled node, raw where it reads straight out of the event; raise `UnsupportedError`."""
        match node:
            case Constant(value=value):
                return _constant(value, node.type.kind)
            case Name(name=name) if name == EVENT:
                return Code(lambda event, _: event, "message", Slot(self._root), ())
            case Select(operand=Name(name=name), field=field, test=test) if name == RECORD:
                return Code(paths.record_field(field, test=test), "bool" if test else node.type.kind)
            case Select(test=True):
                return self._has(node)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListLiteral():
                return self._list(node)
            case MapLiteral():
                return self._map(node)
            case MessageLiteral() | Comprehension() | Name() | _:
                raise _unsupported(node)

    def value(self, node: Node) -> Code:
        """Return the compiled node giving a CEL value."""
        return self._cooked(self.code(node), self._decoders)

    def argument(self, node: Node) -> Code:
        """Return the compiled node for a place where null must not stand."""
        code = self.value(node)
        match node:
            case Select(operand=Name(name=name), field="key" | "timestamp" as field, test=False) if name == RECORD:
                return replace(code, run=paths.required(code.run, f"record.{field} is null"))
            case _:
                return code

    def _cooked(self, code: Code, decoders: Decoders) -> Code:
        if code.slot is None:
            return code
        decode = decoders.decoder(code.slot.shape)
        if decode is None:
            return replace(code, slot=None)
        return Code(paths.decoded(code.run, decode), code.kind)

    def _select(self, node: Select) -> Code:
        outer = self.code(node.operand)
        if outer.kind == "optional":
            return self._optional(node, outer, node.field)
        kind = node.type.kind
        match outer.slot:
            case Slot(shape=RecordShape(fields=fields)) if node.field in fields:
                steps = None if outer.steps is None else (*outer.steps, node.field)
                run = paths.through(outer.run, node.field) if steps is None else paths.path(steps, self._nullable(steps[:-1]))
                return Code(run, kind, fields[node.field], steps)
            case Slot(shape=MapShape(value=value)):
                return Code(paths.entry_of(outer.run, node.field), kind, value)
            case _:
                inner = self._cooked(outer, self._decoders)
                of_record = node.operand.type.kind == "message"
                return Code((paths.through if of_record else paths.entry_of)(inner.run, node.field), kind)

    def _nullable(self, steps: tuple[str, ...]) -> tuple[bool, ...]:
        """Say of each step of a path through records whether it can be null."""
        shape, found = self._root, []
        for step in steps:
            slot = shape.fields[step]
            found.append(slot.nullable)
            if isinstance(slot.shape, RecordShape):
                shape = slot.shape
        return tuple(found)

    def _has(self, node: Select) -> Code:
        outer = self.code(node.operand)
        raw_record = outer.slot is not None and isinstance(outer.slot.shape, RecordShape)
        if raw_record or node.operand.type.kind == "message":
            return Code(paths.has_field(outer.run, node.field), "bool")
        return Code(paths.has_entry(self._cooked(outer, self._decoders).run, node.field), "bool")

    def _list(self, node: ListLiteral) -> Code:
        if node.optional:
            raise UnsupportedError("a list with optional elements (`?`) is not supported", node)
        codes = [self.argument(element) for element in node.elements]
        runs = tuple(code.run for code in codes)
        return _folded(Code(lambda event, record: [run(event, record) for run in runs], "list"), codes)

    def _map(self, node: MapLiteral) -> Code:
        if any(node.optional):
            raise UnsupportedError("a map with optional entries (`?`) is not supported", node)
        codes = [(self.argument(key), self.argument(value)) for key, value in node.entries]
        runs = tuple((key.run, value.run) for key, value in codes)
        return _folded(Code(forms.map_literal(runs, key_of), "map"), [code for pair in codes for code in pair])

    def _call(self, node: Call) -> Code:  # noqa: C901  # one case for each form that is more than a function of its arguments
        kind = node.type.kind
        match node.function, node.arguments:
            case "_&&_", (left, right):
                one, other = self.argument(left), self.argument(right)
                return _folded(Code(forms.both(one.run, other.run), kind), [one, other])
            case "_||_", (left, right):
                one, other = self.argument(left), self.argument(right)
                return _folded(Code(forms.either(one.run, other.run), kind), [one, other])
            case "!_", (inner,):
                code = self.argument(inner)
                return _folded(Code(forms.negated(code.run), kind), [code])
            case "_?_:_", (condition, yes, no):
                codes = [self.argument(condition), self.value(yes), self.value(no)]
                return _folded(Code(forms.conditional(*(code.run for code in codes)), kind), codes)
            case "_==_" | "_!=_" as name, (left, right):
                return self._equality(left, right, same=name == "_==_")
            case "@in", (left, right):
                return self._membership(node, left, right)
            case "dyn", (inner,):
                return replace(self.value(inner), kind="dyn")
            case function, (operand, index) if function == INDEX:
                return self._index(node, operand, index)
            case function, (operand, Constant(value=str() as field)) if function == OPTIONAL_SELECT:
                return self._optional(node, self.code(operand), field)
            case "orValue", (optional, default):
                return Code(forms.or_value(self.value(optional).run, self.value(default).run), kind)
            case "hasValue", (optional,):
                return Code(forms.has_value(self.code(optional).run), kind)
            case _:
                return self._function(node, [self.argument(argument) for argument in node.arguments])

    def _equality(self, left: Node, right: Node, *, same: bool) -> Code:
        one, other = self.value(left), self.value(right)
        if other.value is None or one.value is None:
            run = forms.is_null(one.run if other.value is None else other.run, null=same)
        elif one.kind == other.kind and one.kind in _SIMPLE:
            run = self._same_kind(one, other, same=same)
        else:
            run = forms.two(equal if same else lambda a, b: not equal(a, b), one.run, other.run)
        return _folded(Code(run, "bool"), [one, other])

    def _same_kind(self, one: Code, other: Code, *, same: bool) -> Run:
        if one.value is not UNKNOWN:
            one, other = other, one
        if other.value is UNKNOWN:
            return forms.two(operator.eq if same else operator.ne, one.run, other.run)
        if one.steps is not None and len(one.steps) == 1:
            return paths.field_is(one.steps[0], other.value, same=same)
        return forms.is_constant(one.run, other.value, same=same)

    def _membership(self, node: Call, left: Node, right: Node) -> Code:
        wanted, items = self.value(left), self.argument(right)
        if isinstance(items.value, list) and wanted.kind in _HASHED and right.type.parameters[0].kind == wanted.kind:
            return _folded(Code(forms.in_set(wanted.run, frozenset(items.value)), "bool"), [wanted, items])
        return self._function(node, [wanted, items])

    def _index(self, node: Call, operand: Node, index: Node) -> Code:
        outer, at = self.code(operand), self.argument(index)
        match outer.slot:
            case Slot(shape=ListShape(element=slot)):
                name = "index_list"
            case Slot(shape=MapShape(value=slot)):
                name = "index_map"
            case _:
                return self._function(node, [self._cooked(outer, self._decoders), at])
        return Code(_applied(LIBRARY[name].call, [outer, at]), node.type.kind, slot)

    def _optional(self, node: Node, outer: Code, field: str) -> Code:
        slot: Slot | None = None
        match outer.slot:
            case Slot(shape=RecordShape(fields=fields)):
                slot = fields.get(field)
            case Slot(shape=MapShape(value=value)):
                slot = value
            case _:
                outer = self._cooked(outer, self._decoders)
        return Code(paths.optional_entry(outer.run, field, null_is_absent=slot is not None), node.type.kind, slot)

    def _function(self, node: Call, codes: list[Code]) -> Code:
        listed = [LIBRARY[name] for name in node.overloads if name in LIBRARY]
        if not listed:
            raise _unsupported(node)
        kinds = [code.kind for code in codes]
        if len(listed) == 1 and _settled(listed[0], kinds):
            call = _prepared(listed[0], node, codes)
        else:
            call = dispatched(node.function, len(codes))
        return _folded(Code(_applied(call, codes), node.type.kind), codes)


def _settled(overload: Overload, kinds: list[str]) -> bool:
    """Say whether the checker's types alone prove that the arguments fit."""
    return all(wanted in (ANY, kind) for wanted, kind in zip(overload.kinds, kinds, strict=True))


def _prepared(overload: Overload, node: Call, codes: list[Code]) -> Function:
    if overload.prepare is None:
        return overload.call
    try:
        return overload.prepare(tuple(code.value for code in codes)) or overload.call
    except BadConstantError as error:
        raise UnsupportedError(str(error), node.arguments[error.argument]) from error


def _applied(call: Function, codes: list[Code]) -> Run:
    match codes:
        case [one]:
            return forms.one(call, one.run)
        case [one, other] if other.value is not UNKNOWN:
            return forms.one_and_constant(call, one.run, other.value)
        case [one, other]:
            return forms.two(call, one.run, other.run)
        case _:
            return forms.many(call, tuple(code.run for code in codes))


def _constant(value: Value, kind: str) -> Code:
    return Code(lambda _event, _record: value, kind, value=value)


def _folded(code: Code, parts: list[Code]) -> Code:
    """Return the constant, where all parts are constant; what fails stays to fail at run time, as CEL says."""
    if any(part.value is UNKNOWN for part in parts):
        return code
    nothing: Callable[..., Value] = code.run
    try:
        return _constant(nothing({}, None), code.kind)
    except FAILURES:
        return code


def _unsupported(node: Node) -> UnsupportedError:
    match node:
        case Comprehension():
            return UnsupportedError("macros over lists and maps are not supported yet", node)
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
