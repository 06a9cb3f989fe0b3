"""Enums: a comparison with a text that is no symbol of the enum can never hold.

**Rule**: only what reads an enum straight out of the event is judged; a text that is computed may be anything.
Does not know what follows from a finding: an older schema may well lack a symbol that a newer one has.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from connector.mapping.cel.expression import ExpressionProblem
from connector.mapping.cel.places import children, slot_of
from connector.mapping.cel.shapes import ListShape, RecordShape, Scalar, Slot
from connector.mapping.cel.tree import Call, Constant, ListLiteral, Node

_MAX_LISTED = 8


def symbols_of(node: Node, root: RecordShape) -> tuple[str, ...]:
    """Return the symbols of the enum that `node` reads out of the event; none where it reads anything else."""
    return _symbols(slot_of(node, root))


def impossible(node: Node, root: RecordShape) -> Iterator[ExpressionProblem]:
    """Yield the texts in `node` that are compared with an enum and are none of its symbols."""
    match node:
        case Call(function="_==_" | "_!=_", arguments=(left, right)):
            yield from _foreign((right,), symbols_of(left, root))
            yield from _foreign((left,), symbols_of(right, root))
        case Call(function="@in", arguments=(left, ListLiteral(elements=elements))):
            yield from _foreign(elements, symbols_of(left, root))
        case Call(function="@in", arguments=(left, right)):
            outer = slot_of(right, root)
            if outer is not None and isinstance(outer.shape, ListShape):
                yield from _foreign((left,), _symbols(outer.shape.element))
        case _:
            pass
    for child in children(node):
        yield from impossible(child, root)


def no_symbol(text: str, symbols: tuple[str, ...]) -> tuple[str, str]:
    """Return the message and the hint for a `text` that is none of `symbols`."""
    lowered = {symbol.lower(): symbol for symbol in symbols}
    close = get_close_matches(text.lower(), lowered, n=1, cutoff=0.6)
    shown = ", ".join(symbols[:_MAX_LISTED]) + (f" and {len(symbols) - _MAX_LISTED} more" if len(symbols) > _MAX_LISTED else "")
    hint = f'did you mean "{lowered[close[0]]}"?' if close else f"its symbols are {shown}"
    return f'the enum has no symbol "{text}"', hint


def _symbols(slot: Slot | None) -> tuple[str, ...]:
    return slot.shape.symbols if slot is not None and isinstance(slot.shape, Scalar) else ()


def _foreign(nodes: tuple[Node, ...], symbols: tuple[str, ...]) -> Iterator[ExpressionProblem]:
    for node in nodes if symbols else ():
        if isinstance(node, Constant) and isinstance(node.value, str) and node.value not in symbols:
            message, hint = no_symbol(node.value, symbols)
            yield ExpressionProblem(message, node.offset, hint)
