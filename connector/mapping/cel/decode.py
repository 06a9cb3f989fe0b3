"""Raw Avro values to CEL values, by shape, and only where an expression reads them.

**Rule**: reading is exact or fails. A decimal is a double inside an expression, as the checker was told, and an exact `Decimal`
where it is the whole result.
Does not know which values are read.
"""

from __future__ import annotations

import decimal
import uuid
from collections.abc import Callable
from typing import Final

from connector.mapping.cel.shapes import ListShape, MapShape, RecordShape, Scalar, Shape
from connector.mapping.cel.values import FailedError, Value, duration_of, timestamp_of

Decode = Callable[[Value], Value]
"""A raw value, never None, to a CEL value."""

_NS: Final = {"millis": 1_000_000, "micros": 1_000, "nanos": 1}
_NS_PER_DAY: Final = 86_400 * 1_000_000_000
_EXACT: Final = decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])


class Decoders:
    """Makes the decoders of one schema's shapes; `exact` keeps decimals as `Decimal`."""

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        self._records: dict[str, Decode | None] = {}

    def decoder(self, shape: Shape) -> Decode | None:
        """Return how to read a raw value of `shape`, or None where the raw value is the CEL value."""
        match shape:
            case Scalar():
                return self._scalar(shape)
            case RecordShape():
                return self._record(shape)
            case ListShape(element):
                inner = self.decoder(element.shape)
                return None if inner is None else _list(inner)
            case MapShape(value):
                inner = self.decoder(value.shape)
                return None if inner is None else _map(inner)
            case union:
                return self._union(union.branches)

    def _scalar(self, scalar: Scalar) -> Decode | None:
        match scalar.logical:
            case "decimal":
                return _decimal(scalar, exact=self._exact)
            case "uuid" if scalar.size_bytes is not None:
                return _uuid
            case None | "uuid" | "duration":
                return None
            case "date":
                return _timestamp(_NS_PER_DAY)
            case logical if scalar.kind == "duration":
                return _duration(_NS[logical.rpartition("-")[2]])
            case logical:
                return _timestamp(_NS[logical.rpartition("-")[2]])

    def _record(self, record: RecordShape) -> Decode | None:
        if record.name not in self._records:
            if not _needs_decoding(record):
                self._records[record.name] = None
                return None
            inner: dict[str, Decode] = {}
            self._records[record.name] = _fields(inner)  # before its fields: a record may contain itself
            for name, slot in record.fields.items():
                decode = self.decoder(slot.shape)
                if decode is not None:
                    inner[name] = decode
        return self._records[record.name]

    def _union(self, branches: tuple[Shape, ...]) -> Decode | None:
        """Read by the Python type of the value, where only one branch has that type; values of other types stay raw."""
        by_type: dict[type, list[Decode | None]] = {}
        for branch in branches:
            by_type.setdefault(_raw_type(branch), []).append(self.decoder(branch))
        certain = {kind: found[0] for kind, found in by_type.items() if len(found) == 1}
        table = {kind: decode for kind, decode in certain.items() if decode is not None}
        return _by_type(table) if table else None


def _needs_decoding(record: RecordShape) -> bool:
    """Say whether any value reachable from `record` differs raw from its CEL value."""
    seen: set[str] = set()
    waiting: list[Shape] = [record]
    while waiting:
        match waiting.pop():
            case RecordShape(name, fields) if name not in seen:
                seen.add(name)
                waiting.extend(slot.shape for slot in fields.values())
            case ListShape(slot) | MapShape(slot):
                waiting.append(slot.shape)
            case Scalar(_, logical) if logical not in (None, "duration"):
                return True
            case RecordShape() | Scalar():
                pass
            case union:
                waiting.extend(union.branches)
    return False


_RAW_TYPES: Final[dict[str, type]] = {
    "bool": bool,
    "int": int,
    "timestamp": int,
    "duration": int,
    "double": float,
    "string": str,
    "bytes": bytes,
    "null": type(None),
}


def _raw_type(shape: Shape) -> type:
    match shape:
        case Scalar(kind, logical, _, _, size_bytes):
            return bytes if logical == "decimal" or size_bytes is not None else _RAW_TYPES[kind]
        case ListShape():
            return list
        case _:
            return dict


def _whole(raw: Value) -> int:
    """Return the int; a text in its place would be repeated a million times, not multiplied."""
    if type(raw) is not int:
        raise FailedError("a value that does not have the schema's type")
    return raw


def _timestamp(unit_ns: int) -> Decode:
    return lambda raw: timestamp_of(_whole(raw) * unit_ns)


def _duration(unit_ns: int) -> Decode:
    return lambda raw: duration_of(_whole(raw) * unit_ns)


def _uuid(raw: Value) -> str:
    return str(uuid.UUID(bytes=raw))  # type: ignore[arg-type]  # the schema says sixteen bytes


def _decimal(scalar: Scalar, *, exact: bool) -> Decode:
    divisor: int = 10**scalar.scale
    # Without a bound, a megabyte of digits would take minutes to turn into decimal notation.
    limit_bytes = scalar.size_bytes or scalar.precision // 2 + 9

    def unscaled(raw: Value) -> int:
        if not isinstance(raw, bytes) or len(raw) > limit_bytes:
            raise FailedError("a decimal with more digits than the schema's precision")
        return int.from_bytes(raw, "big", signed=True)

    def as_decimal(raw: Value) -> decimal.Decimal:
        return decimal.Decimal(unscaled(raw)).scaleb(-scalar.scale, _EXACT)

    def as_double(raw: Value) -> float:
        try:
            return unscaled(raw) / divisor
        except OverflowError as error:
            raise FailedError("a decimal beyond the range of a double") from error

    return as_decimal if exact else as_double


def _list(inner: Decode) -> Decode:
    return lambda raw: [None if item is None else inner(item) for item in raw]  # type: ignore[attr-defined]  # the schema says array


def _map(inner: Decode) -> Decode:
    return lambda raw: {key: None if item is None else inner(item) for key, item in raw.items()}  # type: ignore[attr-defined]  # a map


def _fields(inner: dict[str, Decode]) -> Decode:
    def decode(raw: Value) -> Value:
        return {
            name: value if value is None or name not in inner else inner[name](value)
            for name, value in raw.items()  # type: ignore[attr-defined]  # the schema says record
        }

    return decode


def _by_type(table: dict[type, Decode]) -> Decode:
    def decode(raw: Value) -> Value:
        found = table.get(type(raw))
        return raw if found is None else found(raw)

    return decode
