"""Which schemas can be shown to CEL, and what their names become."""

import pytest

from connector.mapping.cel.compiler import Compiler, SchemaProblem
from connector.mapping.cel.expression import Expression
from connector.record import Record

Field = dict[str, object]


def schema(*fields: Field, name: str = "E", **more: object) -> dict[str, object]:
    """A record schema."""
    return {"type": "record", "name": name, "fields": list(fields), **more}


def value(compiler: Compiler, text: str, event: dict[str, object], record: Record) -> object:
    """Evaluate an expression that must compile."""
    expression = compiler.compile(text)
    assert isinstance(expression, Expression), expression
    return expression.evaluate(event, record)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("string", "top level"),
        (schema({"name": "a", "type": "Missing"}), "Missing"),
        (schema({"name": "a-b", "type": "string"}), "E"),
        (schema({"name": "a", "type": "string"}, {"name": "a", "type": "int"}), "'a'"),
        (schema({"name": "a", "type": schema(name="E")}), "'E'"),
        (schema({"name": "a", "type": {"type": "fixed", "name": "F"}}), "'F'"),
        (schema(name="Timestamp", namespace="google.protobuf"), "google.protobuf.Timestamp"),
        (schema({"name": "a", "type": 5}), "5"),
        ({"type": "record", "fields": []}, "without a name"),
        ({"type": "record", "name": "E"}, "'E'"),
        (None, "None"),
    ],
)
def test_a_schema_that_cannot_be_shown_is_one_clear_error(bad: object, named: str) -> None:
    """The error names what stands in the way."""
    with pytest.raises(SchemaProblem, match=named):
        Compiler(bad)


def test_namespaces_and_references(record: Record) -> None:
    """Names resolve in the namespace they stand in; records of several namespaces may refer to each other."""
    inner = schema({"name": "outer", "type": ["null", "a.b.Outer"]}, name="Inner", namespace="a.c")
    compiler = Compiler(
        schema({"name": "inner", "type": inner}, {"name": "again", "type": ["null", "a.c.Inner"]}, name="a.b.Outer")
    )
    event: dict[str, object] = {"inner": {"outer": {"inner": {"outer": None}, "again": None}}, "again": None}
    assert value(compiler, "event.inner.outer.inner.outer == null", event, record) is True
    assert value(compiler, "event.again.outer.again == null", event, record) is True


def test_names_that_could_collide(record: Record) -> None:
    """Neither a record named like a variable, nor names that differ only in case or underscores, nor CEL's words are a problem."""
    fields: list[Field] = [
        {"name": name, "type": "string"} for name in ("fooBar", "foo_bar", "in", "null", "package", "KafkaRecord", "E")
    ]
    compiler = Compiler(schema(*fields, {"name": "k", "type": schema(name="KafkaRecord")}, name="event"))
    event: dict[str, object] = {"fooBar": "1", "foo_bar": "2", "in": "3", "null": "4", "package": "5", "k": {}}
    assert value(compiler, "event.fooBar + event.foo_bar + event.`in` + event.`null` + event.package", event, record) == "12345"
    assert value(compiler, "record.topic", event, record) == "app-events"


def test_unions_are_read_by_the_type_of_their_value(record: Record) -> None:
    """In a union of several types a value is converted where its Python type tells the branch."""
    day = {"type": "int", "logicalType": "date"}
    compiler = Compiler(schema({"name": "u", "type": ["string", day]}, {"name": "only", "type": ["long"]}))
    assert value(compiler, "string(event.u)", {"u": 1, "only": 2}, record) == "1970-01-02T00:00:00Z"
    assert value(compiler, "string(event.u)", {"u": "x", "only": 2}, record) == "x"
    assert value(compiler, "event.only + 1", {"u": "x", "only": 2}, record) == 3


def test_a_uuid_of_sixteen_bytes_is_text(record: Record) -> None:
    """The two forms of Avro's uuid read the same."""
    compiler = Compiler(schema({"name": "id", "type": {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}}))
    assert value(compiler, "event.id", {"id": bytes(range(16))}, record) == "00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_an_invalid_logical_type_is_its_plain_type(record: Record) -> None:
    """As Avro says: a decimal without precision is bytes, an unknown logical type is nothing."""
    odd = {"type": "bytes", "logicalType": "decimal"}
    compiler = Compiler(schema({"name": "a", "type": odd}, {"name": "b", "type": {"type": "long", "logicalType": "x"}}))
    assert value(compiler, "event.a == b'x' && event.b == 1", {"a": b"x", "b": 1}, record) is True


def test_a_record_that_contains_itself_is_converted_at_every_depth(record: Record) -> None:
    """Logical types inside a recursive record are read when the record is read as a whole."""
    node = schema(
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}, {"name": "next", "type": ["null", "E"]}
    )
    compiler = Compiler(node)
    event: dict[str, object] = {"at": 0, "next": {"at": 1000, "next": None}}
    assert value(compiler, "dyn(event).next.at == timestamp(1)", event, record) is True
