"""Enums: what no symbol is can be found before the first record."""

from __future__ import annotations

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import Expression


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('event.platform == "IOS"', []),
        ('event.platform == "iOS"', [(18, 'the enum has no symbol "iOS"', 'did you mean "IOS"?')]),
        ('"WEB" != event.platform', [(0, 'the enum has no symbol "WEB"', "its symbols are IOS, ANDROID")]),
        ('!(event.platform in ["IOS", "ANDROYD"])', [(28, 'the enum has no symbol "ANDROYD"', 'did you mean "ANDROID"?')]),
        ('event.platform.lowerAscii() == "ios"', []),
        ('event.name == "iOS"', []),
        ('event.device.id in ["x"]', []),
        ('event.is_test ? event.platform == "x" : false', [(34, 'the enum has no symbol "x"', "its symbols are IOS, ANDROID")]),
    ],
)
def test_a_comparison_that_cannot_hold_is_found(compiler: Compiler, text: str, found: list[tuple[int, str, str]]) -> None:
    """With the character of the text, and the symbol that may have been meant."""
    compiled = compiler.compile(text)
    assert isinstance(compiled, Expression)
    assert [(each.offset, each.message, each.hint) for each in compiled.impossible] == found


def test_enums_are_known_inside_unions_and_arrays() -> None:
    """A nullable enum and an array of an enum, the latter by its name."""
    kind = {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}
    fields = [{"name": "one", "type": ["null", kind]}, {"name": "many", "type": {"type": "array", "items": "Kind"}}]
    compiler = Compiler({"type": "record", "name": "R", "fields": fields})
    for text in ('event.one == "C"', '"C" in event.many', 'event.many[0] == "C"'):
        compiled = compiler.compile(text)
        assert isinstance(compiled, Expression)
        assert [each.message for each in compiled.impossible] == ['the enum has no symbol "C"'], text
    whole = compiler.compile("event.one")
    assert isinstance(whole, Expression)
    assert whole.symbols == ("A", "B")
