"""CEL's semantics in expressions that read nothing."""

import datetime as dt
import math

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import EvaluationError, Expression
from connector.record import Record

HOUR = dt.timedelta(hours=1)
VALUES: list[tuple[str, object]] = [
    ("-7 / 2", -3),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    ("-9223372036854775808", -(2**63)),
    ("1.0 / 0.0", math.inf),
    ("-1.0 / 0.0", -math.inf),
    ("0.0 / 0.0 == 0.0 / 0.0", False),
    ("18446744073709551615u - 1u", 2**64 - 2),
    ("'a' + 'b'", "ab"),
    ("b'a' + b'b'", b"ab"),
    ("[1] + [2]", [1, 2]),
    ("dyn(1) == 1.0", True),
    ("dyn(1) == 1u", True),
    ("dyn(true) == 1", False),
    ("dyn('1') == 1", False),
    ("dyn(9007199254740993) == 9007199254740992.0", False),
    ("dyn(1) < 1.5", True),
    ("dyn(-1) < 1u", True),
    ("null == null", True),
    ("dyn(0) == null", False),
    ("[dyn(1), 2.0] == [1u, 2]", True),
    ("{'a': dyn(1)} == {'a': 1.0}", True),
    ("[0.0 / 0.0] == [0.0 / 0.0]", False),
    ("false && 1 / 0 == 1", False),
    ("1 / 0 == 1 && false", False),
    ("true || 1 / 0 == 1", True),
    ("1 / 0 == 1 || true", True),
    ("false && dyn(1)", False),
    ("true ? 1 : 1 / 0", 1),
    ("1 in [1, 2]", True),
    ("dyn(1.0) in [1, 2]", True),
    ("'a' in {'a': 1}", True),
    ("null in [null]", True),
    ("{'a': 1}.a", 1),
    ("{'a': 1}['a']", 1),
    ("{1: 'a'}[1]", "a"),
    ("dyn({1: 'a'})[1.0]", "a"),
    ("{true: 'yes', dyn(1): 'one'}[true]", "yes"),
    ("has({'a': null}.a)", True),
    ("has({'a': 1}.b)", False),
    ("[1, 2, 3][2]", 3),
    ("size('aé😀')", 3),
    ("size(b'aé')", 3),
    ("'aé😀b'.substring(2, 3)", "😀"),
    ("'ÀbC'.lowerAscii()", "Àbc"),
    ("'àbC'.upperAscii()", "àBC"),
    ("'\\u00a0 x\\u2003'.trim()", "x"),
    ("'\\u001cx\\u001f'.trim()", "\x1cx\x1f"),
    ("'a,b,c'.split(',', 2)", ["a", "b,c"]),
    ("''.split('')", [""]),
    ("'abc'.split('', 2)", ["a", "bc"]),
    ("'aaa'.replace('a', 'b', 2)", "bba"),
    ("['a', 'b'].join('-')", "a-b"),
    ("'a\\nb'.matches('a.b')", False),
    ("'xay'.matches('a')", True),
    ("'a\\u0000b'.matches('^a\\\\x00b$')", True),
    ("int('-12')", -12),
    ("int(-1.9)", -1),
    ("int(timestamp('1969-12-31T23:59:59.5Z'))", -1),
    ("uint(1.9)", 1),
    ("double('1e3')", 1000.0),
    ("bool('t')", True),
    ("string(b'\\xc3\\xa9')", "é"),
    ("bytes('é')", b"\xc3\xa9"),
    ("string(1.0)", "1"),
    ("string(100000.0)", "100000"),
    ("string(1000000.0)", "1e+06"),
    ("string(1234567.25)", "1.23456725e+06"),
    ("string(0.0001)", "0.0001"),
    ("string(0.00001)", "1e-05"),
    ("string(-0.0)", "-0"),
    ("string(0.1 + 0.2)", "0.30000000000000004"),
    ("string(timestamp('2020-01-01T00:00:00.120Z'))", "2020-01-01T00:00:00.120Z"),
    ("string(timestamp('2020-01-01T00:00:00.000000001Z'))", "2020-01-01T00:00:00.000000001Z"),
    ("string(duration('-1.5s'))", "-1.500s"),
    ("duration('1h30m') > duration('89m')", True),
    ("timestamp('2020-01-01T01:00:00+01:00')", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    ("timestamp('2020-01-01T00:00:00Z') + duration('1h')", dt.datetime(2020, 1, 1, 1, tzinfo=dt.UTC)),
    ("timestamp('2020-01-01T01:00:00Z') - timestamp('2020-01-01T00:00:00Z')", HOUR),
    ("[duration('1h')]", [HOUR]),
    ("dyn('abc').startsWith('a')", True),
    ("'abc'.charAt(3)", ""),
    ("'abcabc'.lastIndexOf('b', 3)", 1),
    ("'a\\u0000b'", "a\0b"),
]
FAILURES = [
    "9223372036854775807 + 1",
    "-9223372036854775808 - 1",
    "9223372036854775807 * 2",
    "-9223372036854775808 / -1",
    "-9223372036854775808 % -1",
    "-(-9223372036854775808)",
    "1u - 2u",
    "18446744073709551615u + 1u",
    "1 / 0",
    "1 % 0",
    "dyn(1) + 1.0",
    "dyn(1) + 'a'",
    "dyn(1) < 'a'",
    "dyn(1) && true",
    "true && 1 / 0 == 1",
    "1 / 0 == 1 || false",
    "dyn(1) ? 1 : 2",
    "!dyn(1)",
    "[1][1]",
    "[1][-1]",
    "dyn([1])['a']",
    "{'a': 1}.b",
    "{'a': 1}['b']",
    "{'a': 1, 'a': 2}",
    "{dyn(1.0): 1}",
    "'abc'.substring(4)",
    "'abc'.substring(2, 1)",
    "'abc'.charAt(4)",
    "int('1.5')",
    "int('9223372036854775808')",
    "int(9223372036854775807.0)",
    "int(0.0 / 0.0)",
    "uint(-1)",
    "double('1_0')",
    "bool('yes')",
    "string(b'\\xff')",
    "timestamp('2020-02-30T00:00:00Z')",
    "timestamp('2020-01-01')",
    "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
    "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
    "duration('1')",
    "dyn(1).startsWith('a')",
    "'a'.matches(dyn('('))",
    "size(dyn(1))",
    "dyn(['a', 1]).join(',')",
]


def result(compiler: Compiler, text: str, record: Record) -> object:
    """Evaluate an expression that must compile."""
    expression = compiler.compile(text)
    assert isinstance(expression, Expression), expression
    return expression.evaluate({}, record)


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_an_expression_means_what_cel_says(compiler: Compiler, record: Record, text: str, expected: object) -> None:
    """A value is CEL's own, and of the Python type that stands for CEL's."""
    value = result(compiler, text, record)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", FAILURES)
def test_what_has_no_value_is_an_error_and_raises_nothing(compiler: Compiler, record: Record, text: str) -> None:
    """A failure comes back as a value of its own type, with a message."""
    value = result(compiler, text, record)
    assert isinstance(value, EvaluationError)
    assert value.message


def test_a_large_text_passes_whole(compiler: Compiler, event: dict[str, object], record: Record) -> None:
    """A megabyte with a NUL and an emoji in it is neither cut nor refused."""
    event["name"] = "😀\0" * 500_000
    for text, expected in (
        ("event.name", event["name"]),
        ("event.name.size()", 1_000_000),
        ("event.name.endsWith('\\u0000')", True),
    ):
        expression = compiler.compile(text)
        assert isinstance(expression, Expression)
        assert expression.evaluate(event, record) == expected


def test_a_hostile_text_does_not_hold_a_pattern(compiler: Compiler, event: dict[str, object], record: Record) -> None:
    """A pattern that backtracking engines take exponential time for is linear here."""
    expression = compiler.compile("event.name.matches('^(a+)+$')")
    assert isinstance(expression, Expression)
    event["name"] = "a" * 100_000 + "!"
    assert expression.evaluate(event, record) is False


def test_two_long_values_cannot_make_a_text_of_gigabytes(compiler: Compiler, event: dict[str, object], record: Record) -> None:
    """Functions that multiply lengths fail beyond a bound, instead of taking the process's memory."""
    event["name"] = "a" * 100_000
    event["currency"] = "b" * 100_000
    event["tags"] = ["x"] * 100_000
    for text in ("event.name.replace('a', event.currency)", "event.tags.join(event.name)"):
        expression = compiler.compile(text, "has(event.currency) && has(event.tags)")
        assert isinstance(expression, Expression)
        assert isinstance(expression.evaluate(event, record), EvaluationError)
    once = compiler.compile("event.name.replace('a', event.currency, 1).size()", "has(event.currency)")
    assert isinstance(once, Expression)
    assert once.evaluate(event, record) == 199_999
