"""What the rendered chart promises: the connector's own files, safe defaults, a grace that covers the drain."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tools.go_programs import HELM, fetch

from connector.document import Document
from connector.settings import parse

CHART = Path(__file__).resolve().parents[2] / "helm"
VALUES = sorted((CHART / "ci").glob("*.yaml"))
MINIMAL = CHART / "ci" / "minimal-values.yaml"

Manifests = dict[str, Any]


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Render the chart with these arguments."""
    command = [fetch(HELM), "template", "release", CHART, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def render(*arguments: str | Path) -> Manifests:
    """Return the rendered objects by kind."""
    done = helm(*arguments)
    assert done.returncode == 0, done.stderr
    return {document["kind"]: document for document in YAML(typ="safe").load_all(done.stdout) if document}


def pod(manifests: Manifests) -> dict[str, Any]:
    """Return the pod's specification."""
    specification: dict[str, Any] = manifests["Deployment"]["spec"]["template"]["spec"]
    return specification


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_settings_in_the_config_map_are_taken_by_the_connector(values: Path) -> None:
    """What the chart makes of the settings, the connector accepts; the files it names are in the ConfigMap."""
    files = render("--values", values)["ConfigMap"]["data"]
    settings = parse(Document(file="connector.yaml", folder=".", tree=YAML(typ="safe").load(files["connector.yaml"])))
    mapping = YAML(typ="safe").load(files[settings.mapping])
    named = {topic["schema"] for topic in mapping["topics"].values() if isinstance(topic["schema"], str)}
    assert named <= set(files)
    assert settings.admin.host == "0.0.0.0"  # noqa: S104  # probes come from outside the container


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_pod_is_confined(values: Path) -> None:
    """No root, no writable root filesystem, no capability, no token of the cluster."""
    specification = pod(render("--values", values))
    container = specification["containers"][0]
    assert specification["automountServiceAccountToken"] is False
    assert specification["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_probes_and_port_follow_the_settings(values: Path) -> None:
    """Probes ask the admin port of the settings: heartbeat for life, assignment for readiness."""
    manifests = render("--values", values)
    container = pod(manifests)["containers"][0]
    settings = YAML(typ="safe").load(manifests["ConfigMap"]["data"]["connector.yaml"])
    assert container["ports"] == [{"name": "admin", "containerPort": settings["admin"]["port"]}]
    paths = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {
        "startupProbe": {"path": "/livez", "port": "admin"},
        "livenessProbe": {"path": "/livez", "port": "admin"},
        "readinessProbe": {"path": "/readyz", "port": "admin"},
    }


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ((), 35),
        (("--set", "settings.delivery.drain_timeout_s=100"), 115),
        (("--set-json", "settings.delivery.drain_timeout_s=0.5"), 16),
        (("--set", "terminationMarginSeconds=30"), 50),
        (("--set", "settings.delivery.max_in_flight=5"), 35),
    ],
)
def test_the_grace_covers_the_drain(arguments: tuple[str, ...], seconds: int) -> None:
    """A pod is not killed before its drain deadline and the margin for committing have passed."""
    assert pod(render("--values", MINIMAL, *arguments))["terminationGracePeriodSeconds"] == seconds


def test_a_roll_out_never_runs_more_members_than_asked() -> None:
    """A pod goes before its successor comes: fewer rebalances."""
    strategy = render("--values", MINIMAL)["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 0, "maxUnavailable": 1}


def test_changed_configuration_restarts_the_pods() -> None:
    """The pods carry a checksum of their configuration; it changes with the mapping, the settings and nothing else."""

    def checksum(*arguments: str) -> str:
        metadata = render("--values", MINIMAL, *arguments)["Deployment"]["spec"]["template"]["metadata"]
        return str(metadata["annotations"]["checksum/config"])

    same, moved = checksum("--set", "replicas=4"), checksum("--set", "settings.commit.interval_ms=300")
    assert checksum() == same
    assert moved != same


def test_secrets_come_from_the_secret_alone() -> None:
    """S2S tokens reach the container as environment of an existing Secret; the chart makes none."""
    manifests = render("--values", CHART / "ci" / "registry-values.yaml")
    assert pod(manifests)["containers"][0]["envFrom"] == [{"secretRef": {"name": "adjust-connector"}}]
    assert "Secret" not in manifests
    assert "${SHOP_S2S_TOKEN}" in manifests["ConfigMap"]["data"]["mapping.yaml"]


def test_large_numbers_stay_whole_numbers() -> None:
    """A Kafka property is written as librdkafka takes it: 16000000, not 1.6e+07."""
    files = render("--values", MINIMAL, "--set", r"settings.kafka.message\.max\.bytes=16000000")["ConfigMap"]["data"]
    assert "message.max.bytes: 16000000\n" in files["connector.yaml"]


def test_names_hold_together() -> None:
    """The Service selects the pods, and the pods use the ServiceAccount that is made."""
    manifests = render("--values", MINIMAL)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"].items() <= labels.items()
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert pod(manifests)["serviceAccountName"] == manifests["ServiceAccount"]["metadata"]["name"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--set", "settings.kafka.bootstrap\\.servers="), "settings.kafka.bootstrap\\.servers is required"),
        (("--set", "mapping="), "mapping is required"),
        (("--set", "schemas=null"), "schemas or settings.schemas.registry is required"),
        (("--set", "settings.delivery.max_in_fligt=1"), "max_in_fligt"),
        (("--set", "settings.delivery.max_in_flight=0"), "max_in_flight"),
        (("--set", "settings.mapping=x"), "mapping"),
        (("--set", "replica=2"), "replica"),
        (("--set", "schemas.mapping\\.yaml=x"), "mapping.yaml"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_installed(arguments: tuple[str, ...], complaint: str) -> None:
    """A value that is missing, misspelt or out of range stops Helm, and the message names it."""
    done = helm("--values", MINIMAL, *arguments)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_readme_installs() -> None:
    """The command of the README renders with the sample files, and the pod gets the image and the secret it names."""
    found = re.search(
        r"^    helm install adjust \./helm \\\n((?:.*\\\n)*.*)$", (CHART / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    files = {
        "mapping.yaml": CHART.parent / "schemas" / "mapping.yaml",
        "app_event.avsc": CHART.parent / "schemas" / "app_event.avsc",
    }
    words = shlex.split(found[1].replace("\\\n", ""))
    arguments = [
        f"{word.rpartition('=')[0]}={files[word.rpartition('=')[2]]}" if word.rpartition("=")[2] in files else word
        for word in words
    ]
    container = pod(render(*arguments))["containers"][0]
    assert container["image"].startswith("registry.example/kafka-adjust-connector:")
    assert {"secretRef": {"name": "adjust-tokens"}} in container["envFrom"]
