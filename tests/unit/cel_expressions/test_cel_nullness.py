"""Null safety: where a nullable value may stand, and where it is a problem before the first record."""

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import Expression

SAFE = [
    "event.amount_cents",
    "event.amount_cents == 5",
    "event.amount_cents != null ? event.amount_cents / 100 : 0",
    "event.amount_cents == null ? 0 : event.amount_cents / 100",
    "has(event.amount_cents) ? event.amount_cents / 100 : 0",
    "has(event.amount_cents) && event.amount_cents > 100",
    "!has(event.amount_cents) || event.amount_cents > 100",
    "event.amount_cents == null || event.amount_cents > 100",
    "!(event.amount_cents == null) && event.amount_cents > 100",
    "event.amount_cents == 1250 && event.amount_cents + 1 > 2",
    "has(event.amount_cents) && event.is_test && event.amount_cents > 1",
    "event.currency in ['EUR', 'USD']",
    "event.currency in ['EUR'] && event.currency.size() == 3",
    "event.previous_device != null && event.previous_device.id.size() > 1",
    "has(event.previous_device.idfa) && event.previous_device.idfa.size() > 1 && event.previous_device.id.size() > 1",
    "event.previous_device.parent.parent.id == 'x'",
    "has(event.props.a) && event.props.b == 'x'",
    "event.?props.?a.orValue('x') + 'y'",
    "event.?amount_cents.orValue(0) + 1",
    "event.consent == true && event.is_test",
    "has(event.tags) ? event.tags.join(',') : ''",
    "event.items[0].note == 'x'",
    "event.extra != null && event.extra.startsWith('a')",
    "string(record.key) + 'x'",
    "[null, 1]",
]
UNSAFE = [
    ("event.amount_cents / 100", "event.amount_cents", 0),
    ("1 + event.amount_cents", "event.amount_cents", 4),
    ("double(event.amount_cents) / 100.0", "event.amount_cents", 7),
    ("event.consent && event.is_test", "event.consent", 0),
    ("!event.consent", "event.consent", 1),
    ("event.consent ? 1 : 2", "event.consent", 0),
    ("event.currency.size() > 1 && has(event.currency)", "event.currency", 0),
    ("has(event.amount_cents) || event.amount_cents > 100", "event.amount_cents", 27),
    ("event.amount_cents == null && event.amount_cents > 100", "event.amount_cents", 30),
    ("event.amount_cents != null ? 0 : event.amount_cents + 1", "event.amount_cents", 33),
    ("event.previous_device.id.size()", "event.previous_device.id", 0),
    ("event.props.a", "event.props", 0),
    ("has(event.props.a) ? event.props.a.size() : 0", "event.props.a", 21),
    ("'x' in event.tags", "event.tags", 7),
    ("size(event.tags)", "event.tags", 5),
    ("[event.currency]", "event.currency", 1),
    ("event.labels[event.currency]", "event.currency", 13),
    ("event.extra.startsWith('a')", "event.extra", 0),
    ("event.items[0].note.size()", "event.items[0].note", 0),
    ("event.amount_cents == event.quantity || event.amount_cents > 1", "event.amount_cents", 40),
]


@pytest.mark.parametrize("text", SAFE)
def test_a_guarded_value_may_be_used(compiler: Compiler, text: str) -> None:
    """What is compared, tested for null or given a default needs nothing else."""
    assert isinstance(compiler.compile(text), Expression)


@pytest.mark.parametrize(("text", "culprit", "offset"), UNSAFE)
def test_an_unguarded_value_is_a_problem(compiler: Compiler, text: str, culprit: str, offset: int) -> None:
    """The problem names the value and points at its first character."""
    problems = compiler.compile(text)
    assert not isinstance(problems, Expression)
    assert [(problem.message, problem.offset) for problem in problems] == [(f"`{culprit}` can be null here", offset)]
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("text", "nullable"),
    [
        ("event.is_test ? event.currency : 'x'", True),
        ("event.is_test ? 'x' : 'y'", False),
        ("has(event.currency) ? event.currency : 'x'", False),
        ("event.?currency.orValue('x')", False),
        ("event.previous_device.id", True),
        ("event.?currency", True),
        ("event.name", False),
        ("event.is_test ? dyn('x') : null", True),
    ],
)
def test_whether_a_result_can_be_null_is_known(compiler: Compiler, text: str, nullable: bool) -> None:  # noqa: FBT001  # a parameter of the table
    """A caller that requires a value is told when none may come."""
    expression = compiler.compile(text)
    assert isinstance(expression, Expression)
    assert expression.nullable is nullable


def test_a_condition_known_to_hold_guards_the_expression(compiler: Compiler) -> None:
    """What the condition of a rule shows not to be null may be used in the rule, and only that."""
    text = "double(event.amount_cents) / 100.0"
    given = "event.name == 'purchase' && event.amount_cents != null"
    assert isinstance(compiler.compile(text, given), Expression)
    assert not isinstance(compiler.compile(text, "event.name == 'purchase'"), Expression)
    assert not isinstance(compiler.compile(text, "event.nam =="), Expression)
    path = compiler.compile("event.previous_device.id", "has(event.previous_device)")
    assert isinstance(path, Expression)
    assert not path.nullable
    assert path.path == ("previous_device", "id")
