"""What a CEL value is at run time, where Python's own types do not suffice, and how one leaves the evaluator.

Null, bool, int, double, string, bytes, list and map are Python's own values. Three kinds need a type of their own: unsigned
integers (they would be ints), timestamps and durations (CEL counts nanoseconds, `datetime` microseconds). All three are ints,
so that they compare and hash at the speed of ints.

**Rule**: a value's kind is its exact type, `KINDS[type(value)]`; what has no entry there never enters an expression.
Does not know Avro (`shapes`), nor any function.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

Value = object
"""A CEL value: one of the types in `KINDS`."""

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NS_PER_SECOND: Final = 1_000_000_000
INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1
TIMESTAMP_MIN_NS: Final = -62_135_596_800 * NS_PER_SECOND
TIMESTAMP_MAX_NS: Final = 253_402_300_799 * NS_PER_SECOND + NS_PER_SECOND - 1
DURATION_MAX_NS: Final = 315_576_000_000 * NS_PER_SECOND + NS_PER_SECOND - 1


class FailedError(Exception):
    """An evaluation has no value. Private to this package: `Expression.evaluate` returns it as an `EvaluationError`.

    The text is fixed at load time or names a CEL kind; it never holds a value.
    """


class Uint(int):
    """An unsigned 64-bit integer."""

    __slots__ = ()


class Timestamp(int):
    """Nanoseconds since 1970-01-01T00:00:00Z."""

    __slots__ = ()


class Duration(int):
    """Nanoseconds."""

    __slots__ = ()


class Absent:
    """The one value of an optional that has none; an optional that has a value is that value."""

    __slots__ = ()


ABSENT: Final = Absent()

KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    Timestamp: "timestamp",
    Duration: "duration",
    list: "list",
    dict: "map",
    Absent: "optional",
}
"""The CEL kind of each run-time type."""

NUMERIC: Final = frozenset({int, Uint, float})
"""The types that compare with each other by mathematical value."""


class BoolKey:
    """A bool as a map key: Python takes True and 1 for the same key, CEL does not."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:  # noqa: FBT001  # the value is the whole object
        self.value = value


TRUE_KEY: Final = BoolKey(value=True)
FALSE_KEY: Final = BoolKey(value=False)


def key_of(value: Value) -> object:
    """Return `value` as it stands in the dict of a map. Equal numbers of different types are the same key, as in CEL."""
    kind = type(value)
    if kind is str or kind is int or kind is Uint:
        return value
    if kind is bool:
        return TRUE_KEY if value else FALSE_KEY
    if kind is float:
        return value  # a whole double finds the int it equals; a literal refuses it as a key of its own
    raise FailedError("a map key is a string, an int, a uint or a bool")


def from_key(key: object) -> Value:
    """Return the CEL value of a dict's key."""
    return key.value if type(key) is BoolKey else key


def timestamp_of(nanoseconds: int) -> Timestamp:
    """Return the timestamp, or fail outside the years 1 to 9999."""
    if TIMESTAMP_MIN_NS <= nanoseconds <= TIMESTAMP_MAX_NS:
        return Timestamp(nanoseconds)
    raise FailedError("a timestamp outside the years 1 to 9999")


def duration_of(nanoseconds: int) -> Duration:
    """Return the duration, or fail beyond 10,000 years."""
    if -DURATION_MAX_NS <= nanoseconds <= DURATION_MAX_NS:
        return Duration(nanoseconds)
    raise FailedError("a duration beyond 10,000 years")


def span_of(nanoseconds: int) -> Duration:
    """Return the duration that arithmetic gave, or fail where 64 bits of nanoseconds (292 years) do not hold it."""
    if INT_MIN <= nanoseconds <= INT_MAX:
        return Duration(nanoseconds)
    raise FailedError("a duration that does not fit into 64 bits of nanoseconds")


def _datetime(value: Value) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=int(value) // 1000)  # type: ignore[call-overload, no-any-return]  # a Timestamp


def _timedelta(value: Value) -> dt.timedelta:
    return dt.timedelta(microseconds=int(value) // 1000)  # type: ignore[call-overload]  # a Duration


def exported(value: Value) -> object:
    """Return any CEL value as a caller gets it: `datetime`, `timedelta` (both cut to microseconds), plain ints, None for absent."""
    export = EXPORTS.get(type(value))
    return value if export is None else export(value)


def _list(value: Value) -> list[object]:
    return [exported(item) for item in value]  # type: ignore[attr-defined]  # a list


def _map(value: Value) -> dict[object, object]:
    return {from_key(key): exported(item) for key, item in value.items()}  # type: ignore[attr-defined]  # a dict


EXPORTS: Final[dict[type, Callable[[Value], object]]] = {
    Uint: int,  # type: ignore[dict-item]  # int takes a Uint
    Timestamp: _datetime,
    Duration: _timedelta,
    list: _list,
    dict: _map,
    Absent: lambda _: None,
}
"""How the values that differ from what a caller gets leave the evaluator, by type."""
