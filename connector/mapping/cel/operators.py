"""Arithmetic, comparison and membership.

**Rule**: integers are 64 bits wide and overflow is a failure; integer division and remainder truncate toward zero; doubles
follow IEEE 754, so that a division by zero is an infinity. Comparison across numeric types is by mathematical value.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator

from connector.mapping.cel.equality import contains, equal
from connector.mapping.cel.overload import ANY, Overload
from connector.mapping.cel.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    Duration,
    FailedError,
    Timestamp,
    Uint,
    Value,
    key_of,
    span_of,
    timestamp_of,
)

_OVERFLOW = "the result does not fit into 64 bits"


def int_of(number: int) -> int:
    """Return the int, or fail where 64 bits do not hold it."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise FailedError(_OVERFLOW)


def uint_of(number: int) -> Uint:
    """Return the uint, or fail where 64 bits do not hold it."""
    if 0 <= number <= UINT_MAX:
        return Uint(number)
    raise FailedError(_OVERFLOW)


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise FailedError("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise FailedError("modulus by zero")
    if left == INT_MIN and right == -1:
        raise FailedError(_OVERFLOW)
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def _divide_doubles(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def element(items: list[Value], index: Value) -> Value:
    """Return `items[index]`; an index that is a double or uint counts where it is a whole number."""
    if type(index) is float and index.is_integer():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, (bool, Timestamp, Duration)):
        raise FailedError("a list index that is not an int")
    if not 0 <= index < len(items):
        raise FailedError("a list index out of range")
    return items[index]


def entry(entries: dict[object, Value], key: Value) -> Value:
    """Return `entries[key]`."""
    try:
        return entries[key_of(key)]
    except KeyError:
        raise FailedError("no such key in the map") from None


def has_key(key: Value, entries: dict[object, Value]) -> bool:
    """Say whether the map has the key; what cannot be a key is not in it."""
    try:
        return key_of(key) in entries
    except FailedError:
        return False


def _arithmetic() -> Iterator[Overload]:
    numeric: tuple[tuple[str, str, Callable[[int, int], int]], ...] = (
        ("_+_", "add", operator.add),
        ("_-_", "subtract", operator.sub),
        ("_*_", "multiply", int.__mul__),  # not operator.mul, which would repeat a text
        ("_/_", "divide", _quotient),
        ("_%_", "modulo", _remainder),
    )
    for name, verb, function in numeric:
        yield Overload(f"{verb}_int64", name, ("int", "int"), _ranged(function, int_of))
        yield Overload(f"{verb}_uint64", name, ("uint", "uint"), _ranged(function, uint_of))
    yield Overload("add_double", "_+_", ("double", "double"), operator.add)
    yield Overload("subtract_double", "_-_", ("double", "double"), operator.sub)
    yield Overload("multiply_double", "_*_", ("double", "double"), operator.mul)
    yield Overload("divide_double", "_/_", ("double", "double"), _divide_doubles)
    yield Overload("negate_int64", "-_", ("int",), lambda number: int_of(-number))
    yield Overload("negate_double", "-_", ("double",), operator.neg)
    for kind in ("string", "bytes", "list"):
        yield Overload(f"add_{kind}", "_+_", (kind, kind), operator.add)


def _ranged(function: Callable[[int, int], int], check: Callable[[int], int]) -> Callable[[int, int], int]:
    return lambda left, right: check(function(left, right))


def _times() -> Iterator[Overload]:
    moment, span = "timestamp", "duration"
    yield Overload("add_timestamp_duration", "_+_", (moment, span), lambda at, by: timestamp_of(int(at) + int(by)))
    yield Overload("add_duration_timestamp", "_+_", (span, moment), lambda by, at: timestamp_of(int(at) + int(by)))
    yield Overload("add_duration_duration", "_+_", (span, span), lambda one, two: span_of(int(one) + int(two)))
    yield Overload("subtract_timestamp_duration", "_-_", (moment, span), lambda at, by: timestamp_of(int(at) - int(by)))
    yield Overload("subtract_timestamp_timestamp", "_-_", (moment, moment), lambda one, two: span_of(int(one) - int(two)))
    yield Overload("subtract_duration_duration", "_-_", (span, span), lambda one, two: span_of(int(one) - int(two)))


_ORDERED = {
    "bool": "bool",
    "int64": "int",
    "uint64": "uint",
    "double": "double",
    "string": "string",
    "bytes": "bytes",
    "timestamp": "timestamp",
    "duration": "duration",
}
_COMPARISONS = (
    ("_<_", "less", operator.lt),
    ("_<=_", "less_equals", operator.le),
    ("_>_", "greater", operator.gt),
    ("_>=_", "greater_equals", operator.ge),
)


def _comparisons() -> Iterator[Overload]:
    numbers = ("int64", "uint64", "double")
    for name, verb, function in _COMPARISONS:
        for word, kind in _ORDERED.items():
            yield Overload(f"{verb}_{word}", name, (kind, kind), function)
        for left in numbers:
            for right in numbers:
                if left != right:
                    yield Overload(f"{verb}_{left}_{right}", name, (_ORDERED[left], _ORDERED[right]), function)


def _membership() -> Iterator[Overload]:
    yield Overload("equals", "_==_", (ANY, ANY), equal)
    yield Overload("not_equals", "_!=_", (ANY, ANY), lambda left, right: not equal(left, right))
    yield Overload("in_list", "@in", (ANY, "list"), lambda wanted, items: contains(items, wanted))
    yield Overload("in_map", "@in", (ANY, "map"), has_key)
    yield Overload("index_list", "_[_]", ("list", ANY), element)
    yield Overload("index_map", "_[_]", ("map", ANY), entry)


OVERLOADS: tuple[Overload, ...] = (*_arithmetic(), *_times(), *_comparisons(), *_membership())
"""The operators."""
