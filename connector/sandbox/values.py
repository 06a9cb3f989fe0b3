"""The documented formats of single values, as Adjust reads them.

**Rule**: any text is taken and none raises; what is not in the documented format is not repaired.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone

import orjson

_APP_TOKEN = re.compile(r"[0-9A-Za-z]{12}")
_EVENT_TOKEN = re.compile(r"[0-9A-Za-z]{6}")
_REVENUE = re.compile(r"[0-9]{1,12}(?:\.[0-9]+)?|\.[0-9]+")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_SECONDS = re.compile(r"[0-9]{1,10}")
_MILLISECONDS = re.compile(r"[0-9]{13}")
_ISO_8601 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|Z?([+-])([0-9]{2}):?([0-9]{2}))"
)

MIN_REVENUE = 0.001
"""Smallest revenue (Adjust: S2S events)."""

MAX_REVENUE = 100_000_000_000
"""Largest revenue (Adjust: S2S events)."""


def is_app_token(text: str) -> bool:
    """Say whether `text` is 12 letters and digits (Adjust: device API)."""
    return _APP_TOKEN.fullmatch(text) is not None


def is_event_token(text: str) -> bool:
    """Say whether `text` is 6 letters and digits, as every example of Adjust's is."""
    return _EVENT_TOKEN.fullmatch(text) is not None


def is_revenue(text: str, at_least: float = MIN_REVENUE) -> bool:
    """Say whether `text` is a plain decimal up to 100,000,000,000, from 0.001 where it is an event's (Adjust: S2S events)."""
    return _REVENUE.fullmatch(text) is not None and at_least <= float(text) <= MAX_REVENUE


def is_currency(text: str) -> bool:
    """Say whether `text` is three letters."""
    return _CURRENCY.fullmatch(text) is not None


def is_count(text: str) -> bool:
    """Say whether `text` is a whole number."""
    return _SECONDS.fullmatch(text) is not None


def is_flat_json(text: str) -> bool:
    """Say whether `text` is one JSON object whose values are strings (Adjust: S2S events, callback parameters)."""
    try:
        tree = orjson.loads(text.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError:
        return False
    return isinstance(tree, dict) and all(isinstance(value, str) for value in tree.values())


def created_s(parameters: dict[str, str], now_unix_s: float, *, milliseconds: bool) -> tuple[int, str]:
    """Return the event's time in UNIX seconds, and what is wrong with it ("" where nothing is).

    Without a timestamp it is the time of arrival (Adjust: S2S events). `milliseconds` takes 13 digits too, as Adjust's own
    sample of `/session` has.
    """
    unix = parameters.get("created_at_unix")
    if unix is not None:
        if _SECONDS.fullmatch(unix):
            return int(unix), ""
        if milliseconds and _MILLISECONDS.fullmatch(unix):
            return int(unix) // 1000, ""
        return 0, "created_at_unix is not UNIX seconds"
    text = parameters.get("created_at")
    if text is None:
        return int(now_unix_s), ""
    if milliseconds and _MILLISECONDS.fullmatch(text):
        return int(text) // 1000, ""
    moment = _moment(text)
    return (0, "created_at is not ISO 8601") if moment is None else (int(moment.timestamp()), "")


def _moment(text: str) -> datetime | None:
    """Read the ISO 8601 forms that Adjust shows: with an offset, with Z, and with Z followed by an offset."""
    found = _ISO_8601.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    sign, hours, minutes = found.groups()[6:]
    try:
        zone = UTC if sign is None else timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def adid_of(app_token: str, device: str) -> str:
    """Return the 32 hex digits that the sandbox gives a device as its Adjust identifier."""
    return hashlib.blake2b(f"{app_token}/{device}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def timestamp(now_unix_s: float) -> str:
    """Return a moment in the form of a session's answer (Adjust: S2S developer guide)."""
    return datetime.fromtimestamp(now_unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z+0000")
