"""What is wrong with a `sandbox.yaml` or a list of faults, in the words of somebody who writes one.

**Rule**: no text repeats a value that was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from connector.document import Path

_TEXTS = {
    "extra_forbidden": "unknown key",
    "missing": "this key is required",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be printable ASCII",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "tuple_type": "a list is expected here",
    "frozen_set_type": "a list is expected here",
    "dict_type": "a mapping of keys and values is expected here",
    "model_type": "a mapping of keys and values is expected here",
    "json_invalid": "this is no JSON: {error}",
}


def wording(error: ValidationError) -> list[tuple[Path, str]]:
    """Return where each problem stands, and what it is."""
    return [(tuple(item["loc"]), _text(item)) for item in error.errors(include_url=False, include_input=False)]


def lines(problems: list[tuple[Path, str]]) -> list[str]:
    """Return the problems as text, each behind its place where it has one: "0.rate: must be at most 1"."""
    return [f"{'.'.join(map(str, path))}: {text}" if path else text for path, text in problems]


def _text(item: Mapping[str, Any]) -> str:
    shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in item.get("ctx", {}).items()}
    return _TEXTS.get(item["type"], "not what is expected here").format(**shown)
