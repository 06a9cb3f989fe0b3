"""The closures of what is more than a function of its arguments, and the glue that applies functions to closures.

**Rule**: a closure allocates nothing it does not return.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.mapping.cel.overload import Function
from connector.mapping.cel.values import ABSENT, FailedError, Value

Run = Callable[..., Value]
"""Takes the event and the Kafka record; raises one of `FAILURES` where there is no value."""

FAILURES = (FailedError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a closure may raise: a failure of CEL, or what Python raises where a record does not have the schema's shape."""


def one(call: Function, first: Run) -> Run:
    """Apply a function to one argument."""
    return lambda event, record: call(first(event, record))


def two(call: Function, first: Run, second: Run) -> Run:
    """Apply a function to two arguments."""
    return lambda event, record: call(first(event, record), second(event, record))


def one_and_constant(call: Function, first: Run, value: Value) -> Run:
    """Apply a function to an argument and a constant."""
    return lambda event, record: call(first(event, record), value)


def many(call: Function, arguments: tuple[Run, ...]) -> Run:
    """Apply a function to any number of arguments."""
    return lambda event, record: call(*[argument(event, record) for argument in arguments])


def both(left: Run, right: Run) -> Run:
    """`&&`: false on either side decides, whatever becomes of the other."""

    def run(event: Value, record: Value) -> Value:
        try:
            first = left(event, record)
        except FAILURES:
            if right(event, record) is False:
                return False
            raise
        if first is False:
            return False
        second = right(event, record)
        if second is False:
            return False
        if first is True and second is True:
            return True
        raise FailedError("`&&` of what is not a bool")

    return run


def either(left: Run, right: Run) -> Run:
    """`||`: true on either side decides, whatever becomes of the other."""

    def run(event: Value, record: Value) -> Value:
        try:
            first = left(event, record)
        except FAILURES:
            if right(event, record) is True:
                return True
            raise
        if first is True:
            return True
        second = right(event, record)
        if second is True:
            return True
        if first is False and second is False:
            return False
        raise FailedError("`||` of what is not a bool")

    return run


def negated(inner: Run) -> Run:
    """`!`."""

    def run(event: Value, record: Value) -> Value:
        value = inner(event, record)
        if value is True:
            return False
        if value is False:
            return True
        raise FailedError("`!` of what is not a bool")

    return run


def conditional(condition: Run, yes: Run, no: Run) -> Run:
    """`? :`, of which one branch is evaluated."""

    def run(event: Value, record: Value) -> Value:
        value = condition(event, record)
        if value is True:
            return yes(event, record)
        if value is False:
            return no(event, record)
        raise FailedError("`? :` with a condition that is not a bool")

    return run


def is_null(inner: Run, *, null: bool) -> Run:
    """`== null` (`null`) or `!= null`."""
    if null:
        return lambda event, record: inner(event, record) is None
    return lambda event, record: inner(event, record) is not None


def is_constant(inner: Run, value: Value, *, same: bool) -> Run:
    """`== value` or `!= value`, for values of one simple kind."""
    if same:
        return lambda event, record: inner(event, record) == value
    return lambda event, record: inner(event, record) != value


def in_set(inner: Run, values: frozenset[Value]) -> Run:
    """`in` a literal list of one simple kind."""
    return lambda event, record: inner(event, record) in values


def map_literal(entries: tuple[tuple[Run, Run], ...], key_of: Callable[[Value], object]) -> Run:
    """`{key: value}`; a repeated key is a failure."""

    def run(event: Value, record: Value) -> Value:
        made = {key_of(key(event, record)): value(event, record) for key, value in entries}
        if any(type(key) is float for key in made):
            raise FailedError("a double as the key of a map")
        if len(made) != len(entries):
            raise FailedError("a map with a repeated key")
        return made

    return run


def or_value(optional: Run, default: Run) -> Run:
    """`orValue`; the default is evaluated only where it is needed."""

    def run(event: Value, record: Value) -> Value:
        value = optional(event, record)
        return default(event, record) if value is ABSENT else value

    return run


def has_value(optional: Run) -> Run:
    """`hasValue`."""
    return lambda event, record: optional(event, record) is not ABSENT
