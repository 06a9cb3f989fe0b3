"""Null in a branch of `? :`: `event.cents == null ? null : double(event.cents) / 100.0`, a parameter that is left out.

CEL's checker gives null no common type with a number or a text. Where it refuses a branch for that, the expression is checked
once more with a variable of any type in the place of such a null; the tree gets the null back, and the type of the other branch.

**Rule**: offsets stay those of the user's text, and nothing but a literal null that is a whole branch is looked at so.
Does not decide whether null may stand there (`nullness`).
"""

from __future__ import annotations

import re
from dataclasses import replace

from connector.mapping.cel.tree import Call, Comprehension, Constant, ListLiteral, MapLiteral, Name, Node, Select, Type

MARK = "nul_"
"""The variable that stands for null: as long as `null` is, so that what follows it does not move."""

_NULL = Type("null")
_STRING = r"""[rR]?(?:'{3}.*?'{3}|"{3}.*?"{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
_TOKEN = re.compile(rf"{_STRING}|//[^\n]*|\w+|[^\s\w]", re.DOTALL)
_BEFORE, _AFTER = frozenset({"?", ":"}), frozenset({":", ")", ",", "]", "}", ""})


def marked(text: str) -> str | None:
    """Return `text` with the mark in the place of each null that is a branch, or None where there is none."""
    if MARK in text:
        return None
    tokens = [match for match in _TOKEN.finditer(text) if not match[0].startswith("//")]
    shown = ["", *(match[0] for match in tokens), ""]
    places = [
        match.start()
        for index, match in enumerate(tokens, start=1)
        if match[0] == "null" and shown[index - 1] in _BEFORE and shown[index + 1] in _AFTER
    ]
    for place in places:
        text = text[:place] + MARK + text[place + len(MARK) :]
    return text if places else None


def restored(node: Node) -> Node:
    """Return the tree with null where the mark stands; a `? :` has the type of its branch that is not null."""
    match node:
        case Name(name=name) if name == MARK:
            return Constant(node.id, node.offset, _NULL, None)
        case Select(operand=operand):
            return replace(node, operand=restored(operand))
        case Call(arguments=arguments):
            arguments = tuple(map(restored, arguments))
            kind = _branch_type(node.type, arguments) if node.function == "_?_:_" else node.type
            return replace(node, arguments=arguments, type=kind)
        case ListLiteral(elements=elements):
            return replace(node, elements=tuple(map(restored, elements)))
        case MapLiteral(entries=entries):
            return replace(node, entries=tuple((restored(key), restored(value)) for key, value in entries))
        case Comprehension():
            parts = {name: restored(getattr(node, name)) for name in ("range_", "start", "condition", "step", "result")}
            return replace(node, **parts)  # type: ignore[arg-type]  # each of them is a node
        case _:
            return node


def _branch_type(given: Type, arguments: tuple[Node, ...]) -> Type:
    one, other = arguments[1].type, arguments[2].type
    if one in (_NULL, other):
        return other
    return one if other == _NULL else given
