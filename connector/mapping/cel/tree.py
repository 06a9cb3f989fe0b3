"""The checker's result, read: `cel.expr.CheckedExpr` in Protobuf wire format to a tree of nodes.

Each node carries its type, the overloads the checker chose for it and the character it stands at.

**Rule**: a node the reader does not know is an error here, so that nothing is evaluated that was not understood.
Does not know which overloads exist nor what they do.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from connector.mapping.cel.values import Uint
from connector.mapping.cel.wire import Wire, all_of, bytes_of, int_of, message_of, messages_of, numbers_of, text_of


@dataclass(frozen=True, slots=True)
class Type:
    """A CEL type: its kind ("string", "list", "message", "dyn", ...), the name of a message, the types of what it contains."""

    kind: str
    name: str = ""
    parameters: tuple[Type, ...] = ()

    @property
    def label(self) -> str:
        """The type as callers name it."""
        return self.name if self.kind == "message" else self.kind


DYN = Type("dyn")


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: the checker's id, the 0-based character it stands at, its type."""

    id: int
    offset: int
    type: Type


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal."""

    value: object


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, or the name of a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`, or `has(operand.field)` where `test` is set."""

    operand: Node
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or operator; the receiver of a method is its first argument."""

    function: str
    arguments: tuple[Node, ...]
    overloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[a, ?b]`; `optional` holds the indices of elements with a question mark."""

    elements: tuple[Node, ...]
    optional: frozenset[int]


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    """`{key: value}`; `optional` says of each entry whether it has a question mark."""

    entries: tuple[tuple[Node, Node], ...]
    optional: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class MessageLiteral(Node):
    """`com.acme.Item{...}`."""

    name: str


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """A macro such as `exists`, expanded to a fold over `range_`."""

    variable: str
    second_variable: str
    range_: Node
    accumulator: str
    start: Node
    condition: Node
    step: Node
    result: Node


def read_tree(serialized: bytes) -> Node:
    """Return the root of a serialized checked expression (a `google.protobuf.Any` around it)."""
    checked = message_of(bytes_of(message_of(serialized), 2))
    references = {int_of(entry, 1): message_of(bytes_of(entry, 2)) for entry in messages_of(checked, 2)}
    types = {int_of(entry, 1): _type(message_of(bytes_of(entry, 2))) for entry in messages_of(checked, 3)}
    source = message_of(bytes_of(checked, 5))
    offsets = {int_of(entry, 1): int_of(entry, 2) for entry in messages_of(source, 4)}
    return _Builder(references, types, offsets).node(message_of(bytes_of(checked, 4)))


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds nodes; what the checker says of a node stands in tables by the node's id."""

    references: Mapping[int, Wire]
    types: Mapping[int, Type]
    offsets: Mapping[int, int]

    def node(self, wire: Wire) -> Node:
        number = int_of(wire, 2)
        place = (number, self.offsets.get(number, 0), self.types.get(number, DYN))
        if 3 in wire:
            return Constant(*place, _constant(message_of(bytes_of(wire, 3))))
        if 4 in wire:
            return Name(*place, text_of(message_of(bytes_of(wire, 4)), 1))
        if 5 in wire:
            inner = message_of(bytes_of(wire, 5))
            return Select(*place, self.child(inner, 1), text_of(inner, 2), bool(int_of(inner, 3)))
        if 6 in wire:
            inner = message_of(bytes_of(wire, 6))
            reference = self.references.get(number, {})
            overloads = tuple(value.decode() for value in reference.get(3, ()) if isinstance(value, bytes))
            arguments = tuple(self.node(message_of(value)) for value in (*all_of(inner, 1), *all_of(inner, 3)))
            return Call(*place, text_of(inner, 2), arguments, overloads)
        if 7 in wire:
            inner = message_of(bytes_of(wire, 7))
            return ListLiteral(*place, tuple(map(self.node, messages_of(inner, 1))), frozenset(numbers_of(inner, 2)))
        if 8 in wire:
            return self.structure(place, message_of(bytes_of(wire, 8)))
        return self.comprehension(place, message_of(bytes_of(wire, 9)))

    def structure(self, place: tuple[int, int, Type], inner: Wire) -> Node:
        if text_of(inner, 1):
            return MessageLiteral(*place, text_of(inner, 1))
        entries = list(messages_of(inner, 2))
        pairs = tuple((self.child(entry, 3), self.child(entry, 4)) for entry in entries)
        return MapLiteral(*place, pairs, tuple(bool(int_of(entry, 5)) for entry in entries))

    def comprehension(self, place: tuple[int, int, Type], inner: Wire) -> Node:
        range_, start, condition, step, result = (self.child(inner, field) for field in (2, 4, 5, 6, 7))
        return Comprehension(
            *place, text_of(inner, 1), text_of(inner, 8), range_, text_of(inner, 3), start, condition, step, result
        )

    def child(self, wire: Wire, field: int) -> Node:
        return self.node(message_of(bytes_of(wire, field)))


_PRIMITIVES = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
_WELL_KNOWN = {1: "dyn", 2: "timestamp", 3: "duration"}


def _type(wire: Wire) -> Type:
    for field, kinds in ((3, _PRIMITIVES), (4, _PRIMITIVES), (5, _WELL_KNOWN)):
        if field in wire:
            return Type(kinds[int_of(wire, field)])
    if 2 in wire:
        return Type("null")
    if 6 in wire:
        return Type("list", parameters=(_inner_type(message_of(bytes_of(wire, 6)), 1),))
    if 7 in wire:
        inner = message_of(bytes_of(wire, 7))
        return Type("map", parameters=(_inner_type(inner, 1), _inner_type(inner, 2)))
    if 9 in wire:
        return Type("message", bytes_of(wire, 9).decode())
    if 11 in wire:
        return Type("type")
    if 14 in wire:
        inner = message_of(bytes_of(wire, 14))
        name = text_of(inner, 1)
        kind = "optional" if name == "optional_type" else name
        return Type(kind, parameters=tuple(_type(parameter) for parameter in messages_of(inner, 2)))
    return DYN


def _inner_type(wire: Wire, field: int) -> Type:
    return _type(message_of(bytes_of(wire, field))) if field in wire else DYN


def _constant(wire: Wire) -> object:
    if 2 in wire:
        return bool(int_of(wire, 2))
    if 3 in wire:
        number = int_of(wire, 3)
        return number - 2**64 if number >= 2**63 else number
    if 4 in wire:
        return Uint(int_of(wire, 4))
    if 5 in wire:
        return struct.unpack("<d", bytes_of(wire, 5))[0]
    if 6 in wire:
        return text_of(wire, 6)
    if 7 in wire:
        return bytes_of(wire, 7)
    return None
