"""What is wrong with an expression: the message, the place, the suggestion."""

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import Expression, ExpressionProblem


def problems(compiler: Compiler, text: str) -> tuple[ExpressionProblem, ...]:
    """Compile an expression that must not compile."""
    found = compiler.compile(text)
    assert not isinstance(found, Expression)
    return found


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("event.devise.id", 6, "`com.acme.AppEvent` has no field `devise`", "did you mean `event.device.id`?"),
        ("event.device.idda == 'x'", 13, "`com.acme.Device` has no field `idda`", "did you mean `event.device.idfa`?"),
        ("event.items[0].skuu", 15, "`com.acme.shop.Item` has no field `skuu`", "did you mean `event.items[0].sku`?"),
        ("'😀' == event.nam", 13, "`com.acme.AppEvent` has no field `nam`", "did you mean `event.name`?"),
        ("event.is_test\n  && event.nam == 'x'", 25, "`com.acme.AppEvent` has no field `nam`", "did you mean `event.name`?"),
        ("record.topics", 7, "`record` has no field `topics`", "did you mean `record.topic`?"),
        ("name == 'x'", 0, "there is no `name`", "did you mean `event.name`?"),
        ("device.id == 'x'", 0, "there is no `device.id`", "did you mean `event.device.id`?"),
        ("evnt.name", 0, "there is no `evnt.name`", "did you mean `event.name`?"),
        ("event.name.lower()", 11, "there is no function `lower`", "did you mean `lowerAscii`?"),
        (
            "event.name.lowerAscii",
            11,
            "a value of type string has no fields",
            "a function is called with parentheses: `lowerAscii()`",
        ),
        ("event.quantity + 'x'", 15, "`+` does not take int and string", "write string(...) around what is not a string"),
        ("event.tags != null", 11, "`!=` does not take list(string) and null", "write `has(event.tags)`"),
        ("event.name ==", 13, "syntax: the expression ends too early", None),
        ("event.name = 'x'", 11, "syntax: token recognition error at: '= '", "equality is written `==`"),
        ('event.name + "x', 13, "syntax: a text begins here and does not end", None),
        ("event.in", 6, "syntax: `in` is a word of CEL", "write the field in backticks: .`in`"),
        ("event.quantity ? 1 : 2", 15, "the condition of `? :` must be a bool, not int", None),
        ("event.items.exists(i, i.sku == 'a')", 12, "the macro `exists` is not supported", None),
        ("optional.of(1)", 9, "the function `optional.of` is not supported", None),
        ("com.acme.Device{id: 'a'}", 0, "an expression cannot make a com.acme.Device", None),
        ("record", 0, "`record` as a whole is not a value", "read one of its fields, such as `record.topic`"),
        ("event.name.matches('(')", 19, "not a regular expression of RE2: missing ): (", None),
        ("'a' + '\0'", 7, "an expression cannot hold the character U+0000", 'in a string, write "\\u0000"'),
        ("", 0, "syntax: the expression ends too early", None),
    ],
)
def test_a_problem_says_what_where_and_what_to_do(
    compiler: Compiler, text: str, offset: int, message: str, hint: str | None
) -> None:
    """The message is in the user's words, the offset is the character at fault, the hint is the likely correction."""
    assert problems(compiler, text) == (ExpressionProblem(message, offset, hint),)


def test_a_bare_word_may_have_been_meant_as_text(compiler: Compiler) -> None:
    """A word that is no field is suggested in quotes."""
    (problem,) = problems(compiler, "event.name == purchase")
    assert problem.offset == 14
    assert problem.hint is not None
    assert '"purchase"' in problem.hint


def test_every_problem_of_an_expression_is_told(compiler: Compiler) -> None:
    """Several mistakes come together, in the order of the text, without those that only follow from another."""
    found = problems(compiler, "event.nam == 'x' && event.devise.id == 'y' && event.quantity > 1.0")
    assert [problem.offset for problem in found] == [6, 26, 61]


def test_nesting_beyond_the_checkers_limit_is_a_problem(compiler: Compiler) -> None:
    """No expression can break the loading of a mapping."""
    for text in ("(" * 40 + "1" + ")" * 40, " + ".join(["event.quantity"] * 500)):
        assert problems(compiler, text)
