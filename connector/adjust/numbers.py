"""How Adjust wants money and points in time written.

**Rule**: money leaves as a plain decimal with every digit it came with, never in exponent notation and never rounded.
Time leaves as whole UNIX seconds or as ISO 8601 in UTC; a number that cannot be seconds is refused, not guessed at.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connector.adjust.formats import Converted, Format, Refused, refused
from connector.outcome import Reason

MIN_REVENUE = Decimal("0.001")
"""Smallest revenue in full currency units (Adjust: S2S events)."""

MAX_REVENUE = 100_000_000_000
"""Largest revenue in full currency units (Adjust: S2S events)."""

PLAIN_FROM = 0.001
"""From here up to `MAX_REVENUE` Python writes a float without an exponent."""

NOT_SECONDS = 100_000_000_000
"""A number of seconds from here on (the year 5138) is milliseconds or finer in disguise."""

_OUT_OF_RANGE = Refused(Reason.REVENUE_OUT_OF_RANGE, "is outside 0.001 to 100,000,000,000")
_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_NEGATIVE = Refused(Reason.REVENUE_OUT_OF_RANGE, "is outside 0 to 100,000,000,000")
_NOT_SECONDS = refused("is no UNIX time in seconds")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")
_SECONDS = re.compile(r"[0-9]{1,11}")
_DOCUMENTED_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z?[+-][0-9]{4}")


def revenue(value: object) -> Converted:
    """Write an amount in full currency units, 0.001 to 100,000,000,000 (Adjust: S2S events, 400 "Invalid revenue")."""
    if value.__class__ is float:
        if PLAIN_FROM <= value <= 100_000_000_000.0:
            return repr(value).removesuffix(".0")
        return refused("is not a number") if value != value else _OUT_OF_RANGE  # noqa: PLR0124  # only NaN differs from itself
    return _amount(value, MIN_REVENUE, _OUT_OF_RANGE)


def ad_revenue(value: object) -> Converted:
    """Write what an impression earned, 0 to 100,000,000,000 (Adjust: S2S ad revenue).

    The smallest amount of an event is documented for events alone; one impression earns less than that.
    """
    if value.__class__ is float:
        if PLAIN_FROM <= value <= 100_000_000_000.0:
            return repr(value).removesuffix(".0")
        value = Decimal(repr(value))
    return _amount(value, Decimal(0), _NEGATIVE)


def _amount(value: object, smallest: Decimal, outside: Refused) -> Converted:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return refused("is a boolean, not an amount")
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            return refused("is not a number")
        value = Decimal(value)
    if isinstance(value, int | Decimal):
        return _exact(Decimal(value), smallest, outside)
    return refused("is not a number")


def _exact(amount: Decimal, smallest: Decimal, outside: Refused) -> Converted:
    if not amount.is_finite():
        return refused("is not a number")
    return format(amount.copy_abs(), "f") if smallest <= amount <= MAX_REVENUE else outside  # -0.0 is 0


def unix_seconds(value: object) -> Converted:
    """Write a point in time as UNIX seconds, rounded down (Adjust: S2S events).

    A typed timestamp is converted. A bare number, or a text of digits, is taken as seconds. Other texts must be ISO 8601
    with an offset.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return seconds((value - _EPOCH) // _SECOND) if value.tzinfo else refused("has no time zone")
    if isinstance(value, str):
        if _SECONDS.fullmatch(value):
            return seconds(int(value))
        moment = _moment(value)
        return moment if isinstance(moment, Refused) else unix_seconds(moment)
    if isinstance(value, bool) or not isinstance(value, int):
        return refused("is no point in time")
    return seconds(value)


def seconds(value: int) -> Converted:
    """Write whole UNIX seconds; refuse what cannot be seconds."""
    return str(value) if 0 <= value < NOT_SECONDS else _NOT_SECONDS


def iso_8601(value: object) -> Converted:
    """Write a point in time as `2024-03-23T09:46:47.288Z+0000`, the form of Adjust's documents and SDK.

    Takes what `unix_seconds` takes. A text that already has one of the documented forms is left as it is.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if _DOCUMENTED_ISO.fullmatch(value):
            return value
        value = value if _SECONDS.fullmatch(value) else _moment(value)
    if isinstance(value, Refused):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return refused("has no time zone")
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z{value:%z}" if value.year >= 1970 else _NOT_SECONDS
    text = unix_seconds(value)
    return iso_8601(datetime.fromtimestamp(int(text), UTC)) if isinstance(text, str) else text


def _moment(text: str) -> datetime | Refused:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else refused("has no time zone")
    except (ValueError, OverflowError):
        return refused("is no point in time")


_TIME_TYPES = frozenset({"timestamp", "int", "uint", "string"})
_MONEY_TYPES = frozenset({"double", "int", "uint", "string", "decimal"})
REVENUE = Format("revenue", revenue, _MONEY_TYPES, "an amount in full currency units")
AD_REVENUE = Format("ad_revenue", ad_revenue, _MONEY_TYPES, "an amount in full currency units")
UNIX_SECONDS = Format("unix_seconds", unix_seconds, _TIME_TYPES, "a timestamp, or UNIX seconds")
ISO_8601 = Format("iso_8601", iso_8601, _TIME_TYPES, "a timestamp, UNIX seconds or ISO 8601 text", unreserved=False)
