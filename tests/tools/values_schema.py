"""The chart's values.schema.json: what the chart itself takes, and under `settings` what the connector takes.

**Rule**: a setting that the connector would refuse, `helm install` refuses before anything runs; the schema of the settings
is made from `connector.settings`, never written by hand. `python tests/tools/values_schema.py` writes the file;
`tests/helm/test_values_schema.py` fails when it is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from connector.settings import Settings

FILE = Path(__file__).resolve().parents[2] / "helm" / "values.schema.json"
FILLED_BY_THE_CHART = ("mapping",)
REQUIRED_OF_THE_USER = ("kafka",)

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
FREE: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}


def closed(**properties: Schema) -> Schema:
    """Return the schema of an object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "properties": properties}


def settings_schema() -> Schema:
    """Return the schema of `settings`: the connector's own, less what the chart fills in."""
    schema = Settings.model_json_schema()
    for name in FILLED_BY_THE_CHART:
        del schema["properties"][name]
    schema["required"] = list(REQUIRED_OF_THE_USER)
    schema["$defs"]["AdminSettings"]["properties"] = {"port": PORT}
    return schema


def values_schema() -> Schema:
    """Return the schema of values.yaml."""
    settings = settings_schema()
    definitions = settings.pop("$defs")
    values = closed(
        replicas={"type": "integer", "minimum": 0},
        image=closed(
            repository={"type": "string", "minLength": 1},
            tag=TEXT,
            pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]},
            pullSecrets=OBJECTS,
        ),
        settings=settings,
        mapping={"type": ["string", "object", "null"]},
        schemas={
            "type": "object",
            "propertyNames": {"pattern": r"^[-._a-zA-Z0-9]+$", "not": {"enum": ["connector.yaml", "mapping.yaml"]}},
            "additionalProperties": TEXT,
        },
        existingSecret=TEXT,
        env=OBJECTS,
        secretRevision=TEXT,
        serviceAccount=closed(create={"type": "boolean"}, name=TEXT, annotations=LABELS),
        service=closed(enabled={"type": "boolean"}, port=PORT, annotations=LABELS),
        resources=FREE,
        terminationMarginSeconds={"type": "number", "minimum": 5},
        podAnnotations=LABELS,
        podLabels=LABELS,
        podSecurityContext=FREE,
        securityContext=FREE,
        volumes=OBJECTS,
        volumeMounts=OBJECTS,
        nodeSelector=LABELS,
        tolerations=OBJECTS,
        affinity=FREE,
        topologySpreadConstraints=OBJECTS,
        priorityClassName=TEXT,
        nameOverride=TEXT,
        fullnameOverride=TEXT,
    )
    values["properties"]["global"] = FREE  # Helm adds it where the chart is a dependency
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions, **values}


def text() -> str:
    """Return the file as it should be."""
    return json.dumps(values_schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
    sys.stdout.write(f"wrote {FILE}\n")
