"""How an answer is held against the table: success, waiting times, and bytes that mean nothing."""

from __future__ import annotations

import pytest

from connector.adjust.responses import OK_BODY, ResponseRule, Voice
from connector.delivery.verdict import MAX_WAIT_S, judge
from connector.outcome import Reason, Response, TransportFailure, Verdict, VerdictKind

NOW_S = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    "body",
    [
        OK_BODY,
        b"",
        b"OK",
        b'{"status": "OK"}',
        b'{"status":"OK","skadn_conv_value":12}',
        b'{"app_token":"4w565xzmb54d","adid":"0","message":"Install tracked","ask_in":2000}',
        b'{"status":"OK","error":null}',
        b'{"status":"OK","retry_in":null}',
    ],
)
def test_200_is_delivered(body: bytes) -> None:
    """Protects: a success is read leniently, with conversion values, with unknown keys or with no body."""
    assert judge(Response(200, body), NOW_S) == Verdict(VerdictKind.DELIVERED)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in to the network</html>",
        b"\r\n <!doctype html>",
        b"\xef\xbb\xbf<html>",
        b'{"error":"Event request failed (x)"}',
        b'{"retry_in": 5',
        b'{"status":"OK"',
        b"Service temporarily offline",
        b"upstream connect error",
        b"[]",
    ],
)
def test_200_that_contradicts_itself_is_not_delivered(body: bytes) -> None:
    """Protects: a page of something in between, or an error under a 200, never settles an event; the app holds instead."""
    assert judge(Response(200, body), NOW_S)[:2] == (VerdictKind.MISCONFIGURED, Reason.UNEXPECTED_RESPONSE)


@pytest.mark.parametrize("status", [200, 202, 400, 404, 500])
def test_retry_in_means_not_processed(status: int) -> None:
    """Protects: `retry_in` sends the event again, whatever the status, after the milliseconds it asks for."""
    verdict = judge(Response(status, b'{"status":"OK","retry_in":2500}'), NOW_S)
    assert verdict == Verdict(VerdictKind.UNAVAILABLE, Reason.RETRY_REQUESTED, 2.5)


def test_retry_in_beside_429_still_slows_everything() -> None:
    """Protects: a throttled destination stays throttled, for the longer of both waiting times."""
    verdict = judge(Response(429, b'{"retry_in":9000}', "5"), NOW_S)
    assert verdict == Verdict(VerdictKind.THROTTLED, Reason.TOO_MANY_REQUESTS, 9.0)


@pytest.mark.parametrize(
    ("value", "wait_s"), [(b"-5", 0.0), (b"1e30", MAX_WAIT_S), (b'"soon"', None), (b"true", None), (b"[1]", None)]
)
def test_retry_in_of_any_value_is_not_delivered(value: bytes, wait_s: float | None) -> None:
    """Protects: a `retry_in` that makes no sense still means not processed, with a bounded waiting time or none."""
    verdict = judge(Response(200, b'{"retry_in":' + value + b"}"), NOW_S)
    assert verdict == Verdict(VerdictKind.UNAVAILABLE, Reason.RETRY_REQUESTED, wait_s)


def test_continue_in_travels_with_a_delivery() -> None:
    """Protects: the pause that Adjust asks for before the next request is known although the event is delivered."""
    assert judge(Response(200, b'{"status":"OK","continue_in":1500}'), NOW_S) == Verdict(VerdictKind.DELIVERED, None, 1.5)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0000000000007", 7.0),
        ("86400", MAX_WAIT_S),
        ("9" * 5000, MAX_WAIT_S),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:12:50 GMT", 0.0),
        ("Fri, 14 Nov 2031 22:13:50 GMT", MAX_WAIT_S),
        ("Tue, 14 Nov 2023 22:13:60 GMT", 39.0),
    ],
)
def test_retry_after_in_both_forms(header: str, wait_s: float) -> None:
    """Protects: `Retry-After` is honoured as seconds and as a date, never below zero and never above the cap."""
    assert judge(Response(503, b"", header), NOW_S).wait_s == wait_s


@pytest.mark.parametrize(
    "header",
    ["", "soon", "-5", "1.5", "١٢", "²", "Tue, 31 Feb 2023 22:13:50 GMT", "Tue, 14 Foo 2023 22:13:50 GMT", "2023-11-14", "\0"],
)
def test_senseless_retry_after_is_ignored(header: str) -> None:
    """Protects: a header that is in neither form changes nothing."""
    assert judge(Response(503, b"", header), NOW_S) == Verdict(VerdictKind.UNAVAILABLE, Reason.SERVER_ERROR)


def test_transport_failure_tells_whether_bytes_may_have_left() -> None:
    """Protects: what certainly never left is told apart from what may have been counted."""
    assert judge(TransportFailure("refused", maybe_sent=False), NOW_S) == Verdict(VerdictKind.UNAVAILABLE, Reason.NEVER_SENT)
    assert judge(TransportFailure("timeout", maybe_sent=True), NOW_S) == Verdict(VerdictKind.UNAVAILABLE, Reason.MAYBE_SENT)


def test_matching_is_case_sensitive() -> None:
    """Protects: a text is Adjust's word for word, or it is unknown."""
    body = b'{"error":"Event request failed (device NOT found)"}'
    assert judge(Response(404, body), NOW_S)[:2] == (VerdictKind.MISCONFIGURED, Reason.NOT_FOUND)


def test_text_is_matched_after_json_decoding() -> None:
    """Protects: an escaped letter in the JSON text does not hide a known answer."""
    body = rb'{"error":"Event request failed (\u0044evice not found)"}'
    assert judge(Response(404, body), NOW_S).kind is VerdictKind.NOT_YET


def test_text_elsewhere_in_the_json_does_not_count() -> None:
    """Protects: an echoed parameter cannot pass for Adjust's verdict."""
    body = b'{"error":"no","echo":"Ignoring event, earlier unique event tracked"}'
    assert judge(Response(400, body), NOW_S)[:2] == (VerdictKind.REJECTED, Reason.BAD_REQUEST)


def test_given_rules_replace_the_table() -> None:
    """Protects: the table is data; an empty one leaves the one safe meaning, and a 200 stays a 200."""
    mine = (ResponseRule(500, "", VerdictKind.REJECTED, Reason.BAD_REQUEST, Voice.ANYONE),)
    assert judge(Response(500, b""), NOW_S, mine)[:2] == (VerdictKind.REJECTED, Reason.BAD_REQUEST)
    assert judge(Response(400, b""), NOW_S, ())[:2] == (VerdictKind.UNAVAILABLE, Reason.UNEXPECTED_RESPONSE)
    assert judge(Response(200, OK_BODY), NOW_S, ()).kind is VerdictKind.DELIVERED
