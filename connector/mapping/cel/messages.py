"""Shapes shown to CEL's checker as Protobuf message types.

A namespace becomes a message that holds the records of the namespace as nested messages, so that one file suffices however the
records refer to each other, and full names stay the user's. Every single scalar is a wrapper type, nullable or not: it reads
as the scalar everywhere, and may be compared with null also where only a parent of it can be null.

**Rule**: what the checker sees differs from the schema only where Protobuf has no word for it: lists in lists and in maps, and
maps in those, have elements of unknown type.
Does not know nullability (`nullness` decides on the shapes themselves).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Scalar, SchemaProblem, Shape, Slot

_Field = descriptor_pb2.FieldDescriptorProto
_WELL_KNOWN: Final = (timestamp_pb2, duration_pb2, wrappers_pb2, struct_pb2)
_VALUE: Final = ".google.protobuf.Value"
_WRAPPERS: Final = {
    "bool": ".google.protobuf.BoolValue",
    "int": ".google.protobuf.Int64Value",
    "double": ".google.protobuf.DoubleValue",
    "string": ".google.protobuf.StringValue",
    "bytes": ".google.protobuf.BytesValue",
    "timestamp": ".google.protobuf.Timestamp",
    "duration": ".google.protobuf.Duration",
    "null": _VALUE,
}
_PLAIN: Final = {
    "bool": _Field.TYPE_BOOL,
    "int": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}
_FIRST_RESERVED, _AFTER_RESERVED = 19_000, 20_000


def build_pool(records: Mapping[str, RecordShape]) -> descriptor_pool.DescriptorPool:
    """Return a pool with the well-known types and a message for each record, or raise `SchemaProblem`."""
    pool = descriptor_pool.DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    try:
        pool.Add(_file(records))
    except TypeError as error:
        raise SchemaProblem(f"the schema's names cannot all be types of CEL: {error}") from error
    return pool


def _file(records: Mapping[str, RecordShape]) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="schema.proto", syntax="proto2")
    file.dependency.extend(module.DESCRIPTOR.name for module in _WELL_KNOWN)
    made: dict[str, descriptor_pb2.DescriptorProto] = {}
    for name, record in records.items():
        if name == "google" or name.startswith("google."):
            raise SchemaProblem(f"the name {name!r} belongs to Protobuf and cannot be a type of CEL")
        message = _message(file, made, name)
        message.options.deprecated_legacy_json_field_conflicts = True  # JSON names are not used
        for (field, slot), number in zip(record.fields.items(), _numbers(), strict=False):
            _add_field(message, name, field, slot, number)
    return file


def _message(
    file: descriptor_pb2.FileDescriptorProto, made: dict[str, descriptor_pb2.DescriptorProto], name: str
) -> descriptor_pb2.DescriptorProto:
    if name not in made:
        outer, _, last = name.rpartition(".")
        made[name] = _message(file, made, outer).nested_type.add(name=last) if outer else file.message_type.add(name=last)
    return made[name]


def _numbers() -> Iterator[int]:
    yield from range(1, _FIRST_RESERVED)
    yield from range(_AFTER_RESERVED, 2**29)


def _add_field(message: descriptor_pb2.DescriptorProto, record: str, name: str, slot: Slot, number: int) -> None:
    field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL, json_name=name)
    match slot.shape:
        case ListShape(element):
            field.label = _Field.LABEL_REPEATED
            _set_element(field, element)
        case MapShape(value):
            entry = message.nested_type.add(name=_entry_name(name))
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
            _set_element(entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL), value)
            field.label = _Field.LABEL_REPEATED
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".{record}.{entry.name}"
        case shape:
            field.type, field.type_name = _Field.TYPE_MESSAGE, _single(shape)


def _set_element(field: descriptor_pb2.FieldDescriptorProto, slot: Slot) -> None:
    """Give `field` the type of an element: a plain scalar where null cannot stand, else what a single field would have."""
    if isinstance(slot.shape, Scalar) and not slot.nullable and slot.shape.kind in _PLAIN:
        field.type = _PLAIN[slot.shape.kind]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, _single(slot.shape)


def _single(shape: Shape) -> str:
    match shape:
        case Scalar(kind):
            return _WRAPPERS[kind]
        case RecordShape(name):
            return f".{name}"
        case ListShape():
            return ".google.protobuf.ListValue"
        case MapShape():
            return ".google.protobuf.Struct"
        case _:
            return _VALUE


def _entry_name(field: str) -> str:
    """Return the name Protobuf requires of a map's entry type."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"
