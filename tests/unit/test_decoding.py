"""Wire formats and writers' schemas: an event is read wholly, or it is Invalid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Literal, cast

import fastavro
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from connector.adapters.decoding import Decoding, TopicDecoding, reader
from connector.document import Problem
from connector.facts import Fact, SchemaUnavailable
from connector.mapping.plan import Plan
from connector.outcome import Filtered, Interpretation, Invalid, Reason
from connector.ports import NeedsSchema, RegistryUnavailable
from connector.record import Record, TopicPartition

SCHEMA = {
    "type": "record",
    "name": "Event",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
    ],
}
EVENT = {"id": "e1", "at": 1_700_000_000_000, "tags": ["a", "b"]}


NESTED: object = "long"
for _ in range(5_000):
    NESTED = {"type": "array", "items": NESTED}


class _Seen(Plan):
    """A plan that keeps the event it was given."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, object]] = []

    def apply(self, event: Mapping[str, object], record: Record) -> Interpretation:  # noqa: ARG002  # as the base class says
        self.events.append(event)
        return Filtered("seen")


class _Registry:
    """Answers what it is told to, one answer after the other."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    async def schema(self, schema_id: int) -> object | None:  # noqa: ARG002  # as the port says
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def latest(self, subject: str) -> object | None:  # noqa: ARG002  # as the port says
        return None


class _World:
    def __init__(
        self, framing: Literal["auto", "confluent", "bare"] = "auto", *, own: bool = True, registry: _Registry | None = None
    ) -> None:
        self.plan = _Seen()
        self.facts: list[Fact] = []
        self.topic = TopicDecoding(framing, reader(SCHEMA, self.plan) if own else None, self._compile)
        self.decoding = Decoding({"events": self.topic}, registry, self.facts.append, Random(1))

    def _compile(self, _: object) -> tuple[Plan, tuple[Problem, ...]]:
        return self.plan, ()

    def interpret(self, value: bytes | None) -> Interpretation:
        return self.decoding.interpret(_record(value))


def _record(value: bytes | None) -> Record:
    return Record(TopicPartition("events", 0), 0, 0, None, value, ())


def _bare(event: Mapping[str, object] = EVENT) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(cast("dict[str, object]", SCHEMA)), event)
    return out.getvalue()


def _framed(schema_id: int, payload: bytes) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + payload


def _reason(found: Interpretation) -> Reason | None:
    return found.reason if isinstance(found, Invalid) else None


@pytest.mark.parametrize("value", [_bare(), _framed(7, _bare())])
def test_without_a_registry_both_forms_decode_with_the_topics_file(value: bytes) -> None:
    """Framed by any id or bare: the topic's schema reads it, with logical types left raw."""
    world = _World()
    assert world.interpret(value) == Filtered("seen")
    assert world.plan.events == [EVENT]


@pytest.mark.parametrize("value", [None, b""])
def test_an_empty_value_is_invalid(value: bytes | None) -> None:
    """A tombstone is not an event."""
    assert _reason(_World().interpret(value)) is Reason.EMPTY_VALUE


def test_bytes_left_over_mean_a_wrong_schema() -> None:
    """A record that is longer than its schema is not half read."""
    world = _World()
    assert _reason(world.interpret(_framed(7, _bare() + b"\x00"))) is Reason.TRAILING_BYTES
    assert _reason(world.interpret(_bare() + b"\x00")) is Reason.TRAILING_BYTES
    assert not world.plan.events


def test_a_cut_record_is_invalid() -> None:
    """Every cut is noticed."""
    world = _World()
    for length in range(1, len(_bare())):
        assert _reason(world.interpret(_bare()[:length])) in {Reason.CORRUPT_AVRO, Reason.TRAILING_BYTES}
    assert not world.plan.events


def test_a_bare_record_that_begins_with_zero_is_read() -> None:
    """An empty first text is a zero byte, as the magic byte is: the form that uses every byte is taken."""
    world = _World()
    event = {**EVENT, "id": ""}
    assert world.interpret(_bare(event)) == Filtered("seen")
    assert world.plan.events == [event]


def test_a_schema_is_asked_for_once() -> None:
    """The first record of an id waits for the registry, the next ones do not."""
    world = _World("confluent", own=False, registry=_Registry(SCHEMA))
    record = _record(_framed(7, _bare()))

    async def first() -> None:
        with pytest.raises(NeedsSchema) as needed:
            world.decoding.interpret(record)
        assert needed.value.schema_id == 7
        assert await world.decoding.prepare(record, 7) is None

    asyncio.run(first())
    assert world.decoding.interpret(record) == Filtered("seen")


def test_a_registry_that_is_down_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong outside the record makes it wait, and says so."""
    world = _World(
        "confluent", own=False, registry=_Registry(RegistryUnavailable("refused"), RegistryUnavailable("refused"), SCHEMA)
    )
    waits: list[float] = []

    async def no_wait(delay_s: float) -> None:
        waits.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", no_wait)
    assert asyncio.run(world.decoding.prepare(_record(_framed(7, _bare())), 7)) is None
    assert [type(fact) for fact in world.facts] == [SchemaUnavailable, SchemaUnavailable]
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, Reason.UNKNOWN_SCHEMA_ID),
        ({"type": "recrd"}, Reason.UNUSABLE_SCHEMA),
        (NESTED, Reason.UNUSABLE_SCHEMA),
        (ValueError("JSON"), Reason.UNUSABLE_SCHEMA),
    ],
)
def test_an_id_that_names_no_usable_schema_is_invalid(answer: object, reason: Reason) -> None:
    """The registry's word is final for a while: the record goes to the dead-letter topic, the line goes on."""
    world = _World("confluent", own=False, registry=_Registry(answer))
    record = _record(_framed(9, _bare()))

    async def ask() -> None:
        found = await world.decoding.prepare(record, 9)
        assert found is not None
        assert (found.reason, found.schema_id) == (reason, 9)
        assert world.decoding.interpret(record) == found

    asyncio.run(ask())


def test_no_schema_at_all_is_invalid() -> None:
    """A bare record of a topic whose schema is a subject cannot be read."""
    assert _reason(_World(own=False, registry=_Registry()).interpret(b"\x02x")) is Reason.NO_SCHEMA


@settings(max_examples=500, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_answered(value: bytes) -> None:
    """Decoding is total: an event or Invalid, never an exception."""
    assert isinstance(_World().interpret(value), Filtered | Invalid)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_damaged_record_is_answered(place: int, damage: bytes) -> None:
    """Any damage to a real event of the sample schema ends as an event or as Invalid."""
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "app_event.avsc").read_text())
    plan = _Seen()
    topic = TopicDecoding("bare", reader(schema, plan), lambda _: (plan, ()))
    decoding = Decoding({"events": topic}, None, lambda _: None, Random(1))
    value = bytearray(b"\x02" * 300)
    value[place % 300 : place % 300 + len(damage)] = damage
    assert isinstance(decoding.interpret(_record(bytes(value))), Filtered | Invalid)


NODE = {"type": "record", "name": "Node", "namespace": "a.b", "fields": [{"name": "next", "type": ["null", "Node"]}]}
NOTHING = {"type": "record", "name": "Nothing", "fields": []}


@pytest.mark.parametrize("length", [10, 5_000, 1_000_000])
def test_a_value_that_nests_without_end_is_answered(length: int) -> None:
    """A type that contains itself cannot take the process with it, however deep the value goes."""
    plan = _Seen()
    topic = TopicDecoding("bare", reader(NODE, plan), lambda _: (plan, ()))
    found = Decoding({"events": topic}, None, lambda _: None, Random(1)).interpret(_record(b"\x02" * length + b"\x00"))
    assert found == Filtered("seen") if length == 10 else _reason(found) is Reason.CORRUPT_AVRO


@pytest.mark.parametrize(
    "items",
    [
        "null",
        NOTHING,
        {"type": "fixed", "name": "F", "size": 0},
        {"type": "record", "name": "R", "fields": [{"name": "n", "type": NOTHING}]},
    ],
)
def test_an_array_of_items_without_bytes_is_refused(items: object) -> None:
    """A few bytes of a value would claim more items than memory holds."""
    schema = {"type": "record", "name": "E", "fields": [{"name": "a", "type": ["null", {"type": "array", "items": items}]}]}
    with pytest.raises(ValueError, match="take no bytes"):
        reader(schema, _Seen())


def test_a_name_used_twice_is_not_a_type_inside_itself() -> None:
    """Only real recursion takes the slower decoder."""
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": "long"}]}
    schema = {
        "type": "record",
        "name": "E",
        "fields": [{"name": "a", "type": inner}, {"name": "b", "type": {"type": "array", "items": "I"}}],
    }
    assert reader(schema, _Seen()).read is fastavro.schemaless_reader
    assert reader(NODE, _Seen()).read is not fastavro.schemaless_reader
