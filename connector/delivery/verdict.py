"""What an answer, or the lack of one, means for its event.

The meaning is a table (`connector.adjust.responses.RESPONSE_RULES`); what is here is how an answer is held against it.

**Rule**: total and without surprise. Any status and any bytes give a verdict, nothing raises, and nothing but a 200 whose
body does not contradict it is delivered. Free text of an answer never leaves this module: only a reason does.

Does not know how often the event was tried or what is done about the verdict (`connector.delivery.retry`).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import orjson

from connector.adjust.responses import OK_BODY, RESPONSE_RULES, ResponseRule, Voice
from connector.outcome import Reason, Response, SendResult, TransportFailure, Verdict, VerdictKind

MAX_WAIT_S = 3600.0
"""The longest waiting time taken from an answer, in seconds: a wrong header must not stop delivery for a day."""

MAX_PLAIN_TEXT_BYTES = 4096
"""How much of a body that is not JSON is searched for a known text."""

_DELIVERED = Verdict(VerdictKind.DELIVERED)
_NEVER_SENT = Verdict(VerdictKind.UNAVAILABLE, Reason.NEVER_SENT)
_MAYBE_SENT = Verdict(VerdictKind.UNAVAILABLE, Reason.MAYBE_SENT)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT")


def judge(result: SendResult, now_unix_s: float, rules: tuple[ResponseRule, ...] = RESPONSE_RULES) -> Verdict:
    """Return what `result` means; `now_unix_s` is what a `Retry-After` date is compared with. Never raises."""
    if isinstance(result, TransportFailure):
        return _MAYBE_SENT if result.maybe_sent else _NEVER_SENT
    if result.status == 200 and (result.body == OK_BODY or _is_plain_success(result.body)):
        return _DELIVERED
    return _judge_response(result, now_unix_s, rules)


def _is_plain_success(body: bytes) -> bool:
    """Say whether the body of a 200 is success in a word or in none; anything else but a JSON object is not Adjust's, whatever it says."""
    return body.strip().upper() in {b"", b"OK"}


def _judge_response(response: Response, now_unix_s: float, rules: tuple[ResponseRule, ...]) -> Verdict:
    answer = _json_object(response.body)
    wait_s = _wait_s(response.retry_after, now_unix_s)
    if answer is not None:
        wait_s = _longer(wait_s, _longer(_milliseconds(answer.get("retry_in")), _milliseconds(answer.get("continue_in"))))
        # "Not processed, send again after": whatever the status says (Adjust: SDK sources).
        if answer.get("retry_in") is not None and response.status != 429:
            return Verdict(VerdictKind.UNAVAILABLE, Reason.RETRY_REQUESTED, wait_s)
        if response.status == 200 and answer.get("error") is None:
            return Verdict(VerdictKind.DELIVERED, None, wait_s)
    rule = _first_rule(response, answer, rules)
    return Verdict(rule.kind, rule.reason, wait_s)


_UNKNOWN = ResponseRule(None, "", VerdictKind.UNAVAILABLE, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE)
"""What an answer is when a given table has no row for it."""


def _first_rule(response: Response, answer: dict[str, object] | None, rules: tuple[ResponseRule, ...]) -> ResponseRule:
    voice, text = _voice_and_text(response.body, answer)
    for rule in rules:
        if voice <= rule.voice and rule.covers(response.status) and rule.contains in text:
            return rule
    return _UNKNOWN


def _voice_and_text(body: bytes, answer: dict[str, object] | None) -> tuple[int, str]:
    """Return whose words the body may be, and the text in which known words are looked for."""
    if answer is not None:
        error = answer.get("error")
        return Voice.ADJUST, error if isinstance(error, str) else ""
    if body.lstrip().startswith(b"<"):
        return Voice.ANYONE, ""
    return Voice.PLAIN, body[:MAX_PLAIN_TEXT_BYTES].decode("latin-1")


def _json_object(body: bytes) -> dict[str, object] | None:
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return tree if isinstance(tree, dict) else None


def _milliseconds(value: object) -> float | None:
    """Return Adjust's `retry_in` or `continue_in`, given in milliseconds, as seconds; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return _capped(value / 1000)


def _wait_s(retry_after: str | None, now_unix_s: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, in either form of RFC 9110 section 10.2.3; None where it is neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        # Nine digits are 31 years: the cap is reached long before a number of hostile length is.
        return MAX_WAIT_S if len(text.lstrip("0")) > 9 else _capped(int(text.lstrip("0") or "0"))
    date = _HTTP_DATE.fullmatch(text)
    return None if date is None else _seconds_until(date, now_unix_s)


def _seconds_until(date: re.Match[str], now_unix_s: float) -> float | None:
    day, month, year, hour, minute, second = date.groups()
    if month not in _MONTHS:
        return None
    try:
        # A leap second (60) is a date of RFC 9110, but none of Python's.
        moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC)
    except ValueError:
        return None
    return _capped(moment.timestamp() - now_unix_s)


def _capped(seconds: float) -> float:
    return max(0.0, min(float(seconds), MAX_WAIT_S))


def _longer(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
