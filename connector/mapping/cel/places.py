"""Where in the record an expression's node reads: the slot behind `event.device.idfa` or `event.items[0].sku`.

**Rule**: a node has a slot only where its value comes raw out of the record; everything computed has none.
Does not evaluate and does not judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Slot
from connector.mapping.cel.tree import Call, Comprehension, Constant, ListLiteral, MapLiteral, Name, Node, Select

EVENT, RECORD = "event", "record"
INDEX, OPTIONAL_SELECT = "_[_]", "_?._"

Key = tuple[object, ...]
"""A way into the event or the Kafka record: `("event", "device", "idfa")`, indices included."""


def slot_of(node: Node, root: RecordShape) -> Slot | None:
    """Return the slot that `node` reads, or None where it does not read straight out of the event."""
    match node:
        case Name(name=name) if name == EVENT:
            return Slot(root)
        case Select(operand=operand, field=field, test=False):
            return _inside(slot_of(operand, root), field)
        case Call(function=function, arguments=(operand, Constant(value=str() as field))) if function == OPTIONAL_SELECT:
            return _inside(slot_of(operand, root), field)
        case Call(function=function, arguments=(operand, _)) if function == INDEX:
            outer = slot_of(operand, root)
            if outer is not None and isinstance(outer.shape, ListShape):
                return outer.shape.element
            return outer.shape.value if outer is not None and isinstance(outer.shape, MapShape) else None
        case _:
            return None


def _inside(outer: Slot | None, field: str) -> Slot | None:
    match outer:
        case Slot(shape=RecordShape(fields=fields)):
            return fields.get(field)
        case Slot(shape=MapShape(value=value)):
            return value
        case _:
            return None


def key_of_path(node: Node) -> Key | None:
    """Return the way `node` goes from a variable through fields and constant indices, or None where it is more than a way."""
    match node:
        case Name(name=name):
            return (name,)
        case Select(operand=operand, field=step, test=False):
            pass
        case Call(function=function, arguments=(operand, Constant(value=step))) if function in (INDEX, OPTIONAL_SELECT):
            pass
        case _:
            return None
    outer = key_of_path(operand)
    return None if outer is None else (*outer, step)


def start_of(node: Node) -> int:
    """Return the character a node begins at: the checker places a path at its last dot."""
    match node:
        case Select(operand=operand):
            return start_of(operand)
        case Call(function=function, arguments=(operand, _)) if function in (INDEX, OPTIONAL_SELECT):
            return start_of(operand)
        case _:
            return node.offset


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly inside a node."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return arguments
        case ListLiteral(elements=elements):
            return elements
        case MapLiteral(entries=entries):
            return tuple(inner for entry in entries for inner in entry)
        case Comprehension():
            return (node.range_, node.start, node.condition, node.step, node.result)
        case _:
            return ()


def reads(node: Node, root: RecordShape) -> Iterator[str]:
    """Yield the dotted paths of `event` that a node reads, each as far as it goes through records."""
    fields = _fields(node, root)
    if fields is None:
        for child in children(node):
            yield from reads(child, root)
    elif fields:
        yield ".".join(fields)
    else:
        yield from root.fields


def _fields(node: Node, root: RecordShape) -> tuple[str, ...] | None:
    match node:
        case Name(name=name) if name == EVENT:
            return ()
        case Select(operand=operand, field=field):
            pass
        case Call(function=function, arguments=(operand, Constant(value=str() as field))) if function == OPTIONAL_SELECT:
            pass
        case _:
            return None
    outer = _fields(operand, root)
    slot = slot_of(operand, root)
    return None if outer is None or slot is None or not isinstance(slot.shape, RecordShape) else (*outer, field)
