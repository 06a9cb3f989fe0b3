"""What a key of the settings takes, in words: "a whole number from 1 to 10,000".

**Rule**: the words come from the declaration of the key, so that they cannot differ from what is checked.
"""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_KINDS: dict[object, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def expectation(field: FieldInfo | None) -> str:
    """Return what completes "must be ..." for `field`; None is a Kafka property."""
    if field is None:
        return "a text, a number or a boolean"
    if allowed := choices(field):
        return " or ".join(part for part in (", ".join(allowed[:-1]), allowed[-1]) if part)
    kind = next((option for option in (field.annotation, *get_args(field.annotation)) if option is not type(None)), None)
    if get_origin(field.annotation) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return "a section of keys and values"
    return " ".join(part for part in (_KINDS.get(kind, "another value"), _range(field)) if part)


def choices(field: FieldInfo | None) -> tuple[str, ...]:
    """Return the values that `field` takes, where they are a closed set."""
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _range(field: FieldInfo) -> str:
    bounds: dict[str, float] = {}
    for limit in field.metadata:
        bounds |= {name: getattr(limit, name) for name in ("ge", "gt", "le", "lt") if getattr(limit, name, None) is not None}
    low, high = bounds.get("ge"), bounds.get("le")
    if low is not None:
        return f"from {low:,g} to {high:,.0f}" if high is not None else f"not below {low:,.0f}"
    above = f"above {bounds['gt']:,g}" if "gt" in bounds else ""
    return ", ".join(part for part in (above, f"at most {high:,.0f}" if high is not None else "") if part)
