"""The Avro schema as shapes: what a decoded value looks like, whether it can be null, and how it becomes a CEL value.

Decoding leaves logical types raw (a timestamp is an int in its unit, a decimal its bytes), because most fields are only passed
on. A shape knows how to read the raw value when an expression asks for it:

| Avro                                            | CEL       |
|-------------------------------------------------|-----------|
| string, enum, uuid (also of 16 bytes)           | string    |
| int, long                                       | int       |
| float, double                                   | double    |
| decimal                                         | double (a whole expression that is only the path gives the exact `Decimal`) |
| bytes, fixed, duration (12 bytes)               | bytes     |
| timestamp-*, local-timestamp-* (taken as UTC), date (midnight UTC) | timestamp |
| time-millis, time-micros (since midnight)       | duration  |
| record                                          | message   |
| array, map                                      | list, map |
| union of null and one other                     | the other, nullable |
| any other union                                 | dyn       |

**Rule**: a shape is made once for a schema; reading a raw value either gives a CEL value or fails, it never guesses.
Does not know Protobuf (`messages`) nor fastavro.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class SchemaProblem(ValueError):  # noqa: N818  # the name callers know
    """A schema that cannot be shown to CEL; the text names what stands in the way."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that holds a value: its shape, and whether null may stand there."""

    shape: Shape
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value of CEL kind `kind`; `logical` is Avro's logical type, `scale` and `precision` those of a decimal.

    `symbols` are those of an enum.
    """

    kind: str
    logical: str | None = None
    scale: int = 0
    precision: int = 0
    size_bytes: int | None = None
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RecordShape:
    """A record; `fields` is filled after creation, because a record may contain itself."""

    name: str
    fields: dict[str, Slot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListShape:
    """An array."""

    element: Slot


@dataclass(frozen=True, slots=True)
class MapShape:
    """A map; the keys of Avro maps are strings."""

    value: Slot


@dataclass(frozen=True, slots=True)
class UnionShape:
    """A union of several types beside null: its value comes bare, without the name of its branch."""

    branches: tuple[Shape, ...]


Shape = Scalar | RecordShape | ListShape | MapShape | UnionShape


def walk(shape: RecordShape, prefix: str = "", inside: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the dotted paths of a record's fields, through nested records; a record inside itself is not entered again."""
    if shape.name in inside:
        return
    for name, slot in shape.fields.items():
        yield prefix + name
        if isinstance(slot.shape, RecordShape):
            yield from walk(slot.shape, f"{prefix}{name}.", inside | {shape.name})


def records(root: RecordShape) -> Mapping[str, RecordShape]:
    """Return every record reachable from `root`, by full name."""
    found: dict[str, RecordShape] = {}
    waiting: list[Shape] = [root]
    while waiting:
        shape = waiting.pop()
        match shape:
            case RecordShape(name, fields) if name not in found:
                found[name] = shape
                waiting.extend(slot.shape for slot in fields.values())
            case ListShape(slot) | MapShape(slot):
                waiting.append(slot.shape)
            case UnionShape(branches):
                waiting.extend(branches)
            case _:
                pass
    return found
