"""Protobuf's wire format, as far as a checked expression uses it.

**Rule**: a field that is not there reads as zero or empty, as Protobuf says; a wire type that is not expected is an error.
Does not know any message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Wire = Mapping[int, list[int | bytes]]
"""A message: the values of each field number, in order."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def message_of(data: bytes) -> Wire:
    """Return the fields of a message; eight-byte numbers stay bytes."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = _varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            case wire_type:
                raise ValueError(f"wire type {wire_type} in a checked expression")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def int_of(wire: Wire, field: int) -> int:
    """Return the last number of a field, or 0."""
    value = wire[field][-1] if field in wire else 0
    if isinstance(value, bytes):
        raise TypeError(f"field {field} of a checked expression is not a number")
    return value


def bytes_of(wire: Wire, field: int) -> bytes:
    """Return the last bytes of a field, or none."""
    value = wire[field][-1] if field in wire else b""
    if isinstance(value, int):
        raise TypeError(f"field {field} of a checked expression is not bytes")
    return value


def text_of(wire: Wire, field: int) -> str:
    """Return the last text of a field, or an empty one."""
    return bytes_of(wire, field).decode()


def all_of(wire: Wire, field: int) -> Iterator[bytes]:
    """Yield the bytes of a repeated field."""
    return (value for value in wire.get(field, ()) if isinstance(value, bytes))


def messages_of(wire: Wire, field: int) -> Iterator[Wire]:
    """Yield the messages of a repeated field."""
    return (message_of(value) for value in all_of(wire, field))


def numbers_of(wire: Wire, field: int) -> Iterator[int]:
    """Yield the numbers of a repeated integer field, written packed or one by one."""
    for value in wire.get(field, ()):
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield number
