"""A second member joins a group at work and leaves it again, with the assignors that users choose between."""

from __future__ import annotations

import pytest
from support.connector_process import ConnectorProcess
from support.events import events
from support.scenario import Scenario

EVENTS, KEYS = 12_000, 400


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_partitions_change_hands_without_loss_repeat_or_inversion(scenario: Scenario, assignor: str) -> None:
    """A member that gives partitions up lets what is in flight finish, and commits, before the other may begin.

    So nothing is sent twice and nothing of a key is overtaken, whoever owns it.
    """
    scenario.make_topics(partitions=6)
    sandbox = scenario.start_sandbox(latency_ms=40)
    scenario.produce(events(EVENTS, KEYS))
    settings: dict[str, dict[str, object]] = {
        "kafka": {"partition.assignment.strategy": assignor},
        "delivery": {"max_in_flight": 64},
    }
    first = scenario.start_connector(settings, name="first").until_ready()
    scenario.until_delivered(EVENTS // 8)
    second = _join_and_deliver(scenario, settings)
    shared_from = sandbox.delivered()
    scenario.until_delivered(shared_from + EVENTS // 4)
    assert not any(second.sentinels().values())
    assert second.terminate() == 0
    assert sandbox.delivered() < EVENTS, "the second member left too late to have left under load"
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=0)
    assert not any(first.sentinels().values())
    assert scenario.dead_letters() == []
    assert first.terminate() == 0


def test_a_killed_member_is_replaced_by_the_other(scenario: Scenario) -> None:
    """When one of two members dies, the other takes its partitions after the session timeout, and order holds across that."""
    scenario.make_topics(partitions=6)
    sandbox = scenario.start_sandbox(latency_ms=40)
    scenario.produce(events(EVENTS // 2, KEYS, step_ms=0))
    settings: dict[str, dict[str, object]] = {"delivery": {"max_in_flight": 32}}
    first = scenario.start_connector(settings, name="first").until_ready()
    second = _join_and_deliver(scenario, settings)
    scenario.until_delivered(sandbox.delivered() + EVENTS // 8)
    second.kill()
    scenario.until_all_committed()
    scenario.assert_promises(repeats_at_most=32 + 32 * 50)
    assert not any(first.sentinels().values())


def _join_and_deliver(scenario: Scenario, settings: dict[str, dict[str, object]]) -> ConnectorProcess:
    """Start a second member and wait until it delivers: a member that only stands by is ready too."""
    second = scenario.start_connector(settings, name="second").until_ready()
    scenario.until(lambda: second.total("delivered_total") > 0, "the second member delivers", within_s=30)
    return second
