"""`connector check`: one run tells everything, and its exit code tells scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli.check import check
from connector.errors import UnreadableError

SCHEMAS = Path(__file__).parents[2] / "schemas"
SETTINGS = f"""
kafka: {{bootstrap.servers: localhost:9092, group.id: connector}}
schemas: {{directory: {SCHEMAS}}}
mapping: mapping.yaml
"""
MAPPING = """
apps:
  shop: {app_token: 4w565xzmb54d, s2s_token: "${TOKEN}"}
topics:
  app-events:
    schema: app_event.avsc
    rules: [{name: a, app: shop, event_token: f0ob4r, params: {idfa: event.device.idfa}}]
"""


def settings_file(folder: Path, settings: str = SETTINGS, mapping: str = MAPPING) -> str:
    """Write both files; return the path of the settings."""
    (folder / "connector.yaml").write_text(settings)
    (folder / "mapping.yaml").write_text(mapping)
    return str(folder / "connector.yaml")


def test_a_sound_configuration_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line counts what was checked; the mapping is found beside the settings, wherever the process stands."""
    assert check(settings_file(tmp_path), {"TOKEN": "hunter2"}) == 0
    assert capsys.readouterr().out.endswith("1 app, 1 topic, 1 rule: no problem found\n")


def test_problems_of_both_files_come_in_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong setting, a wrong key of the mapping and a wrong expression: three problems, exit code 78, no secret."""
    mapping = MAPPING.replace("event.device.idfa", "event.device.ifda").replace("schema:", "unmached: drop\n    schema:")
    path = settings_file(tmp_path, SETTINGS + "commit: {interval_ms: 1}\n", mapping)
    assert check(path, {"TOKEN": "hunter2"}) == 78
    printed = capsys.readouterr().out
    assert "connector.yaml:5:23: error: commit.interval_ms" in printed
    assert "mapping.yaml:6:15: error: topics.app-events.unmached: unknown key" in printed
    assert "mapping.yaml:8:70: error: topics.app-events.rules[a].params.idfa" in printed
    assert "    event.device.ifda\n                 ^\n" in printed
    assert printed.endswith("3 errors found\n")
    assert "hunter2" not in printed


def test_a_warning_is_printed_and_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unusual token may be right: people are told, scripts go on."""
    assert check(settings_file(tmp_path, mapping=MAPPING.replace("f0ob4r", "f0ob4r7")), {"TOKEN": ""}) == 0
    printed = capsys.readouterr().out
    assert "warning: topics.app-events.rules[a].event_token: Adjust's event tokens have 6 characters, this one has 7" in printed
    assert printed.endswith("1 warning\n")


def test_a_subject_cannot_be_checked_offline_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the output knows what was not looked at."""
    settings = SETTINGS.replace(f"directory: {SCHEMAS}", 'registry: {url: "http://localhost:8081"}')
    mapping = MAPPING.replace("schema: app_event.avsc", "schema: {subject: app-events-value}")
    assert check(settings_file(tmp_path, settings, mapping), {"TOKEN": ""}) == 0
    assert "topic app-events: its schema is the subject app-events-value" in capsys.readouterr().out


def test_a_variable_that_is_not_set_is_a_problem_of_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is found before anything starts, with its place."""
    assert check(settings_file(tmp_path), {}) == 78
    assert "mapping.yaml:3:46: error: apps.shop.s2s_token: the environment variable TOKEN is not set" in capsys.readouterr().out


def test_a_missing_settings_file_is_no_input(tmp_path: Path) -> None:
    """EX_NOINPUT, told apart from a wrong file."""
    with pytest.raises(UnreadableError, match="no such file"):
        check(str(tmp_path / "missing.yaml"), {})


def test_a_subject_without_a_registry_is_a_problem_of_its_topic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`run` would refuse it: so does the check, at the schema of the topic."""
    mapping = MAPPING.replace("schema: app_event.avsc", "schema: {subject: app-events-value}")
    assert check(settings_file(tmp_path, mapping=mapping), {"TOKEN": ""}) == 78
    printed = capsys.readouterr().out
    assert "mapping.yaml:6:5: error: topics.app-events.schema: a subject needs schemas.registry in the settings" in printed
    assert printed.endswith("1 error found\n")


def test_a_certificate_file_that_is_missing_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both places, with the folder that a relative path starts from; one that is there is taken."""
    settings = SETTINGS.replace("schemas: {", "schemas: {registry: {url: 'http://localhost:8081', ca_file: ca.pem}, ")
    path = settings_file(tmp_path, settings + "adjust: {ca_file: other/ca.pem}\n")
    assert check(path, {"TOKEN": ""}) == 78
    printed = capsys.readouterr().out
    assert "error: schemas.registry.ca_file: there is no such file" in printed
    assert "error: adjust.ca_file: there is no such file" in printed
    assert f"a relative path is seen from {tmp_path}" in printed
    (tmp_path / "ca.pem").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ca.pem").touch()
    assert check(path, {"TOKEN": ""}) == 0


def test_topics_that_kafka_does_not_take_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A topic of the mapping, and a dead-letter topic that only becomes too long with the name of its origin."""
    assert check(settings_file(tmp_path, mapping=MAPPING.replace("app-events:", '"app events":')), {"TOKEN": ""}) == 78
    assert "topics.app events: Kafka takes letters, digits" in capsys.readouterr().out
    assert check(settings_file(tmp_path, mapping=MAPPING.replace("app-events:", "x" * 240 + ":")), {"TOKEN": ""}) == 78
    assert "have no topic: Kafka takes 249 characters in the name of a topic, this one has 252" in capsys.readouterr().out


def test_files_are_called_what_a_user_calls_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the working directory both are relative to it; elsewhere both are absolute."""
    settings_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert check(str(tmp_path / "connector.yaml"), {"TOKEN": ""}) == 0
    assert capsys.readouterr().out == "connector.yaml and mapping.yaml: 1 app, 1 topic, 1 rule: no problem found\n"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert check("../connector.yaml", {"TOKEN": ""}) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/connector.yaml and {tmp_path}/mapping.yaml: ")
