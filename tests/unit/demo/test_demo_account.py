"""The demo's account: every way in which a promise can be broken shows up in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlencode

import orjson

from connector.demo.account import Evidence, compare, judge
from connector.demo.broker import Letter, Placed
from connector.demo.cast import Device
from connector.demo.sample import Fate, Sample
from connector.facts import Snapshot
from connector.outcome import Reason
from connector.sandbox import Entry

PHONE = Device("device-1", "shop", "ios", "18", "iPhone", "AAAA", None, None, None)
DELIVERED = Sample(0, "device-1", "e0", b"device-1", b"zero", Fate.DELIVERED)
FILTERED = Sample(1, "device-1", "e1", b"device-1", b"one", Fate.FILTERED)
REJECTED = Sample(2, "device-1", "e2", b"device-1", b"two", Fate.DEAD_LETTERED, Reason.CORRUPT_AVRO)
SESSION = Sample(3, "device-1", "session/device-1/4", b"device-1", b"three", Fate.DELIVERED)
SAMPLES = (DELIVERED, FILTERED, REJECTED, SESSION)


def request(event: str, arrived_s: float, status: int | None = 200, error: str | None = None) -> Entry:
    """Return a journal entry of an event that took half a second."""
    body = urlencode({"idfa": "AAAA", "callback_params": orjson.dumps({"event_id": event}).decode()}).encode()
    return ended(Entry(1, arrived_s, 1, "POST", "/event", b"", body), status, error)


def session(count: int, arrived_s: float) -> Entry:
    """Return a journal entry of a session."""
    return ended(
        Entry(1, arrived_s, 1, "POST", "/session", b"", urlencode({"idfa": "AAAA", "session_count": count}).encode()), 200
    )


def ended(entry: Entry, status: int | None, error: str | None = None) -> Entry:
    """Return `entry` answered half a second after it arrived."""
    entry.status, entry.error, entry.answered_s = status, error, entry.arrived_s + 0.5
    return entry


def letter(sample: Sample, reason: str = "corrupt_avro") -> Letter:
    """Return the dead letter of a sample."""
    return Letter(sample.key, sample.value, [*sample.headers, ("connector.reason", reason.encode())])


def evidence(requests: Sequence[Entry], letters: Sequence[Letter], committed: int = 4) -> Evidence:
    """Return what was seen of the four samples, which lie in one partition in their order."""
    placed = {sample.number: Placed(0, sample.number) for sample in SAMPLES}
    return Evidence(SAMPLES, placed, (PHONE,), requests, letters, {0: committed})


GOOD = (request("e0", 1.0, 500), request("e0", 2.0), session(4, 3.0))


def test_a_good_run_holds() -> None:
    """Every event ends once, as expected; retries are counted."""
    account = judge(evidence(GOOD, [letter(REJECTED)]))
    assert account.holds
    assert (account.consumed, account.retried, account.ends[Fate.DELIVERED]) == (4, 1, 2)
    assert account.reasons == {"corrupt_avro": 1}


def test_an_event_that_ended_nowhere_is_unaccounted() -> None:
    """A lost event and a lost dead letter are both missed."""
    assert judge(evidence(GOOD[2:], [letter(REJECTED)])).unaccounted == 1
    assert judge(evidence(GOOD, [])).unaccounted == 1


def test_what_is_not_committed_is_unaccounted() -> None:
    """An event that is delivered but not committed is not done."""
    account = judge(evidence(GOOD, [letter(REJECTED)], committed=3))
    assert (account.consumed, account.unaccounted) == (3, 1)


def test_an_event_that_ends_twice_is_seen() -> None:
    """Delivered and dead-lettered is one way too many; so is delivered twice, or a dead letter twice."""
    assert judge(evidence(GOOD, [letter(REJECTED), letter(DELIVERED)])).unaccounted == 1
    assert judge(evidence(GOOD, [letter(REJECTED), letter(REJECTED)])).unaccounted == 1
    assert judge(evidence([*GOOD[:2], request("e0", 2.6), GOOD[2]], [letter(REJECTED)])).delivered_twice == 1


def test_a_request_of_a_filtered_event_is_seen() -> None:
    """An event that a rule drops must not leave."""
    account = judge(evidence([*GOOD[:2], request("e1", 2.7), session(4, 4.0)], [letter(REJECTED)]))
    assert account.unexpected == 1
    assert not account.holds


def test_an_overtaking_event_is_an_order_violation() -> None:
    """The later event of a device must not arrive while the earlier one is still under way."""
    assert judge(evidence([*GOOD[:2], session(4, 2.4)], [letter(REJECTED)])).order_violations == 1
    assert judge(evidence([*GOOD[:2], session(4, 2.5)], [letter(REJECTED)])).order_violations == 0


def test_an_altered_dead_letter_is_seen() -> None:
    """Key, value and original headers must come through byte for byte."""
    whole = letter(REJECTED)
    for altered in (
        whole._replace(key=b"device-2"),
        whole._replace(value=b"tw0"),
        whole._replace(headers=[whole.headers[0], ("traceparent", b"\x00"), *whole.headers[2:]]),
    ):
        assert judge(evidence(GOOD, [altered])).altered == 1


def test_a_wrong_reason_is_unexpected() -> None:
    """A dead letter for another reason than the event's fault is not what was to happen."""
    assert judge(evidence(GOOD, [letter(REJECTED, "empty_value")])).unexpected == 1


def test_requests_and_letters_of_nobody_are_seen() -> None:
    """What was never produced cannot have been sent."""
    assert not judge(evidence([*GOOD, request("stranger", 9.0)], [letter(REJECTED)])).holds
    assert not judge(evidence(GOOD, [letter(REJECTED), letter(replace(REJECTED, number=99))])).holds


def test_a_refused_repeat_of_a_unique_event_counts_apart() -> None:
    """Adjust's "earlier unique event tracked" ends an event, but is no delivery of it."""
    refused = request("e0", 1.0, 400, "Event request failed (Ignoring event, earlier unique event tracked)")
    account = judge(evidence([refused, GOOD[2]], [letter(REJECTED)]))
    assert account.ends[Fate.ALREADY_COUNTED] == 1
    assert account.unexpected == 1


def counts(**changed: int) -> Snapshot:
    """Return what a connector says that has done the good run."""
    empty: dict[str, Any] = dict.fromkeys((field.name for field in fields(Snapshot)), 0)
    empty |= {"consumed": 4, "delivered": 2, "requests": 3, "filtered": {"tests": 1}, "dead_lettered": {Reason.CORRUPT_AVRO: 1}}
    empty |= {"retries": {}, "sentinels": {"order_violated": 0}, "lag": {}, "held_apps": (), "not_ready": ()}
    return Snapshot(**(empty | changed))


def test_a_connector_that_counts_otherwise_is_seen() -> None:
    """What the connector says of itself must be what was seen from outside."""
    account = judge(evidence(GOOD, [letter(REJECTED)]))
    compare(account, counts())
    assert account.holds
    for wrong in ({"delivered": 3}, {"consumed": 5}, {"requests": 2}, {"unaccounted": 1}, {"duplicates": 1}):
        account = judge(evidence(GOOD, [letter(REJECTED)]))
        compare(account, counts(**wrong))
        assert len(account.faults) == 1
        assert not account.holds
