"""The functions on strings and sizes.

**Rule**: positions and sizes are counted in code points (of bytes: in bytes). `matches` is RE2, whose time is linear in the text,
so that no value can hold the process; a literal pattern is compiled once, and a bad one is found when compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import re2

from connector.mapping.cel.overload import UNKNOWN, BadConstantError, Function, Overload
from connector.mapping.cel.values import FailedError, Value

_LONGEST_TEXT = 64 * 2**20
_ASCII_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_ASCII_UPPER = {lower: lower - 32 for lower in range(97, 123)}
_WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What `trim` removes: the code points with Unicode's property White_Space. Python's `strip()` would take four more."""


class _Pattern(Protocol):
    def search(self, text: bytes) -> object | None: ...


def _compile(pattern: str) -> _Pattern:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    compiled: _Pattern = re2.compile(pattern, options)
    return compiled


def _matches(text: str, pattern: str) -> bool:
    try:
        compiled = _compile(pattern)
    except re2.error as error:
        raise FailedError("a pattern that RE2 does not take") from error
    return compiled.search(text.encode("utf-8")) is not None


def _prepared_matches(constants: tuple[Value, ...]) -> Function | None:
    pattern = constants[1]
    if pattern is UNKNOWN or not isinstance(pattern, str):
        return None
    try:
        search = _compile(pattern).search
    except re2.error as error:
        detail = error.args[0] if error.args else "not understood"
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise BadConstantError(f"not a regular expression of RE2: {detail}", argument=1) from error
    # Bytes, not str: the binding would turn the place of every match back into code points.
    return lambda text, _: search(text.encode("utf-8")) is not None


def _bounded(length: int) -> None:
    """Fail where a text would be longer than any record: two long values could otherwise make one of gigabytes."""
    if length > _LONGEST_TEXT:
        raise FailedError("the result is a text of more than 64 Mi characters")


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    times = max(limit, -1)
    if len(new) > len(old):
        found = text.count(old)
        _bounded(len(text) + (found if times < 0 else min(found, times)) * len(new))
    return text.replace(old, new, times)


def _split(text: str, separator: str, limit: int = -1) -> list[Value]:
    if limit == 0:
        return []
    if separator:
        return list(text.split(separator, limit - 1 if limit > 0 else -1))
    if limit < 0 or limit >= len(text):
        return list(text) or [""]
    return [*text[: limit - 1], text[limit - 1 :]]


def _join(items: list[Value], separator: str = "") -> str:
    if not all(type(item) is str for item in items):
        raise FailedError("join of a list that does not hold only strings")
    _bounded(len(separator) * len(items))
    return separator.join(items)  # type: ignore[arg-type]  # just checked


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise FailedError("a substring out of range")
    return text[start:stop]


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise FailedError("a position out of range")
    return text[index : index + 1]


def _index_of(text: str, wanted: str, start: int = 0) -> int:
    if not 0 <= start <= len(text):
        raise FailedError("a position out of range")
    return text.find(wanted, start)


def _last_index_of(text: str, wanted: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(wanted)
    if not 0 <= start <= len(text):
        raise FailedError("a position out of range")
    return text.rfind(wanted, 0, start + len(wanted))


def _sizes() -> Iterator[Overload]:
    for kind in ("string", "bytes", "list", "map"):
        yield Overload(f"size_{kind}", "size", (kind,), len)
        yield Overload(f"{kind}_size", "size", (kind,), len)


_TEXT, _TEXTS = ("string",), ("string", "string")

OVERLOADS: tuple[Overload, ...] = (
    *_sizes(),
    Overload("starts_with_string", "startsWith", _TEXTS, str.startswith),
    Overload("ends_with_string", "endsWith", _TEXTS, str.endswith),
    Overload("contains_string", "contains", _TEXTS, str.__contains__),
    Overload("matches", "matches", _TEXTS, _matches, _prepared_matches),
    Overload("matches_string", "matches", _TEXTS, _matches, _prepared_matches),
    Overload("string_lower_ascii", "lowerAscii", _TEXT, lambda text: text.translate(_ASCII_LOWER)),
    Overload("string_upper_ascii", "upperAscii", _TEXT, lambda text: text.translate(_ASCII_UPPER)),
    Overload("string_trim", "trim", _TEXT, lambda text: text.strip(_WHITE_SPACE)),
    Overload("string_reverse", "reverse", _TEXT, lambda text: text[::-1]),
    Overload("string_replace_string_string", "replace", ("string", "string", "string"), _replace),
    Overload("string_replace_string_string_int", "replace", ("string", "string", "string", "int"), _replace),
    Overload("string_split_string", "split", _TEXTS, _split),
    Overload("string_split_string_int", "split", ("string", "string", "int"), _split),
    Overload("list_join", "join", ("list",), _join),
    Overload("list_join_string", "join", ("list", "string"), _join),
    Overload("string_substring_int", "substring", ("string", "int"), _substring),
    Overload("string_substring_int_int", "substring", ("string", "int", "int"), _substring),
    Overload("string_char_at_int", "charAt", ("string", "int"), _char_at),
    Overload("string_index_of_string", "indexOf", _TEXTS, _index_of),
    Overload("string_index_of_string_int", "indexOf", ("string", "string", "int"), _index_of),
    Overload("string_last_index_of_string", "lastIndexOf", _TEXTS, _last_index_of),
    Overload("string_last_index_of_string_int", "lastIndexOf", ("string", "string", "int"), _last_index_of),
)
"""The functions on strings, and `size` of everything that has one."""
