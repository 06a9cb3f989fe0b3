"""The chart's values and their schema belong to the connector of this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tools.values_schema import FILE, text

import connector

CHART = Path(__file__).resolve().parents[2] / "helm"


def values_and_schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values.yaml and its schema."""
    values: dict[str, Any] = YAML(typ="safe").load(CHART / "values.yaml")
    schema: dict[str, Any] = json.loads(FILE.read_text())
    return values, schema


def test_the_schema_follows_the_settings() -> None:
    """The schema of `settings` is the connector's own: a new setting is known to the chart (else: make helm-schema)."""
    assert FILE.read_text() == text()


def test_every_value_has_a_schema_and_a_default() -> None:
    """What values.yaml shows, the schema knows, and the other way round."""
    values, schema = values_and_schema()
    assert set(values) == set(schema["properties"]) - {"global"}


def test_the_chart_is_of_this_version() -> None:
    """The image tag that the chart takes by default is the version of the package."""
    chart = YAML(typ="safe").load(CHART / "Chart.yaml")
    assert chart["appVersion"] == connector.__version__


def test_every_value_is_described() -> None:
    """A comment stands above every top-level value or inside its group."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    described = [line for line in lines if line.strip().startswith("# --")]
    assert len(described) >= len(values_and_schema()[0]) - 2
