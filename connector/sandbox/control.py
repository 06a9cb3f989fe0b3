"""The JSON API beside Adjust's paths, for tests and for people: what arrived, and which faults are in force.

    GET  /sandbox/requests?since=N&limit=M   entries numbered above N, oldest first; `next` is the N to go on with.
                                             N is 0 and M 1,000 where not given; M is at most 10,000
    GET  /sandbox/summary                    counts by path, status and error
    POST /sandbox/reset                      forget every request, device and attempt; faults stay
    GET  /sandbox/faults                     the faults in force
    PUT  /sandbox/faults                     a JSON list of faults (see `Fault`) that replaces them

**Rule**: nothing of it is in the journal, and a wrong call is answered with what is wrong.
"""

from __future__ import annotations

import orjson

from connector.sandbox.connection import ControlAnswer
from connector.sandbox.exchange import Exchange
from connector.sandbox.faults import WrongFaultsError, faults_as_json, parse_faults
from connector.sandbox.http1 import HttpRequest
from connector.sandbox.parameters import parse_form
from connector.sandbox.wording import lines

PREFIX = b"/sandbox/"
"""Where the control API begins."""

MAX_LIMIT = 10_000
"""Most entries in one listing."""


def control(exchange: Exchange, request: HttpRequest) -> ControlAnswer:
    """Answer a call of the control API."""
    target, _, query = request.target.partition(b"?")
    match (request.method, target.removeprefix(PREFIX)):
        case (b"GET", b"requests"):
            return _requests(exchange, parse_form(query))
        case (b"GET", b"summary"):
            return _json(200, exchange.journal.summary())
        case (b"POST", b"reset"):
            exchange.reset()
            return _json(200, {"status": "OK"})
        case (b"GET", b"faults"):
            return _json(200, faults_as_json(exchange.plan.faults))
        case (b"PUT", b"faults"):
            return _set_faults(exchange, request.body)
        case (_, b"requests" | b"summary" | b"reset" | b"faults"):
            return _json(405, {"error": "Method not allowed"})
        case _:
            return _json(404, {"error": "The sandbox serves requests, summary, reset and faults under /sandbox/"})


def _requests(exchange: Exchange, parameters: dict[str, str]) -> ControlAnswer:
    if not parameters.keys() <= {"since", "limit"}:
        return _json(400, {"error": "unknown query parameter: since and limit are known"})
    since, limit = _number(parameters.get("since", "0")), _number(parameters.get("limit", "1000"))
    if since is None or limit is None or not 1 <= limit <= MAX_LIMIT:
        return _json(400, {"error": f"since and limit are whole numbers, limit from 1 to {MAX_LIMIT}"})
    entries = exchange.journal.since(since, limit)
    return _json(
        200,
        {
            "next": entries[-1].sequence if entries else min(since, exchange.journal.received),
            "received": exchange.journal.received,
            "dropped": exchange.journal.dropped,
            "requests": [entry.as_json() for entry in entries],
        },
    )


def _set_faults(exchange: Exchange, body: bytes) -> ControlAnswer:
    try:
        faults = parse_faults(body)
    except WrongFaultsError as error:
        return _json(400, {"error": lines(error.problems)})
    exchange.set_faults(faults)
    return _json(200, faults_as_json(exchange.plan.faults))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _json(status: int, tree: object) -> ControlAnswer:
    return ControlAnswer(status, orjson.dumps(tree))
