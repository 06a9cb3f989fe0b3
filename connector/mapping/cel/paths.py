"""The closures that read: fields of records, entries of maps, the Kafka record.

**Rule**: a field of a null record is null; an entry that a map does not have is a failure. `has` of a record's field says that
it is not null, of a map's entry that the map has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.mapping.cel.decode import Decode
from connector.mapping.cel.forms import Run
from connector.mapping.cel.values import ABSENT, FailedError, Value, timestamp_of
from connector.record import Record

_NS_PER_MS = 1_000_000
_NO_KEY = "no such key in the map"


def path(steps: tuple[str, ...], nullable: tuple[bool, ...]) -> Run:
    """Read through records; `nullable` says of each step but the last whether it can be null."""
    match steps, nullable:
        case (only,), _:
            return lambda event, _: event[only]
        case (first, last), (False,):
            return lambda event, _: event[first][last]
        case (first, last), (True,):
            return _through_nullable(first, last)
        case (first, second, last), (False, False):
            return lambda event, _: event[first][second][last]
        case _:
            return _stepwise(steps)


def _through_nullable(first: str, last: str) -> Run:
    def run(event: dict[str, dict[str, Value] | None], _: object) -> Value:
        inner = event[first]
        return None if inner is None else inner[last]

    return run


def _stepwise(steps: tuple[str, ...]) -> Run:
    def run(event: Value, _: object) -> Value:
        value = event
        for step in steps:
            if value is None:
                return None
            value = value[step]  # type: ignore[index]  # the schema says record
        return value

    return run


def through(outer: Run, field: str) -> Run:
    """Read a field of a record that is itself computed."""

    def run(event: Value, record: Value) -> Value:
        value = outer(event, record)
        return None if value is None else value[field]  # type: ignore[index]  # the checker says record

    return run


def entry_of(outer: Run, key: str) -> Run:
    """Read an entry of a map, or of a value of unknown type."""

    def run(event: Value, record: Value) -> Value:
        value = outer(event, record)
        if type(value) is not dict:
            raise FailedError("a field of what is neither a record nor a map")
        try:
            return value[key]
        except KeyError:
            raise FailedError(_NO_KEY) from None

    return run


def has_field(outer: Run, field: str) -> Run:
    """`has` of a record's field."""

    def run(event: Value, record: Value) -> Value:
        value = outer(event, record)
        return value is not None and value[field] is not None  # type: ignore[index]  # the checker says record

    return run


def has_entry(outer: Run, key: str) -> Run:
    """`has` of a map's entry."""

    def run(event: Value, record: Value) -> Value:
        value = outer(event, record)
        if value is None:
            return False
        if type(value) is not dict:
            raise FailedError("`has` of what is neither a record nor a map")
        return key in value

    return run


def optional_entry(outer: Run, key: str, *, null_is_absent: bool) -> Run:
    """`.?key`: absent where there is no such entry, where null stands in its place, or where there is nothing to look into."""

    def run(event: Value, record: Value) -> Value:
        value = outer(event, record)
        if value is None or value is ABSENT:
            return ABSENT
        if type(value) is not dict:
            raise FailedError("`.?` of what is neither a record nor a map")
        found = value.get(key, ABSENT)
        return ABSENT if found is None and null_is_absent else found

    return run


def decoded(raw: Run, decode: Decode) -> Run:
    """Read a raw value as a CEL value; null and absent stay what they are."""

    def run(event: Value, record: Value) -> Value:
        value = raw(event, record)
        return value if value is None or value is ABSENT else decode(value)

    return run


def field_is(field: str, value: Value, *, same: bool) -> Run:
    """`event.field == value`, the commonest condition there is."""
    if same:
        return lambda event, _: event[field] == value
    return lambda event, _: event[field] != value


def required(inner: Run, message: str) -> Run:
    """Fail with `message` where null stands."""

    def run(event: Value, record: Value) -> Value:
        value = inner(event, record)
        if value is None:
            raise FailedError(message)
        return value

    return run


def record_field(field: str, *, test: bool) -> Run:
    """Read a field of the Kafka record; `test` is `has`."""
    read = _RECORD_FIELDS[field]
    if test:
        return lambda _, record: read(record) is not None
    return lambda _, record: read(record)


def _timestamp(record: Record) -> Value:
    return None if record.timestamp_ms < 0 else timestamp_of(record.timestamp_ms * _NS_PER_MS)


def _headers(record: Record) -> Value:
    return {name: value for name, value in record.headers if value is not None}


_RECORD_FIELDS: Mapping[str, Callable[[Record], Value]] = {
    "topic": lambda record: record.topic_partition.topic,
    "partition": lambda record: record.topic_partition.partition,
    "offset": lambda record: record.offset,
    "timestamp": _timestamp,
    "key": lambda record: record.key,
    "headers": _headers,
}
"""How each field of `record` is read. Of headers with one name the last counts; a header with a null value is not there."""
