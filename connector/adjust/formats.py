"""How Adjust wants each kind of value written: pure functions from a value to the text that is sent.

A converter returns the text, None where the parameter is to be left out, or `Refused`. It takes what a CEL expression
returns: None, bool, int, float, str, bytes, `datetime` or `Decimal`.

**Rule**: a value is written another way, never changed: nothing is rounded, cut or guessed. A refusal names the kind of
fault and never the value. Does not know percent-encoding (`connector.mapping.form`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from connector.outcome import Reason


class Refused(NamedTuple):
    """The value cannot be sent; `message` completes "the parameter ..." and holds no data."""

    reason: Reason
    message: str


Converted = str | None | Refused
"""The text to send, None to leave the parameter out, or a refusal."""

Convert = Callable[[object], Converted]


@dataclass(frozen=True, slots=True)
class Format:
    """A way of writing a value.

    `accepts` are the CEL types it can come from, `means` completes "must be ...". `unreserved` says that the text holds
    only letters, digits and `-`, `.`, `_`, `~`, which every encoding leaves alone.
    """

    name: str
    convert: Convert
    accepts: frozenset[str]
    means: str
    unreserved: bool = True


def refused(message: str) -> Refused:
    """Return the refusal of a value that is not of its format."""
    return Refused(Reason.INVALID_VALUE, message)


_INTEGER = re.compile(r"[0-9]{1,18}")
OS_NAMES = frozenset(
    [
        "android",
        "android-tv",
        "apple-tv",
        "bada",
        "blackberry",
        "fire-tv",
        "ios",
        "linux",
        "macos",
        "nintendo",
        "playstation",
        "roku-os",
        "server",
        "smart-cast",
        "steamos",
        "symbian",
        "tizen",
        "unknown",
        "webos",
        "windows",
        "windows-phone",
        "xbox",
    ]
)
"""Allowed values of `os_name` (Adjust: S2S developer guide)."""


def text(value: object) -> Converted:
    """Write a text as it is. Numbers are written plainly; an empty text says nothing and is left out."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        return refused("is not a text")
    return str(value)


def integer(value: object) -> Converted:
    """Write a whole number that is not negative; digits in a text are taken too."""
    if isinstance(value, bool):
        return refused("is a boolean, not a whole number")
    if isinstance(value, int):
        return str(value) if value >= 0 else refused("is negative")
    if value is None or value == "":
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return value
    return refused("is not a whole number")


def boolean(value: object) -> Converted:
    """Write a boolean as 1 or 0 (Adjust: S2S events); 0 and 1, "true" and "false" are taken too."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | int):
        return str(int(value)) if value in {0, 1} else refused("is not 0 or 1")
    if isinstance(value, str):
        return {"1": "1", "0": "0", "true": "1", "false": "0"}.get(value.lower(), refused("is not a boolean"))
    return refused("is not a boolean")


def currency(value: object) -> Converted:
    """Write a currency code: three letters, upper case (Adjust: S2S events)."""
    if isinstance(value, str):
        if len(value) == 3 and value.isascii() and value.isalpha():
            return value.upper()
        return refused("is not a three-letter currency code") if value else None
    return None if value is None else refused("is not a text")


def os_name(value: object) -> Converted:
    """Write an operating system in Adjust's words (Adjust: S2S developer guide).

    Case does not matter, and `_` stands for `-`, since an Avro enum cannot hold a hyphen.
    """
    if not isinstance(value, str):
        return None if value is None else refused("is not a text")
    if not value:
        return None
    if value in OS_NAMES:
        return value
    name = value.lower().replace("_", "-")
    return name if name in OS_NAMES else refused("is not one of Adjust's operating systems")


def environment(value: object) -> Converted:
    """Write `sandbox` or `production` (Adjust: S2S events)."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) and value in {"sandbox", "production"} else refused("is not sandbox or production")


def att_status(value: object) -> Converted:
    """Write Apple's App Tracking Transparency status, 0 to 3 (Adjust: S2S developer guide).

    Adjust's SDK reports -1 where the status cannot be read: it is left out.
    """
    if value is None:
        return None
    found = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else "?"
    if found in {"", "-1"}:
        return None
    return found if found in {"0", "1", "2", "3"} else refused("is not a status from 0 to 3")


def publisher(value: object) -> Converted:
    """Write the one value of `source` (Adjust: S2S ad revenue)."""
    return "publisher" if value == "publisher" else refused("must be publisher")


TEXT = Format("text", text, frozenset({"string", "int", "uint"}), "a text", unreserved=False)
INTEGER = Format("integer", integer, frozenset({"int", "uint", "string"}), "a whole number, not negative")
BOOLEAN = Format("boolean", boolean, frozenset({"bool", "int", "uint", "string"}), "a boolean")
CURRENCY = Format("currency", currency, frozenset({"string"}), "a three-letter currency code")
OS_NAME = Format("os_name", os_name, frozenset({"string"}), "one of Adjust's operating systems")
ENVIRONMENT = Format("environment", environment, frozenset({"string"}), "sandbox or production")
ATT_STATUS = Format("att_status", att_status, frozenset({"int", "uint", "string"}), "a status from 0 to 3")
PUBLISHER = Format("publisher", publisher, frozenset({"string"}), '"publisher"')
