"""Fixtures that every test may ask for, and the rule for tests whose services this machine cannot run.

**Rule**: a test that needs a broker or a registry runs, or the summary names it with the reason. In CI (`CI=true`) such a
test fails instead: there nothing may be left out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.kafka_cluster import KafkaCluster
from support.maven_cache import missing_for_kafka, missing_for_registry
from support.schema_registry import SchemaRegistry

pytest_plugins = ["support.scenario_fixtures"]

_NOT_RUN = pytest.StashKey[dict[str, list[str]]]()
_BROKER_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
_REGISTRY_VARIABLE = "SCHEMA_REGISTRY_URL"


class _Service(NamedTuple):
    """A service behind a fixture: what it is, the variable that gives one, and how to learn what a machine lacks for it."""

    marker: str
    title: str
    variable: str | None
    missing: Callable[[], str | None]

    def lacking(self) -> str | None:
        """Say why this machine has no such service, or None if it has."""
        if (self.variable and os.environ.get(self.variable)) or (missing := self.missing()) is None:
            return None
        return f"no {self.title}: {missing}{f', and {self.variable} is not set' if self.variable else ''}"


_SERVICES = {
    "broker": _Service("broker", "Kafka broker", _BROKER_VARIABLE, missing_for_kafka),
    "own_cluster": _Service("broker", "Kafka brokers of the test's own", None, missing_for_kafka),
    "own_broker": _Service("broker", "Kafka broker of the test's own", None, missing_for_kafka),
    "registry": _Service("registry", "schema registry", _REGISTRY_VARIABLE, missing_for_registry),
    "own_registry": _Service("registry", "schema registry of the test's own", None, missing_for_registry),
}


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does: with every finaliser, so that no service is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say which broker and registry this run uses: a cluster that the shell names by habit gets the tests' topics."""
    said = []
    for variable, title in ((_BROKER_VARIABLE, "broker"), (_REGISTRY_VARIABLE, "registry")):
        given = os.environ.get(variable)
        said.append(f"{title}: NOT ITS OWN: {variable} names {given}" if given else f"{title}: its own, if a test needs one")
    return said


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests by the services they need, and take out those that cannot run here, outside CI."""
    in_ci = os.environ.get("CI") == "true"
    used = {name for item in items for name in getattr(item, "fixturenames", ()) if name in _SERVICES}
    lacking = {name: _SERVICES[name].lacking() for name in used}
    taken_out: dict[str, list[str]] = {}
    kept: list[pytest.Item] = []
    for item in items:
        needed = [name for name in getattr(item, "fixturenames", ()) if name in _SERVICES]
        for name in needed:
            item.add_marker(_SERVICES[name].marker)
        reason = next((lacking[name] for name in needed if lacking[name]), None)
        if reason is None or in_ci:
            kept.append(item)
        else:
            taken_out.setdefault(reason, []).append(item.nodeid)
    config.stash[_NOT_RUN] = taken_out
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say plainly which tests did not run, and why."""
    for reason, names in config.stash.get(_NOT_RUN, {}).items():
        terminalreporter.section(f"{len(names)} tests did NOT run: {reason}", sep="!", red=True)
        for name in names:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the bootstrap servers of a real broker: the one in `KAFKA_BOOTSTRAP_SERVERS`, or one started for this run."""
    given = os.environ.get(_BROKER_VARIABLE)
    if given:
        yield given
        return
    _refuse_if(_SERVICES["broker"].lacking())
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.bootstrap_servers


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a real schema registry: the one in `SCHEMA_REGISTRY_URL`, or one started for this run."""
    given = os.environ.get(_REGISTRY_VARIABLE)
    if given:
        yield given
        return
    _refuse_if(_SERVICES["registry"].lacking())
    with SchemaRegistry(tmp_path_factory.mktemp("registry")) as started:
        yield started.url


@pytest.fixture(scope="module")
def own_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SchemaRegistry]:
    """Give a registry of the module's own, which its tests may stop and start as they like; nobody promises that it runs."""
    _refuse_if(_SERVICES["own_registry"].lacking())
    mine = SchemaRegistry(tmp_path_factory.mktemp("own-registry"))
    yield mine
    mine.stop()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[KafkaCluster]:
    """Give three started brokers that the test may stop and start as it likes."""
    _refuse_if(_SERVICES["own_cluster"].lacking())
    with KafkaCluster(tmp_path / "own-kafka", nodes=3) as cluster:
        yield cluster


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaCluster]:
    """Give one started broker that the test may stop and start as it likes."""
    _refuse_if(_SERVICES["own_broker"].lacking())
    with KafkaCluster(tmp_path / "own-broker") as cluster:
        yield cluster


def _refuse_if(lacking: str | None) -> None:
    if lacking:
        pytest.fail(f"this test cannot run here: {lacking}", pytrace=False)
