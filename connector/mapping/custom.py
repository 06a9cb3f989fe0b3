"""Custom parameters: `callback_params` and `partner_params`, one flat JSON object of texts each (Adjust: S2S events).

Names, quotes and commas are encoded when the rule is compiled; an event costs only the encoding of its values.

**Rule**: texts, numbers and booleans become texts; null is left out; everything else was refused when the rule was checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import orjson

from connector.adjust.formats import Refused, refused
from connector.mapping.cel.expression import Event
from connector.mapping.form import encode, is_unreserved, start_of
from connector.mapping.pieces import Piece, Read, failure
from connector.outcome import Invalid
from connector.record import Record

ACCEPTS = frozenset({"string", "int", "uint", "double", "bool"})
"""CEL types that have one obvious text."""


def text_of(value: object) -> str | Refused:
    """Return the text of a custom value: numbers in plain notation, booleans as true and false."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return refused("is neither a text nor a number nor a boolean")


def custom_parameters(name: str, entries: Sequence[tuple[str, Read, str]], rule: str) -> Piece:
    """Return the piece of the object `name`; `entries` are key, reader and expression text of its values."""
    opening, closing = start_of(name) + "%7B%22", "%22%7D"
    values = [(f"{_json(key)}%22%3A%22", key, read, text) for key, read, text in entries]

    def other(value: object, key: str, expression: str) -> str | Invalid:
        """Return the encoded text of a value that is not simply an unreserved text."""
        text = text_of(value)
        try:
            if isinstance(text, str):
                return _json(text)
        except orjson.JSONEncodeError:
            text = refused("is not valid Unicode")
        return failure(value, rule, expression) or Invalid(text.reason, f"rule {rule}: {name}.{key} {text.message}", rule)

    def write(event: Event, record: Record) -> str | Invalid:
        parts = []
        for start, key, read, expression in values:
            value = read(event, record)
            if value.__class__ is str and is_unreserved(value) is not None:
                parts.append(start + value)
            elif value.__class__ is int:
                parts.append(f"{start}{value}")
            elif value is not None:
                text = other(value, key, expression)
                if not isinstance(text, str):
                    return text
                parts.append(start + text)
        return opening + "%22%2C%22".join(parts) + closing if parts else ""

    return write


def _json(text: str) -> str:
    """Return `text` as it stands inside the quotes of a JSON string, percent-encoded. Raises `orjson.JSONEncodeError`."""
    if is_unreserved(text) is not None:
        return text
    return encode(orjson.dumps(text)[1:-1].decode())
