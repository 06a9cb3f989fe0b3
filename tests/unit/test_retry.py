"""What is done about each verdict."""

from __future__ import annotations

import pytest

from connector.delivery.retry import RetryPolicy, decide
from connector.outcome import Disposition, Hold, Park, Reason, Retry, Settle, Verdict, VerdictKind
from connector.settings import RetrySettings

POLICY = RetryPolicy(initial_s=0.5, max_s=60.0, not_yet_max_age_s=3600.0)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(VerdictKind.DELIVERED), Settle()),
        (Verdict(VerdictKind.DUPLICATE, Reason.EARLIER_UNIQUE_EVENT), Settle(duplicate=True)),
        (Verdict(VerdictKind.THROTTLED, Reason.TOO_MANY_REQUESTS), Retry(1.0, everything=True)),
        (Verdict(VerdictKind.UNAVAILABLE, Reason.SERVER_ERROR), Retry(1.0)),
        (Verdict(VerdictKind.NOT_YET, Reason.DEVICE_NOT_FOUND), Retry(1.0)),
        (Verdict(VerdictKind.REJECTED, Reason.INVALID_REVENUE), Park(Reason.INVALID_REVENUE)),
        (Verdict(VerdictKind.REJECTED), Park(Reason.UNEXPECTED_RESPONSE)),
        (Verdict(VerdictKind.MISCONFIGURED, Reason.APP_INACTIVE), Hold(Reason.APP_INACTIVE)),
    ],
)
def test_each_verdict_has_its_disposition(verdict: Verdict, expected: Disposition) -> None:
    """Protects: who acts on a verdict (nobody, the owner of the data, the operator) decides what becomes of the record."""
    assert decide(verdict, attempts=3, age_s=5.0, chance=0.5, policy=POLICY) == expected


def test_policy_comes_from_settings() -> None:
    """Protects: each key of `retry:` reaches the waiting time that it is named for."""
    policy = RetryPolicy.from_settings(RetrySettings(initial_s=2, max_s=9, not_yet_max_age_s=77))
    assert policy == RetryPolicy(initial_s=2.0, max_s=9.0, not_yet_max_age_s=77.0)


def test_bound_doubles_up_to_the_maximum() -> None:
    """Protects: the bound of a wait is the initial one doubled for each further attempt, and ends at the maximum."""
    assert [POLICY.bound_s(attempts) for attempts in (1, 2, 3, 7, 8, 9)] == [0.5, 1.0, 2.0, 32.0, 60.0, 60.0]


@pytest.mark.parametrize("attempts", [-1, 0, 5_000, 10**12])
def test_any_number_of_attempts_is_taken(attempts: int) -> None:
    """Protects: an event that was tried for months does not overflow a float."""
    assert POLICY.bound_s(attempts) == (0.5 if attempts <= 0 else 60.0)


def test_chance_takes_any_share_of_the_bound() -> None:
    """Protects: full jitter, from at once to the whole bound, so that keys that failed together come back apart."""
    verdict = Verdict(VerdictKind.UNAVAILABLE, Reason.SERVER_ERROR)
    delays = [decide(verdict, 4, 0.0, chance, POLICY) for chance in (0.0, 0.25, 1.0)]
    assert delays == [Retry(0.0), Retry(1.0), Retry(4.0)]


@pytest.mark.parametrize("kind", [VerdictKind.THROTTLED, VerdictKind.UNAVAILABLE, VerdictKind.NOT_YET])
def test_asked_waiting_time_is_never_undercut(kind: VerdictKind) -> None:
    """Protects: Adjust's `Retry-After` is honoured even where it is longer than the longest wait of the settings."""
    disposition = decide(Verdict(kind, Reason.SERVER_ERROR, 600.0), 1, 0.0, 0.9, POLICY)
    assert isinstance(disposition, Retry)
    assert disposition.delay_s == 600.0


@pytest.mark.parametrize(("age_s", "parked"), [(3599.9, False), (3600.0, True), (float("nan"), True)])
def test_unknown_device_is_given_up_by_age(age_s: float, parked: bool) -> None:  # noqa: FBT001  # a case of the table
    """Protects: an unknown device is waited for until the age of the settings, and not by the number of attempts."""
    disposition = decide(Verdict(VerdictKind.NOT_YET, Reason.DEVICE_NOT_FOUND), 10_000, age_s, 0.5, POLICY)
    assert disposition == (Park(Reason.DEVICE_NOT_FOUND) if parked else Retry(30.0))


def test_outage_of_any_length_parks_nothing() -> None:
    """Protects: an unavailable destination is waited for without bound in place."""
    verdict = Verdict(VerdictKind.UNAVAILABLE, Reason.SERVER_ERROR)
    assert isinstance(decide(verdict, 100_000, 10.0**9, 0.5, POLICY), Retry)
