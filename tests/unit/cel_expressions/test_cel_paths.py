"""What expressions read out of an event and out of the Kafka record."""

import datetime as dt
import decimal

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import EvaluationError, Expression
from connector.record import Record, TopicPartition

Raw = dict[str, object]

READINGS: list[tuple[str, object]] = [
    ("event.name == 'purchase'", True),
    ("event.name != 'purchase'", False),
    ("event.device.id", "d1"),
    ("event.device.parent.idfa", "P-IDFA"),
    ("event.device.parent.parent.idfa", None),
    ("event.previous_device.id", None),
    ("event.previous_device == null", True),
    ("event.previous_device.id == null", True),
    ("event.platform == 'IOS'", True),
    ("event.event_id", "0b7a3c1e-8f43-4c1c-9d07-aaaaaaaaaaaa"),
    ("event.occurred_at", dt.datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=dt.UTC)),
    ("event.received_at", dt.datetime(2023, 11, 14, 22, 13, 21, 123_456, tzinfo=dt.UTC)),
    ("event.local_time", dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)),
    ("int(event.occurred_at)", 1_700_000_000),
    ("event.occurred_at < timestamp('2024-01-01T00:00:00Z')", True),
    ("event.install_day", dt.datetime(2023, 11, 14, tzinfo=dt.UTC)),
    ("event.time_of_day", dt.timedelta(seconds=3600, milliseconds=500)),
    ("event.price", decimal.Decimal("123.45")),
    ("event.price * 2.0", 246.9),
    ("event.tax", decimal.Decimal("-7.0000")),
    ("event.tax != null ? event.tax : 0.0", -7.0),
    ("event.fingerprint", b"\x00\x01\x02\x03"),
    ("event.items[1].sku", "b-2"),
    ("event.items[1].sold_at", dt.datetime(2023, 11, 14, 22, 14, 20, tzinfo=dt.UTC)),
    ("event.items[0].note", None),
    ("size(event.items)", 2),
    ("'red' in event.tags", True),
    ("event.labels.team + event.labels['team']", "corecore"),
    ("'team' in event.labels", True),
    ("has(event.labels.nobody)", False),
    ("has(event.currency)", False),
    ("has(event.name)", True),
    ("has(event.previous_device.id)", False),
    ("event.matrix[0][1] + event.matrix[1][0]", 5),
    ("event.extra", 5),
    ("event.extra != null ? event.extra + 1 : 0", 6),
    ("event.extra == 5.0", True),
    ("event.?labels.?nobody.orValue('none')", "none"),
    ("event.?previous_device.?id.orValue('none')", "none"),
    ("event.?device.?gaid.orValue('none')", "G"),
    ("event.?previous_device.id.orValue('none')", "none"),
    ("event.quantity in [1, 3]", True),
    ("event.name in ['signup', 'purchase']", True),
    ("event.currency in ['EUR']", False),
    ("record.topic + '/' + string(record.partition) + '/' + string(record.offset)", "app-events/3/42"),
    ("record.timestamp", dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)),
    ("string(record.key)", "schlüssel"),
    ("string(record.headers['trace'])", "second"),
    ("'empty' in record.headers", False),
]


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_a_reading_gives_the_value_of_the_field(
    compiler: Compiler, event: Raw, record: Record, text: str, expected: object
) -> None:
    """Each Avro type is read as the CEL value it is documented to be."""
    guarded = f"has(event.tags) && {text}" if "event.tags" in text else text
    expression = compiler.compile(guarded)
    assert isinstance(expression, Expression), expression
    value = expression.evaluate(event, record)
    assert value == expected
    assert type(value) is type(expected)


def test_a_whole_record_is_read_with_its_logical_types(compiler: Compiler, event: Raw, record: Record) -> None:
    """Values inside a record or list that is read as a whole are converted like single ones."""
    expression = compiler.compile("event.items")
    assert isinstance(expression, Expression)
    items = expression.evaluate(event, record)
    assert isinstance(items, list)
    assert items[0]["sold_at"] == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "path", "logical", "nullable", "kind"),
    [
        ("event.device.idfa", ("device", "idfa"), None, True, "string"),
        ("event.occurred_at", ("occurred_at",), "timestamp-millis", False, "timestamp"),
        ("event.previous_device.id", ("previous_device", "id"), None, True, "string"),
        ("event.price", ("price",), "decimal", False, "double"),
        ("event.labels", ("labels",), None, False, "map"),
        ("event.device", ("device",), None, False, "com.acme.Device"),
        ("event.labels.team", None, None, False, "string"),
        ("event.name + ''", None, None, False, "string"),
        ("record.key", None, None, True, "bytes"),
    ],
)
def test_a_plain_path_is_known_as_one(
    compiler: Compiler,
    text: str,
    path: tuple[str, ...] | None,
    logical: str | None,
    nullable: bool,  # noqa: FBT001  # a parameter of the table
    kind: str,
) -> None:
    """A caller may read a plain path raw: it is told the path, the logical type and whether null can come."""
    expression = compiler.compile(text)
    assert isinstance(expression, Expression)
    assert (expression.path, expression.avro_logical, expression.nullable, expression.type) == (path, logical, nullable, kind)


def test_what_an_expression_reads_is_known(compiler: Compiler) -> None:
    """Decoding may leave out every field that no expression names."""
    expression = compiler.compile(
        "event.items[0].sku == event.device.id && has(event.device.parent.idfa) && event.?labels.?a == event.?props.?b"
    )
    assert isinstance(expression, Expression)
    assert expression.reads == {"items", "device.id", "device.parent.idfa", "labels", "props"}
    constant = compiler.compile("'a' + 'b'")
    assert isinstance(constant, Expression)
    assert constant.constant
    assert constant.reads == frozenset()


def test_the_fields_of_the_schema_are_listed(compiler: Compiler) -> None:
    """Paths go through nested records, and a record inside itself is entered once."""
    assert {"name", "device", "device.idfa", "device.parent", "previous_device.id"} <= set(compiler.fields)
    assert "device.parent.id" not in compiler.fields
    assert len([path for path in compiler.fields if "." not in path]) == 25


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("occurred_at", 2**62, "event.occurred_at"),
        ("price", b"\x7f" * 5000, "event.price"),
        ("price", b"\x7f" * 5000, "event.price + 1.0"),
        ("name", "secret", "int(event.name)"),
        ("labels", {"secret": "x"}, "event.labels.team"),
        ("items", [], "event.items[0].sku"),
        ("device", None, "event.device.id == 'x'"),
        ("name", None, "event.name.size()"),
    ],
)
def test_a_failure_says_nothing_of_the_event(
    compiler: Compiler, event: Raw, record: Record, field: str, value: object, text: str
) -> None:
    """Values out of range, missing entries and records that do not have the schema's shape are errors without data."""
    event[field] = value
    expression = compiler.compile(text)
    assert isinstance(expression, Expression)
    result = expression.evaluate(event, record)
    assert isinstance(result, EvaluationError)
    assert "secret" not in result.message
    missing = expression.evaluate({}, record)
    assert isinstance(missing, EvaluationError)


def test_a_record_without_key_and_timestamp(compiler: Compiler, event: Raw) -> None:
    """They read as null, and an expression that needs one fails."""
    bare = Record(TopicPartition("t", 0), 0, -1, None, None, ())
    for text in ("record.key", "record.timestamp"):
        expression = compiler.compile(text)
        assert isinstance(expression, Expression)
        assert expression.evaluate(event, bare) is None
    for text in ("string(record.key)", "int(record.timestamp)", "record.key + b'x'"):
        expression = compiler.compile(text)
        assert isinstance(expression, Expression)
        assert expression.evaluate(event, bare) == EvaluationError(f"record.{'timestamp' if 'time' in text else 'key'} is null")
    guarded = compiler.compile("record.key != null ? string(record.key) : 'none'")
    assert isinstance(guarded, Expression)
    assert guarded.evaluate(event, bare) == "none"
