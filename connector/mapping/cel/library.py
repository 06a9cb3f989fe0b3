"""The functions an expression can use: the whole library is this table from overload to function.

**Rule**: what is not in the table cannot be compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.mapping.cel import conversions, operators, strings
from connector.mapping.cel.overload import ANY, Function, Overload
from connector.mapping.cel.values import KINDS, FailedError, Value

_ALL: Final = (*operators.OVERLOADS, *conversions.OVERLOADS, *strings.OVERLOADS)
LIBRARY: Final[Mapping[str, Overload]] = MappingProxyType({overload.id: overload for overload in _ALL})
"""Every overload by the id the checker gives it."""

FUNCTION_NAMES: Final = frozenset(overload.name for overload in _ALL)


def candidates(name: str, arity: int) -> Iterator[Overload]:
    """Yield the overloads of the function `name` that take `arity` arguments."""
    return (overload for overload in _ALL if overload.name == name and len(overload.kinds) == arity)


def accepts(overload: Overload, kinds: Sequence[str]) -> bool:
    """Say whether the overload takes arguments of these kinds."""
    return all(wanted in (ANY, kind) for wanted, kind in zip(overload.kinds, kinds, strict=True))


def dispatched(name: str, arity: int) -> Function:
    """Return a function that picks the overload by the kinds of the values it gets: for arguments of unknown type."""
    overloads = tuple(candidates(name, arity))
    shown = name.strip("_@").replace("_", " ")

    def call(*values: Value) -> Value:
        kinds = [KINDS.get(type(value), "") for value in values]
        for overload in overloads:
            if accepts(overload, kinds):
                return overload.call(*values)
        raise FailedError(f"`{shown}` does not take ({', '.join(kinds)})")

    return call
