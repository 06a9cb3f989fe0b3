"""A compiled expression, as the rest of mapping sees it.

**Rule**: what is wrong is a value, never an exception: a problem of the expression, or the lack of a value for one event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connector.record import Record

Event = Mapping[str, object]
"""A decoded Avro record: what fastavro returns, with logical types left as their raw integers and bytes."""


class EvaluationError(NamedTuple):
    """The result of an expression that has no value for this event. `message` holds no data of the event."""

    message: str


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """What is wrong with an expression: a message, the 0-based character it is about, and what to do."""

    message: str
    offset: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was checked against a schema.

    `type` is the CEL type's name ("string", "int", "bool", "timestamp", "list", "map", "dyn", "optional", a message's full name);
    `nullable` says whether the value can be null for this schema. `reads` are the dotted paths of `event` it reads, as far as they
    go through records. `path` is set where the whole expression is nothing but a path through records (`("device", "idfa")`), and
    `avro_logical` is then the logical type of the field ("timestamp-millis", "decimal", ...), so that a caller may read the raw value
    without evaluating; a null record on the way makes the value null. `constant` says that nothing is read; a constant can still
    be an `EvaluationError` (`1 / 0`). `symbols` are those of the enum, where the whole expression is a place of the event that holds
    one. `impossible` are comparisons with texts that are none of the symbols of an enum: they evaluate, and never hold.

    `evaluate(event, record)` returns a CEL value as a Python one: None, bool, int, float, str, bytes, list, dict,
    `datetime.datetime` (timestamps, in UTC, cut to microseconds), `datetime.timedelta`, `decimal.Decimal` (an Avro decimal, where
    the expression is only the path to it), or an `EvaluationError`. It never raises, and it does not change the event.
    """

    text: str
    type: str
    nullable: bool
    constant: bool
    reads: frozenset[str]
    path: tuple[str, ...] | None
    avro_logical: str | None
    evaluate: Callable[[Event, Record], object]
    symbols: tuple[str, ...] = ()
    impossible: tuple[ExpressionProblem, ...] = ()
