"""Judging and deciding are total and bounded, and settle nothing by mistake."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from connector.adjust.responses import RESPONSE_RULES
from connector.delivery.retry import RetryPolicy, decide
from connector.delivery.verdict import MAX_WAIT_S, judge
from connector.outcome import Reason, Response, Retry, Settle, TransportFailure, Verdict, VerdictKind

policies = st.builds(
    RetryPolicy,
    initial_s=st.floats(1e-300, 3600, allow_nan=False),
    max_s=st.floats(1e-3, 86_400, allow_nan=False),
    not_yet_max_age_s=st.floats(1e-3, 1e7, allow_nan=False),
)
verdicts = st.builds(
    Verdict,
    st.sampled_from(VerdictKind),
    st.none() | st.sampled_from(Reason),
    st.none() | st.floats(0, MAX_WAIT_S, allow_nan=False),
)
attempts = st.integers(-1, 10**6) | st.integers()
chances = st.floats(0, 1, allow_nan=False)

texts = st.sampled_from([rule.contains for rule in RESPONSE_RULES]) | st.text(max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
answers = st.dictionaries(st.sampled_from(["status", "error", "retry_in", "continue_in", "ask_in", "message"]), json_values)
bodies = st.binary(max_size=80) | answers.map(orjson.dumps) | texts.map(lambda text: text.encode("utf-8", "replace"))
responses = st.builds(Response, st.integers(-5, 1000), bodies, st.none() | st.text(max_size=40) | st.integers().map(str))


@given(verdicts, attempts, st.floats(), chances, policies)
def test_decide_is_total_and_bounded(verdict: Verdict, attempts: int, age_s: float, chance: float, policy: RetryPolicy) -> None:
    """Protects: every verdict has a disposition, and no wait is longer than the maximum or than what Adjust asked for."""
    disposition = decide(verdict, attempts, age_s, chance, policy)
    if isinstance(disposition, Retry):
        asked_s = verdict.wait_s or 0.0
        assert asked_s <= disposition.delay_s <= max(policy.max_s, asked_s)
        assert disposition.everything is (verdict.kind is VerdictKind.THROTTLED)


@given(verdicts, attempts, st.floats(), chances, policies)
def test_decide_settles_only_what_was_delivered(
    verdict: Verdict, attempts: int, age_s: float, chance: float, policy: RetryPolicy
) -> None:
    """Protects: an offset passes a record only if Adjust has its event, now or before."""
    settled = isinstance(decide(verdict, attempts, age_s, chance, policy), Settle)
    assert settled == (verdict.kind in {VerdictKind.DELIVERED, VerdictKind.DUPLICATE})


@given(policies, st.integers(1, 3000))
def test_bound_never_shrinks(policy: RetryPolicy, attempts: int) -> None:
    """Protects: the more often an event failed, the longer it may wait, up to the maximum."""
    assert 0 < policy.bound_s(attempts) <= policy.bound_s(attempts + 1) <= policy.max_s


@given(responses, st.floats(0, 4e9))
def test_judge_is_total(response: Response, now_unix_s: float) -> None:
    """Protects: no status, body or header raises, and a waiting time is between zero and the cap."""
    verdict = judge(response, now_unix_s)
    assert verdict.wait_s is None or 0.0 <= verdict.wait_s <= MAX_WAIT_S
    assert verdict.reason is not None or verdict.kind is VerdictKind.DELIVERED


@given(responses)
def test_judge_delivers_nothing_but_a_200(response: Response) -> None:
    """Protects: no body can make another status count as delivered, and only a documented 400 is a duplicate."""
    kind = judge(response, 0.0).kind
    if kind is VerdictKind.DELIVERED:
        assert response.status == 200
        assert not response.body.lstrip().startswith(b"<")
    if kind is VerdictKind.DUPLICATE:
        assert response.status == 400
        assert "earlier unique event tracked" in orjson.loads(response.body)["error"]


@given(st.text(), st.booleans())
def test_no_answer_is_unavailable(kind: str, maybe_sent: bool) -> None:  # noqa: FBT001  # given by Hypothesis
    """Protects: whatever broke on the way, the event is sent again."""
    assert judge(TransportFailure(kind, maybe_sent), 0.0).kind is VerdictKind.UNAVAILABLE
