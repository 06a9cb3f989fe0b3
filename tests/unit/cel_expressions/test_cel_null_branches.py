"""Null in a branch of `? :`: the natural way to leave a parameter out."""

from __future__ import annotations

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import Expression
from connector.record import Record, TopicPartition

RECORD = Record(TopicPartition("t", 0), 0, 0, None, b"", ())


def compiled(compiler: Compiler, text: str) -> Expression:
    """Return the expression, which must compile."""
    found = compiler.compile(text)
    assert isinstance(found, Expression), found
    return found


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("event.amount_cents == null ? null : double(event.amount_cents) / 100.0", "double", 12.5),
        ("event.amount_cents != null ? double(event.amount_cents) / 100.0 : null", "double", 12.5),
        ("event.is_test ? null : event.quantity > 1 ? null : event.quantity", "int", None),
        ("event.is_test ? (event.quantity > 1 ? 1.5 : null) : null", "double", 1.5),
        ("event.is_test ? null : 1 // x ? null : 'y'", "int", None),
        ("(event.is_test ? null : event.quantity) == 3", "bool", False),
        ("event.is_test ? event.quantity : null", "int", 3),
        ("event.name == '? null :' ? null : event.score", "double", 0.5),
        ('event.name == "it\'s ? null :" ? null : event.score', "double", 0.5),
    ],
)
def test_null_may_be_a_branch(compiler: Compiler, text: str, kind: str, value: object) -> None:
    """The type is that of the other branch, so that what does not fit a parameter is still found."""
    event = {"amount_cents": 1250, "is_test": True, "quantity": 3, "name": "? null : nul_", "score": 0.5}
    found = compiled(compiler, text)
    assert (found.type, found.text) == (kind, text)
    assert found.evaluate(event, RECORD) == value


def test_a_branch_of_null_makes_the_whole_nullable(compiler: Compiler) -> None:
    """Where Adjust requires a value, such an expression is refused like any other that can be null."""
    text = "event.amount_cents == null ? null : double(event.amount_cents)"
    assert compiled(compiler, text).nullable
    assert not compiled(compiler, f"({text}) == 1.0").nullable
    assert compiled(compiler, text).evaluate({"amount_cents": None}, RECORD) is None


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("double(event.is_test ? null : 1)", 21, "this value can be null here"),
        ('event.is_test ? null : event.consent == true ? 1 : "x"', 45, "must have one type, not int and string"),
        ("event.is_test ? null : event.quantty", 29, "has no field `quantty`"),
        ("nul_ == 1 ? null : 1", 0, "there is no `nul_`"),
    ],
)
def test_what_else_is_wrong_is_told_at_its_place(compiler: Compiler, text: str, offset: int, message: str) -> None:
    """The second look reports what the first would, at the same character, and hides nothing."""
    found = compiler.compile(text)
    assert isinstance(found, tuple)
    assert any(problem.offset == offset and message in problem.message for problem in found), found
