"""The conversions: int, uint, double, string, bytes, bool, timestamp, duration.

**Rule**: nothing is converted that was not asked for, and a value out of the target's range is a failure, never cut. A double
is written with the fewest digits that give it back, with an exponent from a million on, as CEL's own implementations do.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Final

from connector.mapping.cel.operators import int_of, uint_of
from connector.mapping.cel.overload import Overload
from connector.mapping.cel.values import (
    EPOCH,
    NS_PER_SECOND,
    Duration,
    FailedError,
    Timestamp,
    Uint,
    Value,
    duration_of,
    timestamp_of,
)

_BOOLS: Final = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,4000}")
_UNSIGNED: Final = re.compile(r"\+?[0-9]{1,4000}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|(?i:inf(?:inity)?|nan))")
_MOMENT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_SPAN: Final = re.compile(r"([+-]?)(0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:h|ms|m|s|us|ns))+)")
_SPAN_PART: Final = re.compile(r"([0-9]*)\.?([0-9]*)(h|ms|m|s|us|ns)")
_UNITS_NS: Final = {"h": 3600 * NS_PER_SECOND, "m": 60 * NS_PER_SECOND, "s": NS_PER_SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
_BLANK: Final = " \t\n\v\f\r"
_UTC_DAY: Final = dt.date(1970, 1, 1)


def _int_from_double(number: float) -> int:
    # Both bounds are excluded: the doubles at them stand also for numbers beyond.
    if not -(2.0**63) < number < 2.0**63:
        raise FailedError("a double out of the range of int")
    return int(number)


def _uint_from_double(number: float) -> Uint:
    if not 0 <= number < 2.0**64:
        raise FailedError("a double out of the range of uint")
    return Uint(int(number))


def _int_from_string(text: str) -> int:
    trimmed = text.strip(_BLANK)
    if not _INTEGER.fullmatch(trimmed):
        raise FailedError("a string that is not a whole number, where int() was asked for")
    return int_of(int(trimmed))


def _uint_from_string(text: str) -> Uint:
    trimmed = text.strip(_BLANK)
    if not _UNSIGNED.fullmatch(trimmed):
        raise FailedError("a string that is not a whole number, where uint() was asked for")
    return uint_of(int(trimmed))


def _double_from_string(text: str) -> float:
    trimmed = text.strip(_BLANK)
    if not _DECIMAL.fullmatch(trimmed):
        raise FailedError("a string that is not a number, where double() was asked for")
    return float(trimmed)


def _bool_from_string(text: str) -> bool:
    found = _BOOLS.get(text)
    if found is None:
        raise FailedError("a string that is neither true nor false, where bool() was asked for")
    return found


def _text_from_bytes(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FailedError("bytes that are not UTF-8, where string() was asked for") from None


def _bytes_from_text(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise FailedError("a string that is not valid Unicode") from None


def text_of_double(number: float) -> str:
    """Return the shortest decimal notation of a double, with an exponent below 0.0001 and from a million on."""
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    mantissa, _, exponent = format(number, "e").partition("e") if number == 0 else _shortest(number)
    if -4 <= int(exponent) < 6:
        text = f"{number:.{max(len(mantissa.lstrip('-').replace('.', '')) - 1 - int(exponent), 0)}f}"
        return text if number else ("-0" if math.copysign(1, number) < 0 else "0")
    return f"{mantissa}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent)):02d}"


def _shortest(number: float) -> tuple[str, str, str]:
    """Split repr's shortest digits into mantissa (`1`, `1.25`) and exponent."""
    digits = repr(abs(number))
    head, _, power = digits.partition("e")
    whole, _, fraction = head.partition(".")
    significant = (whole + fraction).lstrip("0")
    exponent = int(power or 0) + len(whole) - 1 - (len(whole + fraction) - len(significant))
    significant = significant.rstrip("0")
    mantissa = significant[0] + ("." + significant[1:] if len(significant) > 1 else "")
    return ("-" if number < 0 else "") + mantissa, "e", str(exponent)


def _fraction(nanoseconds: int) -> str:
    """Return nanoseconds below a second as `.120`, with three, six or nine digits, or nothing."""
    if nanoseconds == 0:
        return ""
    digits = f"{nanoseconds:09d}"
    keep = 3 if digits.endswith("000000") else 6 if digits.endswith("000") else 9
    return "." + digits[:keep]


def _text_of_timestamp(moment: Timestamp) -> str:
    seconds, nanoseconds = divmod(int(moment), NS_PER_SECOND)
    at = EPOCH + dt.timedelta(seconds=seconds)
    return f"{at.year:04d}-{at:%m-%dT%H:%M:%S}{_fraction(nanoseconds)}Z"


def _text_of_duration(span: Duration) -> str:
    seconds, nanoseconds = divmod(abs(int(span)), NS_PER_SECOND)
    return f"{'-' if span < 0 else ''}{seconds}{_fraction(nanoseconds)}s"


def _timestamp_from_string(text: str) -> Timestamp:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise FailedError("a string that is not an RFC 3339 time, where timestamp() was asked for")
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    if hour > 23 or minute > 59 or second > 60 or int(found[9] or 0) > 23 or int(found[10] or 0) > 59:
        raise FailedError("a time of day that does not exist")
    try:
        days = (dt.date(year, month, day) - _UTC_DAY).days
    except ValueError:
        raise FailedError("a date that does not exist") from None
    offset = 0 if found[8] is None else (int(found[9]) * 60 + int(found[10])) * (60 if found[8] == "+" else -60)
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    return timestamp_of(seconds * NS_PER_SECOND + int((found[7] or "")[:9].ljust(9, "0")))


def _timestamp_from_int(seconds: int) -> Timestamp:
    return timestamp_of(int.__mul__(seconds, NS_PER_SECOND))  # `*` would repeat a text that stands where an int should


def _duration_from_string(text: str) -> Duration:
    found = _SPAN.fullmatch(text) if len(text) < 1000 else None
    if found is None:
        raise FailedError("a string that is not a duration such as 1h30m, where duration() was asked for")
    total = 0
    for whole, fraction, unit in _SPAN_PART.findall(found[2]):
        total += int(whole or 0) * _UNITS_NS[unit] + int(fraction or 0) * _UNITS_NS[unit] // 10 ** len(fraction)
    return duration_of(-total if found[1] == "-" else total)


def _same(value: Value) -> Value:
    return value


def _one(overload: str, name: str, kind: str, call: object) -> Overload:
    return Overload(overload, name, (kind,), call)  # type: ignore[arg-type]  # each takes exactly the kind it is listed with


OVERLOADS: tuple[Overload, ...] = (
    *(
        _one(f"{kind}_to_{kind}", name, name, _same)
        for kind, name in (
            ("int64", "int"),
            ("uint64", "uint"),
            ("double", "double"),
            ("string", "string"),
            ("bytes", "bytes"),
            ("bool", "bool"),
            ("timestamp", "timestamp"),
            ("duration", "duration"),
        )
    ),
    _one("uint64_to_int64", "int", "uint", lambda number: int_of(int(number))),
    _one("double_to_int64", "int", "double", _int_from_double),
    _one("string_to_int64", "int", "string", _int_from_string),
    _one("timestamp_to_int64", "int", "timestamp", lambda moment: int(moment) // NS_PER_SECOND),
    _one("int64_to_uint64", "uint", "int", uint_of),
    _one("double_to_uint64", "uint", "double", _uint_from_double),
    _one("string_to_uint64", "uint", "string", _uint_from_string),
    _one("int64_to_double", "double", "int", float),
    _one("uint64_to_double", "double", "uint", float),
    _one("string_to_double", "double", "string", _double_from_string),
    _one("string_to_bool", "bool", "string", _bool_from_string),
    _one("string_to_bytes", "bytes", "string", _bytes_from_text),
    _one("bool_to_string", "string", "bool", lambda value: "true" if value else "false"),
    _one("int64_to_string", "string", "int", str),
    _one("uint64_to_string", "string", "uint", lambda number: str(int(number))),
    _one("double_to_string", "string", "double", text_of_double),
    _one("bytes_to_string", "string", "bytes", _text_from_bytes),
    _one("timestamp_to_string", "string", "timestamp", _text_of_timestamp),
    _one("duration_to_string", "string", "duration", _text_of_duration),
    _one("int64_to_timestamp", "timestamp", "int", _timestamp_from_int),
    _one("string_to_timestamp", "timestamp", "string", _timestamp_from_string),
    _one("string_to_duration", "duration", "string", _duration_from_string),
)
"""The conversions, by target."""
