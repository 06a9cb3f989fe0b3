"""The table of documented answers: each of Adjust's texts means what the fact sheet says, and nothing is settled by mistake."""

from __future__ import annotations

import orjson
import pytest

from connector.adjust import responses as said
from connector.adjust.responses import RESPONSE_RULES, Voice
from connector.delivery.verdict import judge
from connector.outcome import Reason, Response, VerdictKind

DELIVERED, DUPLICATE, THROTTLED = VerdictKind.DELIVERED, VerdictKind.DUPLICATE, VerdictKind.THROTTLED
UNAVAILABLE, NOT_YET, REJECTED = VerdictKind.UNAVAILABLE, VerdictKind.NOT_YET, VerdictKind.REJECTED
MISCONFIGURED = VerdictKind.MISCONFIGURED

DOCUMENTED = [
    (202, "Missing authentication token", MISCONFIGURED, Reason.AUTHENTICATION),
    (202, "Wrong authentication token", MISCONFIGURED, Reason.AUTHENTICATION),
    (400, "Bad event state", REJECTED, Reason.BAD_EVENT_STATE),
    (400, "Invalid app token", MISCONFIGURED, Reason.INVALID_APP_TOKEN),
    (400, "Invalid event token", REJECTED, Reason.INVALID_EVENT_TOKEN),
    (400, "Invalid revenue", REJECTED, Reason.INVALID_REVENUE),
    (400, "Invalid callback parameters", REJECTED, Reason.INVALID_CALLBACK_PARAMETERS),
    (400, "Ignoring event, earlier unique event tracked", DUPLICATE, Reason.EARLIER_UNIQUE_EVENT),
    (401, "Failed to authorize request", MISCONFIGURED, Reason.AUTHENTICATION),
    (401, "insufficient scope", MISCONFIGURED, Reason.AUTHENTICATION),
    (403, "App is inactive", MISCONFIGURED, Reason.APP_INACTIVE),
    (403, "Tracking disabled", REJECTED, Reason.TRACKING_DISABLED),
    (403, "Event token blocklisted", REJECTED, Reason.EVENT_TOKEN_BLOCKLISTED),
    (404, "App token not found", MISCONFIGURED, Reason.APP_TOKEN_NOT_FOUND),
    (404, "Device not found", NOT_YET, Reason.DEVICE_NOT_FOUND),
    (413, "Request size too large", REJECTED, Reason.REQUEST_TOO_LARGE),
    (429, "Too frequent requests", THROTTLED, Reason.TOO_MANY_REQUESTS),
    (451, "Device is opted out", REJECTED, Reason.DEVICE_OPTED_OUT),
    (500, "Internal error, contact support@adjust.com", UNAVAILABLE, Reason.SERVER_ERROR),
]
"""Adjust: S2S API, "Responses": status, text, and what the design makes of it."""


@pytest.mark.parametrize(("status", "text", "kind", "reason"), DOCUMENTED)
@pytest.mark.parametrize(
    "form",
    ["Event request failed ({})", "Ad revenue request failed ({}) (app_token:abc123abc123)", "Session failed ({})", "{}"],
)
def test_documented_text_in_each_documented_form(status: int, text: str, kind: VerdictKind, reason: Reason, form: str) -> None:
    """Protects: each documented text is recognised inside the prefix of every endpoint and before a context group."""
    verdict = judge(Response(status, orjson.dumps({"error": form.format(text)})), 0.0)
    assert (verdict.kind, verdict.reason) == (kind, reason)


@pytest.mark.parametrize(("status", "text", "kind", "reason"), DOCUMENTED)
def test_documented_text_as_plain_body(status: int, text: str, kind: VerdictKind, reason: Reason) -> None:
    """Protects: a text without JSON around it is recognised too, but never settles an event."""
    verdict = judge(Response(status, text.encode()), 0.0)
    if kind is DUPLICATE:
        assert verdict.kind is UNAVAILABLE
    else:
        assert (verdict.kind, verdict.reason) == (kind, reason)


def test_texts_are_adjusts_word_for_word() -> None:
    """Protects: the constants that sandbox and classifier share are the documented words, not a paraphrase."""
    constants = {value for name, value in vars(said).items() if name.isupper() and isinstance(value, str)}
    assert {text for _, text, _, _ in DOCUMENTED} - constants == {"Too frequent requests"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (404, b"<html><body>404 Not Found nginx</body></html>", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (404, b"404 page not found\n", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (404, b'{"error":"no such route"}', MISCONFIGURED, Reason.NOT_FOUND),
        (405, b'{"error":"method not allowed"}', MISCONFIGURED, Reason.NOT_FOUND),
        (400, b'{"error":"Event request failed (something new)"}', REJECTED, Reason.BAD_REQUEST),
        (400, b"<h1>400 Bad Request</h1>", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (400, b"", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (401, b"<h1>401</h1>", MISCONFIGURED, Reason.AUTHENTICATION),
        (403, b'{"error":"who knows"}', REJECTED, Reason.FORBIDDEN),
        (403, b"<html>blocked by firewall; App is inactive</html>", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (407, b"", MISCONFIGURED, Reason.AUTHENTICATION),
        (408, b"", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (413, b"<html>413</html>", REJECTED, Reason.REQUEST_TOO_LARGE),
        (418, b'{"error":"teapot"}', REJECTED, Reason.BAD_REQUEST),
        (429, b"<html>", THROTTLED, Reason.TOO_MANY_REQUESTS),
        (451, b"<html>blocked in your country</html>", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (502, b"<html>502 Bad Gateway</html>", UNAVAILABLE, Reason.SERVER_ERROR),
        (503, b"", UNAVAILABLE, Reason.SERVER_ERROR),
        (504, b'{"error":"Event request failed (Bad event state)"}', UNAVAILABLE, Reason.SERVER_ERROR),
        (301, b"", MISCONFIGURED, Reason.UNEXPECTED_RESPONSE),
        (204, b"", MISCONFIGURED, Reason.UNEXPECTED_RESPONSE),
        (201, b'{"status":"OK"}', MISCONFIGURED, Reason.UNEXPECTED_RESPONSE),
        (202, b'{"status":"OK"}', MISCONFIGURED, Reason.AUTHENTICATION),
        (101, b"", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (0, b"", UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
        (600, b'{"status":"OK"}', UNAVAILABLE, Reason.UNEXPECTED_RESPONSE),
    ],
)
def test_undocumented_answers_fall_to_who_can_act(status: int, body: bytes, kind: VerdictKind, reason: Reason) -> None:
    """Protects: what Adjust does not document is never settled, and data is blamed only where Adjust itself refuses it."""
    assert judge(Response(status, body), 0.0)[:2] == (kind, reason)


def test_last_row_fits_everything() -> None:
    """Protects: the table is total, so that a new status cannot fall through."""
    assert RESPONSE_RULES[-1].status is None
    assert (RESPONSE_RULES[-1].contains, RESPONSE_RULES[-1].voice) == ("", Voice.ANYONE)
    assert all(rule.status is not None for rule in RESPONSE_RULES[:-1])


def test_only_the_documented_duplicate_settles() -> None:
    """Protects: no row delivers, and one row alone settles: the duplicate, said by Adjust in its own form."""
    settling = [rule for rule in RESPONSE_RULES if rule.kind in {DELIVERED, DUPLICATE}]
    assert [(rule.status, rule.contains, rule.voice) for rule in settling] == [
        (400, "earlier unique event tracked", Voice.ADJUST)
    ]


def test_every_row_can_be_reached() -> None:
    """Protects: no row is hidden by one above it, which would make a documented meaning dead text."""
    for index, rule in enumerate(RESPONSE_RULES):
        status = rule.status.start if isinstance(rule.status, range) else rule.status
        candidates = [999 if status is None else status, 418, 299]
        body = orjson.dumps({"error": rule.contains}) if rule.voice == Voice.ADJUST or rule.contains else b"<x>"
        reached = any(
            next(other for other in RESPONSE_RULES if other.covers(code) and _fits(other, rule.contains, body)) is rule
            for code in candidates
        )
        assert reached, f"row {index}: {rule}"


def _fits(rule: said.ResponseRule, text: str, body: bytes) -> bool:
    voice = Voice.ADJUST if body.startswith(b"{") else Voice.ANYONE
    return voice <= rule.voice and rule.contains in text
