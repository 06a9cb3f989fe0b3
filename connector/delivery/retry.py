"""What is done about a verdict: settle, send again and when, write to the dead-letter topic, or hold the app.

Waiting times grow exponentially with full jitter: a uniform share of the bound, so that keys which failed together do not
come back together. A waiting time that Adjust asked for is never undercut.

**Rule**: only what is delivered, now or before, is settled; only what the owner of the data must act on is parked. An
unavailable destination is waited for without bound, so an outage of any length parks nothing.

Does not know the clock or chance: the age of the event and the share of the bound are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from connector.outcome import Disposition, Hold, Park, Reason, Retry, Settle, Verdict, VerdictKind
from connector.settings import RetrySettings

_MAX_DOUBLINGS = 960
"""Enough to reach every upper bound from any first one, and below the 1,024 at which a float overflows."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long is waited: upper bounds of the first and of any wait, and the age at which an unknown device is given up."""

    initial_s: float
    max_s: float
    not_yet_max_age_s: float

    @classmethod
    def from_settings(cls, settings: RetrySettings) -> RetryPolicy:
        """Return the policy that `retry:` in the settings file describes."""
        return cls(settings.initial_s, settings.max_s, settings.not_yet_max_age_s)

    def bound_s(self, attempts: int) -> float:
        """Return the longest wait after `attempts` attempts, in seconds. Any number of attempts is taken."""
        doublings = max(0, min(attempts - 1, _MAX_DOUBLINGS))
        return min(self.max_s, self.initial_s * 2.0**doublings)


def decide(verdict: Verdict, attempts: int, age_s: float, chance: float, policy: RetryPolicy) -> Disposition:
    """Return what is done about `verdict`.

    `attempts` counts the attempts made, this one included; `age_s` is the time since the first of them; `chance` is a
    random number from 0 to 1 that places the next attempt within its bound.
    """
    match verdict.kind:
        case VerdictKind.DELIVERED:
            return Settle()
        case VerdictKind.DUPLICATE:
            return Settle(duplicate=True)
        case VerdictKind.THROTTLED:
            return Retry(_delay_s(verdict, attempts, chance, policy), everything=True)
        case VerdictKind.UNAVAILABLE:
            return Retry(_delay_s(verdict, attempts, chance, policy))
        case VerdictKind.NOT_YET:
            if age_s < policy.not_yet_max_age_s:
                return Retry(_delay_s(verdict, attempts, chance, policy))
            return Park(_reason(verdict))
        case VerdictKind.REJECTED:
            return Park(_reason(verdict))
        case VerdictKind.MISCONFIGURED:
            return Hold(_reason(verdict))
        case _:
            assert_never(verdict.kind)


def _delay_s(verdict: Verdict, attempts: int, chance: float, policy: RetryPolicy) -> float:
    return max(chance * policy.bound_s(attempts), verdict.wait_s or 0.0)


def _reason(verdict: Verdict) -> Reason:
    return verdict.reason or Reason.UNEXPECTED_RESPONSE
