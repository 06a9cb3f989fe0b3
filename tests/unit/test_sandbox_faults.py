"""Scripted faults: whom they strike, how often, and always the same way."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

import orjson
import pytest

from connector.sandbox.faults import Fault, FaultPlan, WrongFaultsError, faults_as_json, parse_faults

PARAMETERS = {"app_token": "4w565xzmb54d", "event_token": "f0ob4r", "callback_params": '{"id":"7"}'}


def struck(plan: FaultPlan, content: bytes = b"x", parameters: dict[str, str] = PARAMETERS, now_s: float = 0.0) -> str | None:
    """Return the name of the fault that strikes."""
    fault, _ = plan.choose("/event", parameters, content, now_s)
    return None if fault is None else fault.name


def plan_of(*faults: Fault, seed: int = 0) -> FaultPlan:
    """Return a plan that began at 0 s."""
    return FaultPlan(faults, seed, 0.0)


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        (Fault(name="f"), True),
        (Fault(name="f", path="/event"), True),
        (Fault(name="f", path="/session"), False),
        (Fault(name="f", app_token="4w565xzmb54d"), True),  # noqa: S106  # no secret
        (Fault(name="f", app_token="other"), False),  # noqa: S106  # no secret
        (Fault(name="f", event_token="f0ob4r"), True),  # noqa: S106  # no secret
        (Fault(name="f", event_token="abc123"), False),  # noqa: S106  # no secret
        (Fault(name="f", parameters={"callback_params.id": "7"}), True),
        (Fault(name="f", parameters={"callback_params.id": "8"}), False),
        (Fault(name="f", parameters={"missing.id": "8"}), False),
        (Fault(name="f", rate=0.0), False),
    ],
)
def test_matching(fault: Fault, strikes: bool) -> None:  # noqa: FBT001  # a case of the table
    """Protects: a fault strikes what fits all of its conditions and nothing else."""
    assert struck(plan_of(fault)) == ("f" if strikes else None)


def test_first_attempts_of_an_identity() -> None:
    """Protects: a fault of first attempts lets the retry of the same bytes pass, and strikes other bytes again."""
    plan = plan_of(Fault(name="f", attempts=1))
    assert [struck(plan, b"a"), struck(plan, b"a"), struck(plan, b"b"), struck(plan, b"a")] == ["f", None, "f", None]


def test_identity_by_parameter() -> None:
    """Protects: requests that differ in bytes are one event where a parameter says so."""
    plan = plan_of(Fault(name="f", attempts=1, identity="callback_params.id"))
    assert [struck(plan, b"a"), struck(plan, b"b")] == ["f", None]


def test_rate_strikes_its_share_whatever_the_order() -> None:
    """Protects: a third of first attempts is a third of them, and the same third in any order of arrival."""
    contents = [b"%d" % number for number in range(3000)]
    shuffled = random.Random(1).sample(contents, len(contents))
    fault = Fault(name="f", attempts=1, rate=1 / 3)
    plan, again = plan_of(fault), plan_of(fault)
    hit = {content for content in contents if struck(plan, content)}
    assert {content for content in shuffled if struck(again, content)} == hit
    assert 900 < len(hit) < 1100
    other = plan_of(fault, seed=1)
    assert {content for content in contents if struck(other, content)} != hit


def test_window() -> None:
    """Protects: an outage begins and ends when it should, its end excluded."""
    plan = plan_of(Fault(name="f", start_s=10, end_s=20))
    assert [struck(plan, now_s=at) for at in (9.9, 10.0, 19.9, 20.0)] == [None, "f", "f", None]


def test_limit() -> None:
    """Protects: a fault with a limit strikes so often and no more."""
    plan = plan_of(Fault(name="f", limit=2))
    assert [struck(plan) for _ in range(4)] == ["f", "f", None, None]


def test_first_fault_that_strikes_wins_and_attempts_count_once() -> None:
    """Protects: order in the list decides, and a request counts as one attempt however many faults look at it."""
    plan = plan_of(Fault(name="a", attempts=1), Fault(name="b", attempts=2), Fault(name="c", attempts=3, rate=0.0))
    assert [plan.choose("/event", {}, b"x", 0.0)[1] for _ in range(3)] == [1, 2, 3]
    plan = plan_of(Fault(name="a", attempts=1), Fault(name="b", attempts=2))
    assert [struck(plan) for _ in range(3)] == ["a", "b", None]


def test_names_are_given() -> None:
    """Protects: the journal can always say which fault it was."""
    plan = plan_of(Fault(action="reset"), Fault(name="mine"))
    assert [fault.name for fault in plan.faults] == ["reset#0", "mine"]


def test_retry_after_in_both_forms() -> None:
    """Protects: `Retry-After` can be scripted as seconds and as an HTTP date."""
    assert Fault().retry_after(0.0) is None
    assert Fault(retry_after_s=5).retry_after(0.0) == "5"
    date = Fault(retry_after_s=5, retry_after_form="date").retry_after(1_700_000_000.0)
    assert date is not None
    assert parsedate_to_datetime(date).timestamp() == 1_700_000_005


def test_json_round_trip() -> None:
    """Protects: what the control API lists can be put back."""
    faults = (Fault(name="f", rate=0.5, action="slow", latency_s=2.0), Fault(action="close"))
    assert parse_faults(orjson.dumps(faults_as_json(faults))) == faults


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "this is no JSON: "),
        (b"{}", "a list is expected here"),
        (b"[1]", "0: a mapping of keys and values is expected here"),
        (b'[{"action":"explode"}]', "0.action: must be 'answer', "),
        (b'[{"status":500},{"status":503,"rate":2}]', "1.rate: must be at most 1"),
        (b'[{"status":"x"}]', "0.status: must be a whole number"),
        (b'[{"statsu":500}]', "0.statsu: unknown key"),
        (b'[{"status":500,"content_type":"a\\r\\nb"}]', "0.content_type: must be printable ASCII"),
        (b"[{}]", "0.action: required, or a status to answer with"),
        (b'[{"path":"/event","rate":0.5}]', "0.action: required, or a status to answer with"),
    ],
)
def test_wrong_faults_are_refused(body: bytes, told: str) -> None:
    """Protects: a misspelt fault is an error that says where and what, and an empty one does not fail everything."""
    with pytest.raises(WrongFaultsError) as caught:
        parse_faults(body)
    assert str(caught.value).startswith(told)
