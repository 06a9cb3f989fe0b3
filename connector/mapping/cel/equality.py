"""CEL's equality: across numeric types by value, null only with null, a difference of type is false and never an error.

**Rule**: NaN equals nothing, itself included, also inside lists and maps; a bool is not a number.
"""

from __future__ import annotations

from connector.mapping.cel.values import ABSENT, NUMERIC, Value


def equal(left: Value, right: Value) -> bool:
    """Say whether two CEL values are equal."""
    kind, other = type(left), type(right)
    if kind in NUMERIC:
        return other in NUMERIC and left == right
    if kind is not other:
        return False
    if kind is list:
        return _lists_equal(left, right)  # type: ignore[arg-type]  # both are lists
    if kind is dict:
        return _maps_equal(left, right)  # type: ignore[arg-type]  # both are maps
    return left == right


def contains(items: list[Value], wanted: Value) -> bool:
    """Say whether an equal value is in the list."""
    return any(equal(item, wanted) for item in items)


def _lists_equal(left: list[Value], right: list[Value]) -> bool:
    return len(left) == len(right) and all(map(equal, left, right))


def _maps_equal(left: dict[object, Value], right: dict[object, Value]) -> bool:
    if len(left) != len(right):
        return False
    for key, value in left.items():
        other = right.get(key, ABSENT)
        if other is ABSENT or not equal(value, other):
            return False
    return True
