"""The checked tree to Python closures.

A closure takes the event and the Kafka record and returns a CEL value or raises. Paths are read raw and turned into CEL values
only where something looks at them; what is constant is computed once; what the checker knows the type of is not looked up again.

**Rule**: nothing is compiled that the library does not hold; a failure of one side of `&&` or `||` is absorbed by the other.
Does not catch failures (`compiler` does, once, around the whole expression).
"""

from __future__ import annotations

import operator
from dataclasses import replace

from connector.mapping.cel import forms, paths
from connector.mapping.cel.compiled import Code, UnsupportedError, applied, constant, folded, prepared, settled, unsupported
from connector.mapping.cel.decode import Decoders
from connector.mapping.cel.equality import equal
from connector.mapping.cel.forms import Run
from connector.mapping.cel.library import LIBRARY, dispatched
from connector.mapping.cel.overload import UNKNOWN
from connector.mapping.cel.places import EVENT, INDEX, OPTIONAL_SELECT, RECORD
from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Slot
from connector.mapping.cel.tree import Call, Constant, ListLiteral, MapLiteral, Name, Node, Select
from connector.mapping.cel.values import key_of

_SIMPLE = frozenset({"string", "int", "uint", "bool", "double", "bytes", "timestamp", "duration"})
"""The kinds whose equality is Python's, where both sides have the same."""

_HASHED = frozenset({"string", "int", "bytes"})
"""The kinds whose membership in a literal list is a set's."""


class Translator:
    """Compiles nodes against one schema."""

    def __init__(self, root: RecordShape) -> None:
        self._root = root
        self._decoders = Decoders(exact=False)
        self._exact_decoders = Decoders(exact=True)

    def whole(self, node: Node) -> Run:
        """Return the closure of a whole expression; a plain path keeps its decimals exact."""
        return self._cooked(self.code(node), self._exact_decoders).run

    def code(self, node: Node) -> Code:
        """Return the compiled node, raw where it reads straight out of the event; raise `UnsupportedError`."""
        match node:
            case Constant(value=value):
                return constant(value, node.type.kind)
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
            case _:
                raise unsupported(node)

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
        return folded(Code(lambda event, record: [run(event, record) for run in runs], "list"), codes)

    def _map(self, node: MapLiteral) -> Code:
        if any(node.optional):
            raise UnsupportedError("a map with optional entries (`?`) is not supported", node)
        codes = [(self.argument(key), self.argument(value)) for key, value in node.entries]
        runs = tuple((key.run, value.run) for key, value in codes)
        return folded(Code(forms.map_literal(runs, key_of), "map"), [code for pair in codes for code in pair])

    def _call(self, node: Call) -> Code:  # noqa: C901  # one case for each form that is more than a function of its arguments
        kind = node.type.kind
        match node.function, node.arguments:
            case "_&&_", (left, right):
                one, other = self.argument(left), self.argument(right)
                return folded(Code(forms.both(one.run, other.run), kind), [one, other])
            case "_||_", (left, right):
                one, other = self.argument(left), self.argument(right)
                return folded(Code(forms.either(one.run, other.run), kind), [one, other])
            case "!_", (inner,):
                code = self.argument(inner)
                return folded(Code(forms.negated(code.run), kind), [code])
            case "_?_:_", (condition, yes, no):
                codes = [self.argument(condition), self.value(yes), self.value(no)]
                return folded(Code(forms.conditional(*(code.run for code in codes)), kind), codes)
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
        return folded(Code(run, "bool"), [one, other])

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
            return folded(Code(forms.in_set(wanted.run, frozenset(items.value)), "bool"), [wanted, items])
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
        return Code(applied(LIBRARY[name].call, [outer, at]), node.type.kind, slot)

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
            raise unsupported(node)
        kinds = [code.kind for code in codes]
        if len(listed) == 1 and settled(listed[0], kinds):
            call = prepared(listed[0], node, codes)
        else:
            call = dispatched(node.function, len(codes))
        return folded(Code(applied(call, codes), node.type.kind), codes)
