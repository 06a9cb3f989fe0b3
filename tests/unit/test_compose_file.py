"""docker-compose.yml names only what exists: services, paths, ports, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from connector.document import Document
from connector.settings import Settings, parse

ROOT = Path(__file__).resolve().parents[2]


def load(path: Path) -> Any:  # noqa: ANN401  # a YAML document has any shape
    """Return the YAML document at `path`."""
    return YAML(typ="safe").load(path)


COMPOSE = load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS_FILE = ROOT / "schemas" / "connector.compose.yaml"


def settings() -> Settings:
    """Return the settings that the connector of the compose file runs with."""
    return parse(Document(file=str(SETTINGS_FILE), folder=str(SETTINGS_FILE.parent), tree=load(SETTINGS_FILE)))


def listening(service: str) -> set[int]:
    """Return the ports that `service` says it listens on inside its container."""
    described = SERVICES[service]
    if service == "kafka":
        return {int(port) for port in re.findall(r"://[a-z]*:(\d+)", described["environment"]["KAFKA_LISTENERS"])}
    if service == "adjust":
        command = described["command"]
        return {int(command[command.index("--port") + 1])}
    if service == "connector":
        return {settings().admin.port}
    if service == "registry":
        return {8080}  # the image's own default
    return set()


def addresses() -> Iterator[tuple[str, str, int]]:
    """Yield every (where, service, port) by which one service reaches another."""
    used = settings()
    kafka_host, kafka_port = str(used.kafka["bootstrap.servers"]).split(":")
    yield "settings kafka", kafka_host, int(kafka_port)
    assert used.schemas.registry is not None
    for where, url in (("settings registry", used.schemas.registry.url), ("settings adjust", used.adjust.base_url)):
        parts = urlsplit(url)
        yield where, str(parts.hostname), int(parts.port or 0)
    for option in SERVICES["events"]["command"]:
        found = re.search(r"=(?:http://)?([a-z]+):(\d+)", option)
        if found:
            yield f"events {option}", found[1], int(found[2])
    for host, port in re.findall(r"--bootstrap-server ([a-z]+):(\d+)", SERVICES["topics"]["command"][0]):
        yield "topics", host, int(port)


@pytest.mark.parametrize(("where", "service", "port"), list(addresses()))
def test_every_address_is_a_service_that_listens_there(where: str, service: str, port: int) -> None:
    """An address in the compose file or its settings is a service of the file, on a port that it listens on."""
    assert service in SERVICES, where
    assert port in listening(service), where


def test_the_addresses_were_found() -> None:
    """The patterns above still find what they look for: three in the settings, two of the producer, one of the topic maker."""
    assert len(list(addresses())) == 6


@pytest.mark.parametrize("service", SERVICES)
def test_every_path_exists(service: str) -> None:
    """What a service is built from and what it mounts is in the repository."""
    described = SERVICES[service]
    if "build" in described:
        assert (ROOT / described["build"] / "Dockerfile").is_file()
    for volume in described.get("volumes", []):
        assert (ROOT / volume.split(":")[0]).is_dir()


def test_the_settings_named_by_the_command_are_in_the_mounted_folder() -> None:
    """`connector run --settings` names a file of the folder that is mounted, and that file names a mapping that exists."""
    command, volume = SERVICES["connector"]["command"], SERVICES["connector"]["volumes"][0]
    outside, inside, mode = volume.split(":")
    named = Path(command[command.index("--settings") + 1])
    assert mode == "ro"
    assert named.parent == Path(inside)
    assert (ROOT / outside / named.name) == SETTINGS_FILE
    assert (SETTINGS_FILE.parent / settings().mapping).is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_published_ports_are_listened_on_and_only_on_loopback(service: str) -> None:
    """A published port leads to a port that the service listens on, and is not open to the network."""
    for published in SERVICES[service].get("ports", []):
        host, _outer, inner = published.split(":")
        assert host == "127.0.0.1"
        assert int(inner) in listening(service)


@pytest.mark.parametrize("service", SERVICES)
def test_dependencies_can_be_fulfilled(service: str) -> None:
    """A service waits only for services of the file, and for health only where there is a health check."""
    for name, wanted in SERVICES[service].get("depends_on", {}).items():
        assert name in SERVICES
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[name]


def test_the_topics_of_the_mapping_are_made() -> None:
    """The broker makes no topics by itself: each topic of the mapping and its dead-letter topic is made before the start."""
    made = set(re.findall(r"[a-z][a-z.-]+", SERVICES["topics"]["command"][0].splitlines()[0]))
    topics = load(ROOT / "schemas" / "mapping.yaml")["topics"]
    wanted = set(topics) | {settings().dead_letter.topic.replace("{topic}", topic) for topic in topics}
    assert wanted <= made


def test_images_are_pinned() -> None:
    """An image that is pulled names its version; only the one that is built here is `latest`."""
    for service in SERVICES.values():
        tag = service["image"].rsplit(":", 1)[1]
        assert ("build" in service) == (tag == "latest")
