"""Pieces: functions that write one parameter of a request body from an event.

A piece returns `&name=value`, the empty text where the parameter is left out, or `Invalid`. It is made once, when a rule is
compiled, for one expression and one format: a plain path then costs one look-up, one conversion and one concatenation.

**Rule**: a piece never raises, whatever the event holds. A detail names rule, parameter and expression, never a value.
Does not know which parameters a rule has (`connector.mapping.rules`).
"""

from __future__ import annotations

from collections.abc import Callable

from connector.adjust import numbers
from connector.adjust.formats import Convert, Converted, Format, refused
from connector.mapping.cel.expression import EvaluationError, Event, Expression
from connector.mapping.form import encode, is_unreserved, start_of
from connector.outcome import Invalid, Reason
from connector.record import Record

Piece = Callable[[Event, Record], str | Invalid]
Read = Callable[[Event, Record], object]

_UNITS_PER_S = {
    f"{prefix}timestamp-{unit}": per_s
    for prefix in ("", "local-")
    for unit, per_s in (("millis", 1_000), ("micros", 1_000_000), ("nanos", 1_000_000_000))
}
_SAME_RAW = frozenset({"string", "int", "bool", "double"})
"""CEL types whose decoded Avro value is the CEL value, where no logical type changes it."""

_NOT_UNICODE = refused("is not valid Unicode")


def failure(value: object, rule: str, text: str) -> Invalid | None:
    """Return the `Invalid` that `value` stands for, if it is the result of a failed evaluation of the expression `text`."""
    if isinstance(value, EvaluationError):
        return Invalid(Reason.EVALUATION_FAILED, f"rule {rule}: {value.message}, in: {text}", rule)
    return None


def parameter(name: str, form: Format, expression: Expression, rule: str) -> Piece:
    """Return the piece that writes the parameter `name` in the format `form` from `expression`."""
    start = start_of(name)

    def other(value: object, converted: Converted) -> str | Invalid:
        """What follows from a conversion that gave no text."""
        if not isinstance(converted, tuple):
            return ""
        failed = failure(value, rule, expression.text)
        return failed or Invalid(converted.reason, f"rule {rule}: {name} {converted.message}", rule)

    evaluated = _evaluated(expression.evaluate, _encoded(form, form.convert), start, other)
    convert = raw_conversion(form, expression)
    match expression.path:
        case (field,) if convert is not None:
            return _at_depth_1(field, _encoded(form, convert), start, other, evaluated)
        case (outer, field) if convert is not None:
            return _at_depth_2(outer, field, _encoded(form, convert), start, other, evaluated)
        case _:
            return evaluated


def required(piece: Piece, name: str, rule: str) -> Piece:
    """Return `piece`, made Invalid where it leaves the parameter out."""
    missing = Invalid(Reason.MISSING_PARAMETER, f"rule {rule}: {name} is required and has no value", rule)

    def write(event: Event, record: Record) -> str | Invalid:
        return piece(event, record) or missing

    return write


def money(amount: Piece, currency: Piece, rule: str) -> Piece:
    """Return one piece of an amount and its currency; an amount without a currency is Invalid."""
    alone = Invalid(Reason.REVENUE_WITHOUT_CURRENCY, f"rule {rule}: there is an amount but no currency", rule)

    def write(event: Event, record: Record) -> str | Invalid:
        how_much, of_what = amount(event, record), currency(event, record)
        if how_much.__class__ is not str:
            return how_much
        if of_what.__class__ is not str:
            return of_what
        return alone if how_much and not of_what else how_much + of_what

    return write


def fixed(piece: str) -> Piece:
    """Return a piece that is the same for every event."""
    return lambda _event, _record: piece


def reader(expression: Expression) -> Read:
    """Return the cheapest way to read the value of `expression`."""
    read = expression.evaluate
    if expression.path is None or expression.avro_logical is not None or expression.type not in _SAME_RAW:
        return read
    match expression.path:
        case (field,):
            return lambda event, _record: event[field]
        case (outer, field) if not expression.nullable:
            return lambda event, _record: event[outer][field]  # type: ignore[index]  # a record, since never null
        case _:
            return read


def raw_conversion(form: Format, expression: Expression) -> Convert | None:
    """Return how the raw decoded value at the path of `expression` converts, or None where it must be evaluated."""
    logical, kind = expression.avro_logical, expression.type
    if form is numbers.UNIX_SECONDS and logical in _UNITS_PER_S:
        return _seconds_of(_UNITS_PER_S[logical])
    if logical == "uuid" and "bytes" in form.accepts:
        return form.convert
    return form.convert if logical is None and kind in _SAME_RAW else None


def _seconds_of(units_per_s: int) -> Convert:
    seconds = numbers.seconds

    def convert(value: object) -> Converted:
        return seconds(value // units_per_s) if value.__class__ is int else numbers.unix_seconds(value)

    return convert


def _encoded(form: Format, convert: Convert) -> Convert:
    """Return `convert` with its text percent-encoded, where it can hold anything that needs it."""
    if form.unreserved:
        return convert

    def encoding(value: object) -> Converted:
        text = convert(value)
        if text.__class__ is not str or is_unreserved(text) is not None:
            return text
        try:
            return encode(text)
        except UnicodeEncodeError:
            return _NOT_UNICODE

    return encoding


Other = Callable[[object, Converted], str | Invalid]


def _evaluated(read: Read, convert: Convert, start: str, other: Other) -> Piece:
    def write(event: Event, record: Record) -> str | Invalid:
        value = read(event, record)
        if value is None:
            return ""
        text = convert(value)
        return start + text if text.__class__ is str else other(value, text)

    return write


def _at_depth_1(field: str, convert: Convert, start: str, other: Other, evaluated: Piece) -> Piece:
    def write(event: Event, record: Record) -> str | Invalid:
        try:
            value = event[field]
        except KeyError:
            return evaluated(event, record)
        if value is None:
            return ""
        text = convert(value)
        return start + text if text.__class__ is str else other(value, text)

    return write


def _at_depth_2(outer: str, field: str, convert: Convert, start: str, other: Other, evaluated: Piece) -> Piece:
    def write(event: Event, record: Record) -> str | Invalid:
        try:
            value = event[outer][field]  # type: ignore[index]  # a record, or null: then it is evaluated
        except (KeyError, TypeError):
            return evaluated(event, record)
        if value is None:
            return ""
        text = convert(value)
        return start + text if text.__class__ is str else other(value, text)

    return write
