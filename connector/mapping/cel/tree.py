"""The checker's result, read: `cel.expr.CheckedExpr` in Protobuf wire format to a tree of nodes.

Each node carries its type, the overloads the checker chose for it and the character it stands at.

**Rule**: a node the reader does not know is an error here, so that nothing is evaluated that was not understood.
Does not know which overloads exist nor what they do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.mapping.cel.values import Uint

_Wire = Mapping[int, list[int | bytes]]
"""A message: the values of each field number, in order."""


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
    checked = _message(_bytes(_message(serialized), 2))
    references = {_int(entry, 1): _message(_bytes(entry, 2)) for entry in _messages(checked, 2)}
    types = {_int(entry, 1): _type(_message(_bytes(entry, 2))) for entry in _messages(checked, 3)}
    source = _message(_bytes(checked, 5))
    offsets = {_int(entry, 1): _int(entry, 2) for entry in _messages(source, 4)}
    return _Builder(references, types, offsets).node(_message(_bytes(checked, 4)))


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds nodes; what the checker says of a node stands in tables by the node's id."""

    references: Mapping[int, _Wire]
    types: Mapping[int, Type]
    offsets: Mapping[int, int]

    def node(self, wire: _Wire) -> Node:
        number = _int(wire, 2)
        place = (number, self.offsets.get(number, 0), self.types.get(number, DYN))
        if 3 in wire:
            return Constant(*place, _constant(_message(_bytes(wire, 3))))
        if 4 in wire:
            return Name(*place, _text(_message(_bytes(wire, 4)), 1))
        if 5 in wire:
            inner = _message(_bytes(wire, 5))
            return Select(*place, self.child(inner, 1), _text(inner, 2), bool(_int(inner, 3)))
        if 6 in wire:
            inner = _message(_bytes(wire, 6))
            reference = self.references.get(number, {})
            overloads = tuple(value.decode() for value in reference.get(3, ()) if isinstance(value, bytes))
            arguments = tuple(self.node(_message(value)) for value in (*_all(inner, 1), *_all(inner, 3)))
            return Call(*place, _text(inner, 2), arguments, overloads)
        if 7 in wire:
            inner = _message(_bytes(wire, 7))
            return ListLiteral(*place, tuple(map(self.node, _messages(inner, 1))), frozenset(_packed(inner, 2)))
        if 8 in wire:
            return self.structure(place, _message(_bytes(wire, 8)))
        return self.comprehension(place, _message(_bytes(wire, 9)))

    def structure(self, place: tuple[int, int, Type], inner: _Wire) -> Node:
        if _text(inner, 1):
            return MessageLiteral(*place, _text(inner, 1))
        entries = list(_messages(inner, 2))
        pairs = tuple((self.child(entry, 3), self.child(entry, 4)) for entry in entries)
        return MapLiteral(*place, pairs, tuple(bool(_int(entry, 5)) for entry in entries))

    def comprehension(self, place: tuple[int, int, Type], inner: _Wire) -> Node:
        range_, start, condition, step, result = (self.child(inner, field) for field in (2, 4, 5, 6, 7))
        return Comprehension(*place, _text(inner, 1), _text(inner, 8), range_, _text(inner, 3), start, condition, step, result)

    def child(self, wire: _Wire, field: int) -> Node:
        return self.node(_message(_bytes(wire, field)))


_PRIMITIVES = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
_WELL_KNOWN = {1: "dyn", 2: "timestamp", 3: "duration"}


def _type(wire: _Wire) -> Type:
    for field, kinds in ((3, _PRIMITIVES), (4, _PRIMITIVES), (5, _WELL_KNOWN)):
        if field in wire:
            return Type(kinds[_int(wire, field)])
    if 2 in wire:
        return Type("null")
    if 6 in wire:
        return Type("list", parameters=(_inner_type(_message(_bytes(wire, 6)), 1),))
    if 7 in wire:
        inner = _message(_bytes(wire, 7))
        return Type("map", parameters=(_inner_type(inner, 1), _inner_type(inner, 2)))
    if 9 in wire:
        return Type("message", _bytes(wire, 9).decode())
    if 11 in wire:
        return Type("type")
    if 14 in wire:
        inner = _message(_bytes(wire, 14))
        name = _text(inner, 1)
        kind = "optional" if name == "optional_type" else name
        return Type(kind, parameters=tuple(_type(parameter) for parameter in _messages(inner, 2)))
    return DYN


def _inner_type(wire: _Wire, field: int) -> Type:
    return _type(_message(_bytes(wire, field))) if field in wire else DYN


def _constant(wire: _Wire) -> object:
    if 2 in wire:
        return bool(_int(wire, 2))
    if 3 in wire:
        number = _int(wire, 3)
        return number - 2**64 if number >= 2**63 else number
    if 4 in wire:
        return Uint(_int(wire, 4))
    if 5 in wire:
        return struct.unpack("<d", _bytes(wire, 5))[0]
    if 6 in wire:
        return _text(wire, 6)
    if 7 in wire:
        return _bytes(wire, 7)
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def _message(data: bytes) -> dict[int, list[int | bytes]]:
    """Return the fields of a message; eight-byte numbers stay bytes."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = _varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            case wire_type:
                raise ValueError(f"wire type {wire_type} in a checked expression")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _int(wire: _Wire, field: int) -> int:
    value = wire[field][-1] if field in wire else 0
    if isinstance(value, bytes):
        raise TypeError(f"field {field} of a checked expression is not a number")
    return value


def _bytes(wire: _Wire, field: int) -> bytes:
    value = wire[field][-1] if field in wire else b""
    if isinstance(value, int):
        raise TypeError(f"field {field} of a checked expression is not bytes")
    return value


def _text(wire: _Wire, field: int) -> str:
    return _bytes(wire, field).decode()


def _all(wire: _Wire, field: int) -> Iterator[bytes]:
    return (value for value in wire.get(field, ()) if isinstance(value, bytes))


def _messages(wire: _Wire, field: int) -> Iterator[dict[int, list[int | bytes]]]:
    return (_message(value) for value in _all(wire, field))


def _packed(wire: _Wire, field: int) -> Iterator[int]:
    """Yield the numbers of a repeated integer field, written packed or one by one."""
    for value in wire.get(field, ()):
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield number
