"""Null safety: the checker lets a nullable value stand anywhere; this analysis says where null would make an expression fail.

Safe are equality, `!= null` and `has` with `? :`, `&&` or `||`, the left side of `in`, `.?` with `orValue`, and a branch of `? :`
(the result may then be null). A field of a null record is null, so a path may go through nullable records. The key and the
timestamp of the Kafka record are taken for given: an expression that needs one and finds none fails on that record.

**Rule**: an expression without a problem here never fails because a field of the schema was null.
Does not know how expressions are evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.mapping.cel.expression import ExpressionProblem
from connector.mapping.cel.places import INDEX, OPTIONAL_SELECT, RECORD, Key, key_of_path, slot_of, start_of
from connector.mapping.cel.shapes import RecordShape, Slot
from connector.mapping.cel.tree import Call, Comprehension, Constant, ListLiteral, MapLiteral, Name, Node, Select

_Facts = frozenset[Key]
"""The paths known not to be null at a place in the expression."""

_NOTHING: _Facts = frozenset()
_TAKEN_FOR_GIVEN: _Facts = frozenset({(RECORD, "key"), (RECORD, "timestamp")})


class Nullness:
    """Analyses one expression; `problems` are the places where null would stand and must not."""

    def __init__(self, root: RecordShape, records: Mapping[str, RecordShape]) -> None:
        self._root = root
        self._records = records
        self.problems: list[ExpressionProblem] = []

    def nullable(self, node: Node, facts: _Facts = _NOTHING) -> bool:
        """Say whether `node` can be null where `facts` hold, and note the problems inside it."""
        match node:
            case Constant(value=value):
                return value is None
            case Select(test=True, operand=operand):
                self.nullable(operand, facts)
                return False
            case Select():
                return self._select(node, facts)
            case Call():
                return self._call(node, facts)
            case ListLiteral(elements=elements):
                self._require(_not_null(elements), facts)
            case MapLiteral(entries=entries):
                self._require(_not_null(tuple(inner for entry in entries for inner in entry)), facts)
            case Comprehension():
                self._require((node.range_, node.start, node.condition, node.step, node.result), facts)
            case _:
                pass
        return False

    def known(self, condition: Node) -> _Facts:
        """Return the paths that are not null wherever `condition` holds."""
        return self._when(condition, holds=True)

    def _select(self, node: Select, facts: _Facts) -> bool:
        outer, key = self.nullable(node.operand, facts), key_of_path(node)
        if key in _TAKEN_FOR_GIVEN:
            return key not in facts
        fields = self._fields(node.operand)
        if fields is None and outer:
            self._refuse(node.operand)
        slot = slot_of(node, self._root) if fields is None else fields.get(node.field)
        nullable = (slot is not None and slot.nullable) or (fields is not None and outer)
        return nullable and key not in facts

    def _fields(self, node: Node) -> Mapping[str, Slot] | None:
        """Return the fields where `node` is a record, or None where it is anything else."""
        slot = slot_of(node, self._root)
        shape = slot.shape if slot is not None else self._records.get(node.type.name)
        return shape.fields if isinstance(shape, RecordShape) else None

    def _call(self, node: Call, facts: _Facts) -> bool:
        match node.function, node.arguments:
            case "_&&_", (left, right):
                self._require((left,), facts)
                self._require((right,), facts | self._when(left, holds=True))
            case "_||_", (left, right):
                self._require((left,), facts)
                self._require((right,), facts | self._when(left, holds=False))
            case "_?_:_", (condition, yes, no):
                self._require((condition,), facts)
                one = self.nullable(yes, facts | self._when(condition, holds=True))
                other = self.nullable(no, facts | self._when(condition, holds=False))
                return one or other
            case "_==_" | "_!=_", (left, right):
                self.nullable(left, facts)
                self.nullable(right, facts)
            case "@in", (left, right):
                self.nullable(left, facts)
                self._require((right,), facts)
            case "dyn" | "orValue", arguments:
                return [self.nullable(argument, facts) for argument in arguments][-1]
            case _, (operand, _) if node.function == OPTIONAL_SELECT:
                self.nullable(operand, facts)
            case _, arguments if node.function == INDEX:
                self._require(arguments, facts)
                slot = slot_of(node, self._root)
                return slot is not None and slot.nullable and key_of_path(node) not in facts
            case _, arguments:
                self._require(arguments, facts)
        return False

    def _require(self, nodes: tuple[Node, ...], facts: _Facts) -> None:
        for node in nodes:
            if self.nullable(node, facts) and key_of_path(node) not in _TAKEN_FOR_GIVEN:
                self._refuse(node)

    def _when(self, node: Node, *, holds: bool) -> _Facts:
        """Return the paths that are not null when the condition `node` is true (`holds`) or false."""
        match node:
            case Select(test=True, operand=operand, field=field) if holds:
                return self._known_by_has(operand, field)
            case Call(function="!_", arguments=(inner,)):
                return self._when(inner, holds=not holds)
            case Call(function="_&&_" | "_||_" as function, arguments=(left, right)):
                one, other = self._when(left, holds=holds), self._when(right, holds=holds)
                return one | other if (function == "_&&_") == holds else one & other
            case Call(function="_==_", arguments=(left, right)):
                return self._known_by_equality(left, right) if holds else self._known_by_null(left, right)
            case Call(function="_!=_", arguments=(left, right)):
                return self._known_by_null(left, right) if holds else self._known_by_equality(left, right)
            case Call(function="@in", arguments=(left, _)) if holds and left.type.kind != "dyn":
                return _NOTHING if self._lists_null(node) else _up_to(key_of_path(left))
            case _:
                return _NOTHING

    def _lists_null(self, node: Call) -> bool:
        """Say whether the list or map at the right of an `in` may itself hold null."""
        match node.arguments[1]:
            case ListLiteral(elements=elements):
                return _not_null(elements) != elements  # any other nullable element is a problem of its own
            case inner:
                slot = slot_of(inner, self._root)
                return slot is None or getattr(getattr(slot.shape, "element", None), "nullable", False)

    def _known_by_has(self, operand: Node, field: str) -> _Facts:
        outer = key_of_path(operand)
        if outer is None:
            return _NOTHING
        return _up_to((*outer, field)) if self._fields(operand) is not None else _up_to(outer)

    def _known_by_null(self, left: Node, right: Node) -> _Facts:
        """What is known when two values differ: if one is the literal null, the other is not null."""
        for value, other in ((left, right), (right, left)):
            if isinstance(other, Constant) and other.value is None:
                return _up_to(key_of_path(value))
        return _NOTHING

    def _known_by_equality(self, left: Node, right: Node) -> _Facts:
        """What is known when two values are equal: if one cannot be null, neither is the other."""
        quiet = Nullness(self._root, self._records)
        known = _NOTHING
        for value, other in ((left, right), (right, left)):
            if not quiet.nullable(other) and not quiet.problems and other.type.kind != "dyn":
                known |= _up_to(key_of_path(value))
        return known

    def _refuse(self, node: Node) -> None:
        shown = shown_path(node)
        what = f"`{shown}`" if shown else "this value"
        problem = ExpressionProblem(f"{what} can be null here", start_of(node), self._advice(node, shown))
        if problem not in self.problems:
            self.problems.append(problem)

    def _advice(self, node: Node, shown: str | None) -> str:
        if shown is None or not isinstance(node, Select):
            return "say what holds without it, as in `x != null ? x : ...`"
        test = f"has({shown})"
        return f"say what holds without it, as in `{test} ? ... : ...`, or put `{test} &&` before a condition"


def _not_null(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Leave out the literal null: whoever writes it into a list or map means it."""
    return tuple(node for node in nodes if not (isinstance(node, Constant) and node.value is None))


def _up_to(key: Key | None) -> _Facts:
    """A path that is not null means that no part of it is."""
    return _NOTHING if key is None else frozenset(key[:length] for length in range(2, len(key) + 1))


def shown_path(node: Node) -> str | None:
    """Return a path as users write it: `event.items[0].sku`, or None where the node is more than a path."""
    match node:
        case Name(name=name):
            return name
        case Select(operand=operand, field=field, test=False):
            outer = shown_path(operand)
            return None if outer is None else f"{outer}.{field}"
        case Call(function=function, arguments=(operand, Constant(value=value))) if function == INDEX:
            outer = shown_path(operand)
            index = f'"{value}"' if isinstance(value, str) else str(value)
            return None if outer is None else f"{outer}[{index}]"
        case _:
            return None
