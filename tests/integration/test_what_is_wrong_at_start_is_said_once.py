"""What the connector needs and does not find at the start: one message that says what to do, a sysexits code, no traceback."""

from __future__ import annotations

import socket
import subprocess

from support.connector_process import COMMAND
from support.free_ports import free_port
from support.scenario import Scenario, mapping_of

UNAVAILABLE, CONFIGURATION = 69, 78
Changes = dict[str, dict[str, object]]


def test_a_broker_that_does_not_answer(scenario: Scenario) -> None:
    """The address that was tried is named."""
    address = f"127.0.0.1:{free_port()}"
    said = _refused(scenario, {"kafka": {"bootstrap.servers": address}}, UNAVAILABLE)
    assert address in said


def test_a_topic_that_does_not_exist(scenario: Scenario) -> None:
    """The topic is named; it is not made by asking for it."""
    said = _refused(scenario, {}, UNAVAILABLE)
    assert scenario.topic in said


def test_a_dead_letter_topic_that_does_not_exist(scenario: Scenario) -> None:
    """It is asked for before the first record needs it, and not made by publishing to it."""
    scenario.kafka.make_topic(scenario.topic, partitions=2)
    said = _refused(scenario, {}, UNAVAILABLE)
    assert scenario.dead_letter_topic in said


def test_an_admin_port_that_is_taken(scenario: Scenario) -> None:
    """The port is named."""
    scenario.make_topics(partitions=1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = _refused(scenario, {"admin": {"host": "127.0.0.1", "port": port}}, UNAVAILABLE)
        assert str(port) in said


def test_a_registry_that_the_rules_need_and_that_does_not_answer(scenario: Scenario) -> None:
    """With `schema: {subject: ...}` nothing can be checked without it."""
    scenario.make_topics(partitions=1)
    scenario.write_mapping(mapping_of([scenario.topic], schema={"subject": f"{scenario.topic}-value"}))
    url = f"http://127.0.0.1:{free_port()}"
    said = _refused(scenario, {"schemas": {"directory": "schemas", "registry": {"url": url}}}, UNAVAILABLE)
    assert url in said


def test_all_problems_of_a_file_come_at_once_with_their_lines(scenario: Scenario) -> None:
    """Three problems in the mapping: three places, one run."""
    mapping = mapping_of([scenario.topic])
    rule = mapping["topics"][scenario.topic]["rules"][1]
    rule["app"] = "shopp"
    rule["params"] = {**rule["params"], "revenu": "event.amount_cents", "idfa": "event.device.idfaa"}
    scenario.write_mapping(mapping)
    said = _refused(scenario, {}, CONFIGURATION)
    lines = [line for line in said.splitlines() if "error:" in line]
    assert len(lines) == 3
    for place in ("rules.1.app:", "params.revenu:", "params.idfa:"):
        (line,) = [line for line in lines if place in line]
        assert "mapping.yaml:" in line


def _refused(scenario: Scenario, changes: Changes, code: int) -> str:
    """Run the connector until it ends by itself, and return what it said."""
    settings: Changes = {"admin": {"host": "127.0.0.1", "port": 0}, **changes}
    file = scenario.write_settings("refused", settings, start_timeout_s=3)
    done = subprocess.run([COMMAND, "run", "--settings", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr
