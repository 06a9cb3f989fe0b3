"""A writer's schema, ready to decode with.

**Rule**: decoding is total: any bytes give an event or an `UndecodableError`, in time and memory that the size of the value bounds.
Two things in a schema would break that, and are looked for first: a type that contains itself (the compiled decoder recurses on the C stack and
takes the process with it, so such a schema is decoded by fastavro's own Python decoder, whose recursion is bounded), and an array whose
items take no bytes (five bytes of value may claim a billion of them: such a schema is refused).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import fastavro
from fastavro import _read_py
from fastavro.schema import SchemaParseException, UnknownType

from connector.adapters.decoding.hazards import contains_itself, has_items_without_bytes, without_logical_types
from connector.mapping.cel.expression import Event
from connector.mapping.plan import Plan
from connector.outcome import Reason

_ERRORS = (
    ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError, StopIteration, RecursionError, struct.error,
)  # fmt: skip
"""What fastavro raises on bytes that do not fit the schema."""


class UndecodableError(Exception):
    """Bytes that are not a value of the schema; the text holds none of them."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reader:
    """A schema as fastavro parsed it, the decoder that is safe for it, and the rules compiled for it."""

    schema: object
    plan: Plan
    read: Callable[..., object]

    def decode(self, value: bytes, start: int) -> Event:
        """Return the event in `value` from byte `start` to its end. Raises `UndecodableError`."""
        stream = BytesIO(value)
        stream.seek(start)
        try:
            event = self.read(stream, self.schema, None)
        except _ERRORS as error:
            raise UndecodableError(Reason.CORRUPT_AVRO, f"decoding ended in {type(error).__name__}") from None
        if stream.tell() != len(value):
            left = len(value) - stream.tell()
            raise UndecodableError(Reason.TRAILING_BYTES, f"{left} bytes are left after the last field")
        return cast("Event", event)


def reader(schema: object, plan: Plan) -> Reader:
    """Return the reader of `schema` (parsed JSON). Raises `ValueError` where it is not an Avro schema, or not a safe one."""
    try:
        parsed = fastavro.parse_schema(without_logical_types(schema))  # type: ignore[arg-type]  # any JSON may be a schema
    except (SchemaParseException, UnknownType, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an Avro schema: {type(error).__name__}") from error
    if has_items_without_bytes(schema):
        raise ValueError("an array whose items take no bytes: a few bytes of a value could claim any number of them")
    read = _read_py.schemaless_reader if contains_itself(schema) else fastavro.schemaless_reader
    return Reader(parsed, plan, read)
