"""What is wrong before the first record ends the process with one clear message and a sysexits code, never with a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.connector_process import COMMAND
from support.free_ports import free_port
from support.kafka_side import KafkaSide
from support.scenario import Scenario

TIMEOUT_S = 60


class _Ended(NamedTuple):
    code: int
    text: str


def _run(folder: Path, *arguments: str) -> _Ended:
    ended = subprocess.run([COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert "Traceback" not in ended.stderr
    return _Ended(ended.returncode, ended.stdout + ended.stderr)


def _run_with(scenario: Scenario, changes: Mapping[str, Mapping[str, Any]] | None = None, **top: object) -> _Ended:
    settings = {**scenario.settings(changes), "admin": {"port": 0}, "start_timeout_s": 3, **top}
    (scenario.folder / "connector.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return _run(scenario.folder, "run")


def test_topics_that_do_not_exist_are_named(scenario: Scenario, kafka: KafkaSide) -> None:
    """A missing source or dead-letter topic is named with the command that makes it, and is not made by looking."""
    ended = _run_with(scenario)
    assert ended.code == 69
    assert f"--create --topic {scenario.topic}" in ended.text
    assert f"--create --topic {scenario.topic}.dead-letter" in ended.text
    kafka.make_topic(scenario.topic, 1)
    ended = _run_with(scenario)
    assert ended.code == 69
    assert f"do not exist on {kafka.bootstrap_servers}: {scenario.topic}.dead-letter\n" in ended.text


def test_an_unreachable_broker_is_named(scenario: Scenario) -> None:
    """Nothing listens where the broker should be."""
    address = f"127.0.0.1:{free_port()}"
    ended = _run_with(scenario, {"kafka": {"bootstrap.servers": address}})
    assert ended.code == 69
    assert f"no Kafka broker answers at {address} within 3 s" in ended.text


def test_an_unreachable_registry_that_rules_need_is_named(scenario: Scenario) -> None:
    """Rules that are checked against a subject cannot be checked without the registry."""
    scenario.make_topics(1)
    url = f"http://127.0.0.1:{free_port()}"
    path = scenario.folder / "mapping.yaml"
    mapping = json.loads(path.read_text(encoding="utf-8"))
    mapping["topics"][scenario.topic]["schema"] = {"subject": "app-events-value"}
    path.write_text(json.dumps(mapping), encoding="utf-8")
    ended = _run_with(scenario, {"schemas": {"registry": {"url": url}}})
    assert ended.code == 69
    assert f"schema registry {url} gives no schema" in ended.text
    assert "hint:" in ended.text


def test_a_port_in_use_is_named(scenario: Scenario) -> None:
    """The admin port belongs to someone else."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = _run_with(scenario, admin={"port": port})
    assert ended.code == 69
    assert f"admin port 127.0.0.1:{port} cannot be opened" in ended.text
    assert "admin.port" in ended.text


def test_all_problems_of_both_files_come_together(tmp_path: Path) -> None:
    """A wrong setting, unknown keys in both files, an expression that does not compile, a field the schema lacks: each with its line."""
    (tmp_path / "event.avsc").write_text(
        '{"type": "record", "name": "Event", "fields": [{"name": "device_id", "type": "string"}, {"name": "name", "type": "string"}]}',
        encoding="utf-8",
    )
    (tmp_path / "mapping.yaml").write_text(
        """apps:
  shop: {app_token: 4w565xzmb54d, colour: red}
topics:
  events:
    schema: event.avsc
    rules:
      - name: one
        when: event.nam == "purchase"
        app: shop
        event_token: f0ob4r
        params: {adid: event.device_id}
      - name: two
        when: event.name ==
        app: shap
        event_token: f0ob4r
        params: {adid: event.device_id, revenu: 1.5}
""",
        encoding="utf-8",
    )
    (tmp_path / "connector.yaml").write_text(
        """kafka:
  bootstrap.servers: localhost:9092
  group.id: g
  enable.auto.commit: true
schemas: {directory: .}
mapping: mapping.yaml
delivery: {max_in_flight: 0}
retries: {}
""",
        encoding="utf-8",
    )
    for command in ("check", "run"):
        ended = _run(tmp_path, command)
        assert ended.code == 78
        for place in (
            "connector.yaml:4:", "connector.yaml:7:", "connector.yaml:8:", "mapping.yaml:2:", "mapping.yaml:8:", "mapping.yaml:13:",
            "mapping.yaml:14:", "mapping.yaml:16:",
        ):  # fmt: skip
            assert place in ended.text, place
        assert "event.name" in ended.text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run",), 66),
        (("check", "--settings", "absent.yaml"), 66),
        (("run", "--settings"), 64),
        (("run", "--speed", "9"), 64),
        (("fly",), 64),
    ],
)
def test_a_wrong_command_line_is_answered(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """A file that is not there, an option that does not exist, a command that does not exist."""
    assert _run(tmp_path, *arguments).code == code
