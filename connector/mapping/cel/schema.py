"""Parsed Avro schema JSON, as it stands in an `.avsc` file, to shapes.

**Rule**: what Avro allows is read as Avro says (namespaces inherit, names may be used before CEL sees them, unknown attributes
and unknown logical types are ignored); what cannot be read is one `SchemaProblem` that names it.
Does not read files and does not resolve reader against writer: the schema is that of the values the expressions will see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Scalar, SchemaProblem, Shape, Slot, UnionShape

_PRIMITIVES = {
    "null": "null",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "double",
    "double": "double",
    "bytes": "bytes",
    "string": "string",
}
_TIMESTAMPS = frozenset(f"{prefix}timestamp-{unit}" for prefix in ("", "local-") for unit in ("millis", "micros", "nanos"))
_LOGICAL_KINDS = {
    ("int", "date"): "timestamp",
    ("int", "time-millis"): "duration",
    ("long", "time-micros"): "duration",
    ("string", "uuid"): "string",
    ("bytes", "decimal"): "double",
    ("fixed", "decimal"): "double",
    ("fixed", "uuid"): "string",
    ("fixed", "duration"): "bytes",
} | {("long", name): "timestamp" for name in _TIMESTAMPS}
"""The CEL kind of each pair of Avro type and logical type that Avro defines; any other pair is the plain type."""

_S = TypeVar("_S", Scalar, RecordShape)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def read_schema(schema: object) -> RecordShape:
    """Return the shape of a schema whose top level is a record, or raise `SchemaProblem`."""
    try:
        shape = _Reader().shape(schema, "")
    except RecursionError as error:
        raise SchemaProblem("the schema is nested too deeply") from error
    if not isinstance(shape, RecordShape):
        raise SchemaProblem("the top level of the schema must be a record")
    return shape


class _Reader:
    """Reads one schema; holds the names defined so far."""

    def __init__(self) -> None:
        self._named: dict[str, Shape] = {}

    def shape(self, schema: object, namespace: str) -> Shape:
        match schema:
            case str():
                return self._reference(schema, namespace)
            case list():
                return self._union(schema, namespace).shape
            case dict():
                return self._object(schema, namespace)
            case _:
                raise SchemaProblem(f"not an Avro schema: {_brief(schema)}")

    def _object(self, schema: dict[str, object], namespace: str) -> Shape:
        match schema:
            case {"type": "record" | "error"}:
                return self._record(schema, namespace)
            case {"type": "enum"}:
                return self._define(schema, namespace, Scalar("string", symbols=_symbols(schema)))
            case {"type": "fixed"}:
                return self._define(schema, namespace, _fixed(schema))
            case {"type": "array", "items": items}:
                return ListShape(self._slot(items, namespace))
            case {"type": "map", "values": values}:
                return MapShape(self._slot(values, namespace))
            case {"type": str(name), "logicalType": str(logical)} if (name, logical) in _LOGICAL_KINDS:
                return _logical(schema, name, logical)
            case {"type": inner} if inner not in ("array", "map"):
                return self.shape(inner, namespace)
            case _:
                raise SchemaProblem(f"not an Avro schema: {_brief(schema)}")

    def _slot(self, schema: object, namespace: str) -> Slot:
        match schema:
            case list():
                return self._union(schema, namespace)
            case {"type": list() | dict() as inner}:
                return self._slot(inner, namespace)
            case "null" | {"type": "null"}:
                return Slot(Scalar("null"), nullable=True)
            case _:
                return Slot(self.shape(schema, namespace))

    def _union(self, branches: list[object], namespace: str) -> Slot:
        others = tuple(self.shape(branch, namespace) for branch in branches if branch not in ("null", {"type": "null"}))
        nullable = len(others) < len(branches)
        match others:
            case ():
                return Slot(Scalar("null"), nullable=True)
            case (only,):
                return Slot(only, nullable)
            case _:
                return Slot(UnionShape(others), nullable)

    def _reference(self, name: str, namespace: str) -> Shape:
        if name in _PRIMITIVES:
            return Scalar(_PRIMITIVES[name])
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self._named.get(full) or self._named.get(name)
        if found is None:
            raise SchemaProblem(f"the schema uses the name {name!r} but does not define it before")
        return found

    def _full_name(self, schema: Mapping[str, object], namespace: str) -> str:
        name, own = schema.get("name"), schema.get("namespace", namespace)
        if not isinstance(name, str) or not isinstance(own, str):
            raise SchemaProblem(f"a {schema.get('type')} without a name")
        full = name if "." in name or not own else f"{own}.{name}"
        if not _NAME.fullmatch(full):
            raise SchemaProblem(f"{full!r} is not an Avro name")
        return full

    def _define(self, schema: Mapping[str, object], namespace: str, shape: _S) -> _S:
        full = self._full_name(schema, namespace)
        if full in self._named:
            raise SchemaProblem(f"the schema defines {full!r} twice")
        self._named[full] = shape
        return shape

    def _record(self, schema: Mapping[str, object], namespace: str) -> RecordShape:
        full = self._full_name(schema, namespace)
        shape = self._define(schema, namespace, RecordShape(full))
        fields = schema.get("fields")
        if not isinstance(fields, list):
            raise SchemaProblem(f"the record {full!r} has no list of fields")
        for entry in fields:
            match entry:
                case {"name": str(name), "type": kind} if _NAME.fullmatch(name) and "." not in name:
                    if name in shape.fields:
                        raise SchemaProblem(f"the record {full!r} has two fields {name!r}")
                    shape.fields[name] = self._slot(kind, full.rpartition(".")[0])
                case _:
                    raise SchemaProblem(f"the record {full!r} has a field without a valid name and type")
        return shape


def _logical(schema: Mapping[str, object], name: str, logical: str) -> Scalar:
    if logical != "decimal":
        return Scalar(_LOGICAL_KINDS[name, logical], logical)
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if not isinstance(precision, int) or not isinstance(scale, int) or not 0 <= scale <= precision:
        return Scalar("bytes")  # Avro: an invalid logical type is ignored, the plain type stands
    return Scalar("double", logical, scale, precision)


def _fixed(schema: Mapping[str, object]) -> Scalar:
    size, logical = schema.get("size"), schema.get("logicalType")
    if not isinstance(size, int) or size < 0:
        raise SchemaProblem(f"the fixed {schema.get('name')!r} has no size")
    if not isinstance(logical, str) or ("fixed", logical) not in _LOGICAL_KINDS or (logical == "uuid" and size != 16):
        return Scalar("bytes", size_bytes=size)
    return replace(_logical(schema, "fixed", logical), size_bytes=size)


def _symbols(schema: Mapping[str, object]) -> tuple[str, ...]:
    """Return the symbols of an enum; one whose symbols cannot be read is a string like any other."""
    symbols = schema.get("symbols")
    return tuple(str(symbol) for symbol in symbols) if isinstance(symbols, list) else ()


def _brief(schema: object) -> str:
    text = repr(schema)
    return text if len(text) <= 60 else text[:57] + "..."
