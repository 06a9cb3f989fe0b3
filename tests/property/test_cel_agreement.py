"""The evaluator against CEL's own interpreter, and against anything that decodes."""

from __future__ import annotations

import math
from collections.abc import Callable

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings
from google.protobuf import message, message_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import EvaluationError, Expression
from connector.mapping.cel.messages import build_pool
from connector.mapping.cel.schema import read_schema
from connector.mapping.cel.shapes import records
from connector.record import Record, TopicPartition

RECORD = Record(TopicPartition("t", 0), 7, 1_700_000_000_000, b"k", b"", (("h", b"v"),))
FIELDS: list[dict[str, object]] = [
    {"name": "text", "type": "string"},
    {"name": "number", "type": "long"},
    {"name": "double", "type": "double"},
    {"name": "flag", "type": "boolean"},
    {"name": "data", "type": "bytes"},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "maybe_text", "type": ["null", "string"]},
    {"name": "maybe_number", "type": ["null", "long"]},
    {"name": "texts", "type": {"type": "array", "items": "string"}},
    {"name": "numbers", "type": {"type": "map", "values": "long"}},
    {"name": "inner", "type": {"type": "record", "name": "Inner", "fields": [{"name": "text", "type": "string"}]}},
]
SCHEMA = {"type": "record", "name": "Event", "namespace": "oracle", "fields": FIELDS}
SHAPE = read_schema(SCHEMA)
POOL = build_pool(records(SHAPE))
MESSAGE = message_factory.GetMessageClass(POOL.FindMessageTypeByName("oracle.Event"))
ORACLE = cel.NewEnv(
    descriptor_pool=POOL,
    variables={"event": cel.Type("oracle.Event")},
    extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
)
OURS = Compiler(SCHEMA)

letters = st.text(st.sampled_from("aAbB ,é😀-1"), max_size=6)
"""Few characters, so that searches find something; no NUL, at which the oracle cuts."""
small = st.integers(-(2**53), 2**53)
"""Ints that a double holds exactly: beyond, the oracle compares an int with a double inexactly."""
numbers = st.one_of(st.integers(-5, 5), small, st.sampled_from([-(2**63), 2**63 - 1]))
doubles = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.5, 1e6, 1e-5, 1e300]), st.floats(allow_nan=False))
moments = st.integers(-(10**12), 4 * 10**12)

events = st.fixed_dictionaries(
    {
        "text": letters,
        "number": numbers,
        "double": doubles,
        "flag": st.booleans(),
        "data": st.binary(max_size=4).filter(lambda data: 0 not in data),
        "at": moments,
        "maybe_text": st.none() | letters,
        "maybe_number": st.none() | numbers,
        "texts": st.lists(letters, max_size=3),
        "numbers": st.dictionaries(st.sampled_from(["a", "b"]), numbers),
        "inner": st.fixed_dictionaries({"text": letters}),
    }
)


def quoted(text: str) -> str:
    """A CEL literal of a text without quotes and backslashes."""
    return f'"{text}"'


def as_message(event: dict[str, object]) -> message.Message:
    """The event as the oracle takes it."""
    built = MESSAGE()
    for name, value in event.items():
        field = getattr(built, name)
        if value is None:
            continue
        if name == "at":
            field.FromMilliseconds(value)
        elif isinstance(value, list):
            field.extend(value)
        elif name == "inner":
            field.text.value = value["text"]  # type: ignore[index]  # the one nested record
        elif isinstance(value, dict):
            field.update(value)
        else:
            field.value = value
    assert isinstance(built, message.Message)
    return built


def binary(inner: st.SearchStrategy[str], *operators: str) -> st.SearchStrategy[str]:
    """Two operands and an operator, in parentheses."""
    return st.builds(lambda left, sign, right: f"({left} {sign} {right})", inner, st.sampled_from(operators), inner)


def calls(pattern: str, *inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A pattern with operands in it."""
    return st.tuples(*inner).map(lambda parts: pattern.format(*parts))


class Grammar:
    """Expressions by type, each level built of the one below.

    `substring` with an end is left out: the oracle refuses the end of the text itself as an end, which the language allows.
    """

    def __init__(self, depth: int) -> None:
        leaf = depth == 0
        below = self if leaf else Grammar(depth - 1)
        self.text: st.SearchStrategy[str] = self._texts(below, leaf=leaf)
        self.number: st.SearchStrategy[str] = self._numbers(below, leaf=leaf)
        self.double: st.SearchStrategy[str] = self._doubles(below, leaf=leaf)
        self.list: st.SearchStrategy[str] = self._lists(below, leaf=leaf)
        self.bool: st.SearchStrategy[str] = self._bools(below, leaf=leaf)

    @staticmethod
    def _texts(below: Grammar, *, leaf: bool) -> st.SearchStrategy[str]:
        plain = st.sampled_from(["event.text", "event.inner.text", '(has(event.maybe_text) ? event.maybe_text : "none")'])
        leaves = plain | letters.map(quoted)
        if leaf:
            return leaves
        text, number = below.text, below.number
        return st.one_of(
            leaves,
            binary(text, "+"),
            calls("{}.{}()", text, st.sampled_from(["lowerAscii", "upperAscii", "trim", "reverse"])),
            calls("{}.replace({}, {})", text, text, text),
            calls("{}.replace({}, {}, {})", text, text, text, st.integers(-1, 3).map(str)),
            calls("{}.substring({})", text, st.integers(-1, 5).map(str)),
            calls("{}.charAt({})", text, st.integers(-1, 5).map(str)),
            calls("{}.join({})", below.list, text),
            calls("string({})", number | below.bool | st.sampled_from(["event.data", "event.at"])),
            # The oracle writes a NaN with the sign the processor happened to give it.
            calls('({0} == {0} ? string({0}) : "nan")', below.double),
            calls("({} ? {} : {})", below.bool, text, text),
            calls("{}[{}]", below.list, st.integers(-1, 2).map(str)),
        )

    @staticmethod
    def _numbers(below: Grammar, *, leaf: bool) -> st.SearchStrategy[str]:
        plain = st.sampled_from(
            ["event.number", "event.numbers.a", 'event.numbers["b"]', "(event.maybe_number != null ? event.maybe_number : 3)"]
        )
        leaves = plain | st.integers(-5, 5).map(str) | numbers.map(str)
        if leaf:
            return leaves
        return st.one_of(
            leaves,
            binary(below.number, "+", "-", "*", "/", "%"),
            calls("size({})", below.text | below.list | st.sampled_from(["event.data", "event.numbers"])),
            calls("-({})", below.number),
            calls("int({})", below.double | below.text | st.just("event.at")),
            calls("{}.indexOf({})", below.text, below.text),
            calls("{}.lastIndexOf({})", below.text, below.text),
            calls("({} ? {} : {})", below.bool, below.number, below.number),
        )

    @staticmethod
    def _doubles(below: Grammar, *, leaf: bool) -> st.SearchStrategy[str]:
        leaves = st.just("event.double") | doubles.filter(math.isfinite).map(repr)
        if leaf:
            return leaves
        return st.one_of(leaves, binary(below.double, "+", "-", "*", "/"), calls("double({})", below.number | below.text))

    @staticmethod
    def _lists(below: Grammar, *, leaf: bool) -> st.SearchStrategy[str]:
        leaves = st.just("event.texts")
        if leaf:
            return leaves
        made = st.lists(below.text, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        split = calls("{}.split({})", below.text, below.text)
        limited = calls("{}.split({}, {})", below.text, below.text, st.integers(-1, 3).map(str))
        return st.one_of(leaves, made, split, limited, binary(below.list, "+"))

    @staticmethod
    def _bools(below: Grammar, *, leaf: bool) -> st.SearchStrategy[str]:
        leaves = st.sampled_from(
            ["event.flag", "true", "has(event.maybe_text)", "has(event.numbers.a)", "(event.maybe_number == null)"]
        )
        if leaf:
            return leaves
        compare = ("==", "!=", "<", "<=", ">", ">=")
        mixed = st.one_of(small.map(str), st.sampled_from(["event.double", "event.text", "1.5", "2u", "true"]))
        return st.one_of(
            leaves,
            binary(below.bool, "&&", "||", "==", "!="),
            calls("!{}", below.bool),
            binary(below.text, *compare),
            binary(below.number, *compare),
            binary(below.double, *compare),
            binary(mixed.map(lambda text: f"dyn({text})"), *compare),
            binary(st.one_of(mixed, st.just("null")).map(lambda text: f"dyn({text})"), "==", "!="),
            binary(below.list, "==", "!="),
            calls("({} == {})", st.sampled_from(["event.maybe_text"]), below.text),
            calls("({} in {})", below.text, below.list),
            calls("({} in event.numbers)", below.text),
            calls("{}.{}({})", below.text, st.sampled_from(["startsWith", "endsWith", "contains"]), below.text),
            calls("{}.matches({})", below.text, st.sampled_from([r'"^a"', r'"[ab]+$"', r'"(?i)A.b"', r'"é|😀"'])),
            calls("(event.at {} timestamp({}))", st.sampled_from(compare), st.integers(-(10**9), 4 * 10**9).map(str)),
        )


GRAMMAR = Grammar(3)
expressions = st.one_of(GRAMMAR.bool, GRAMMAR.text, GRAMMAR.number, GRAMMAR.double, GRAMMAR.list)


def oracle(text: str, event: dict[str, object]) -> object:
    """The interpreter's answer: a value, or an EvaluationError."""
    value = ORACLE.compile(text).eval(data={"event": as_message(event)})
    if value.type() == cel.Type.ERROR:
        return EvaluationError("")
    plain = value.plain_value()
    return bytes(plain) if isinstance(plain, bytearray) else plain


def same(one: object, other: object) -> bool:
    """Equality that takes NaN for NaN, and any error for any error."""
    if isinstance(one, EvaluationError) or isinstance(other, EvaluationError):
        return isinstance(one, EvaluationError) and isinstance(other, EvaluationError)
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=expressions, event=events)
def test_the_evaluator_agrees_with_cels_interpreter(text: str, event: dict[str, object]) -> None:
    """Whatever the expression and the event, both give the same value, or both an error."""
    compiled = OURS.compile(text)
    assert isinstance(compiled, Expression), (text, compiled)
    ours, theirs = compiled.evaluate(event, RECORD), oracle(text, event)
    assert same(ours, theirs), (text, ours, theirs)


anything: st.SearchStrategy[object] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_PLAIN: dict[object, st.SearchStrategy[object]] = {
    "string": st.text(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(),
    "boolean": st.booleans(),
    "bytes": st.binary(),
    "null": st.none(),
}


def decoded(schema: object) -> st.SearchStrategy[object]:
    """Every value that decoding can give for a schema, with logical types raw."""
    match schema:
        case list():
            return st.one_of([decoded(branch) for branch in schema])
        case {"type": "record", "fields": list() as fields}:
            return st.fixed_dictionaries({entry["name"]: decoded(entry["type"]) for entry in fields})
        case {"type": "array", "items": items}:
            return st.lists(decoded(items), max_size=3)
        case {"type": "map", "values": values}:
            return st.dictionaries(st.sampled_from(["a", "b", "c"]), decoded(values), max_size=3)
        case {"type": kind}:
            return decoded(kind)
        case _:
            return _PLAIN[schema]


DYNAMIC: list[dict[str, object]] = [
    {"name": "any", "type": ["string", "long", "double", "boolean", "bytes", {"type": "map", "values": "string"}]},
    {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 3}]},
    {"name": "nested", "type": {"type": "array", "items": ["null", {"type": "array", "items": "string"}]}},
]
WIDE_FIELDS = [*FIELDS, *DYNAMIC]
WIDE = {**SCHEMA, "fields": WIDE_FIELDS}
WIDE_COMPILER = Compiler(WIDE)
ON_ANYTHING = [
    "event.any == event.number",
    "event.any + event.any",
    "event.any < event.double",
    "event.any.startsWith('a')",
    "event.any.a == 'x'",
    "event.any['a']",
    "has(event.any.a)",
    "event.any ? 1 : 2",
    "!event.any || event.flag",
    "event.any in event.texts",
    "size(event.any)",
    "string(event.any) + string(event.double)",
    "int(event.any)",
    "[event.any] == [event.number]",
    "event.price",
    "has(event.price) ? event.price * event.double : 0.0",
    "event.nested[0]",
    "event.?any.?a.orValue('z')",
    "event",
    "event.at",
    "string(event.data)",
    "string(event.at)",
    "timestamp(event.number)",
    "int(event.double)",
    "event.texts.join(event.text).split(event.text)",
    "event.text.matches(event.inner.text)",
    "event.text.substring(event.number)",
    "event.text.replace('a', event.text, event.number)",
    "string(record.key) + record.topic",
]


def compiled(text: str) -> Callable[[dict[str, object], Record], object]:
    """The evaluation of an expression that must compile."""
    expression = WIDE_COMPILER.compile(text)
    assert isinstance(expression, Expression), (text, expression)
    return expression.evaluate


EVALUATIONS = [(text, compiled(text)) for text in ON_ANYTHING]


@settings(max_examples=100, deadline=None)
@given(event=decoded(WIDE))
def test_evaluation_is_total_on_whatever_decodes(event: dict[str, object]) -> None:
    """No event that decoding can give makes an evaluation raise."""
    for _, evaluate in EVALUATIONS:
        evaluate(event, RECORD)


@settings(max_examples=100, deadline=None)
@given(event=st.fixed_dictionaries({}, optional={str(entry["name"]): anything for entry in WIDE_FIELDS}))
def test_evaluation_is_total_on_events_of_another_shape(event: dict[str, object]) -> None:
    """Not even an event that is not of the schema makes an evaluation raise."""
    for _, evaluate in EVALUATIONS:
        evaluate(event, RECORD)
