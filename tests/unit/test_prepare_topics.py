"""The schemas that topics need at start: what is missing is told with its name and place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connector.app.files import load
from connector.app.topics import prepare_topics
from connector.errors import ConfigurationError

SETTINGS = """
kafka: {bootstrap.servers: localhost:9092, group.id: connector}
schemas: {registry: {url: "http://registry.example:8081"}}
mapping: mapping.yaml
"""
MAPPING = """
apps:
  shop: {app_token: 4w565xzmb54d}
topics:
  app-events:
    schema: {subject: events-v}
    rules: [{name: renewed, when: 'event.kind == "RENEWED"', drop: true}]
"""


class KnownSubjects:
    """A registry that holds one schema for each of its subjects."""

    def __init__(self, **subjects: object) -> None:
        self._subjects = {name.replace("_", "-"): schema for name, schema in subjects.items()}

    async def latest(self, subject: str) -> object | None:
        """See `connector.ports.Registry`."""
        return self._subjects.get(subject)

    async def schema(self, schema_id: int) -> object | None:
        """See `connector.ports.Registry`."""
        raise AssertionError(schema_id)


def refusal(folder: Path, registry: KnownSubjects) -> str:
    """Return what stops the start."""
    (folder / "connector.yaml").write_text(SETTINGS)
    (folder / "mapping.yaml").write_text(MAPPING)
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(prepare_topics(load(str(folder / "connector.yaml"), {}), registry))
    return str(caught.value)


def test_a_subject_that_the_registry_lacks_is_named_with_the_registry(tmp_path: Path) -> None:
    """Whoever reads it can correct the name, or look into the right registry."""
    text = refusal(tmp_path, KnownSubjects())
    assert "mapping.yaml:6:5: error: topics.app-events.schema" in text
    assert "the schema registry http://registry.example:8081 has no subject events-v" in text
    assert "mostly app-events-value" in text


def test_the_newest_schema_of_a_subject_is_the_one_the_rules_were_written_for(tmp_path: Path) -> None:
    """A text that is no symbol of its enum stops the start, as it does with a schema file."""
    kind = {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["STARTED", "RENEWAL"]}}
    text = refusal(tmp_path, KnownSubjects(events_v={"type": "record", "name": "E", "fields": [kind]}))
    assert 'topics.app-events.rules[renewed].when: the enum has no symbol "RENEWED"' in text
    assert 'did you mean "RENEWAL"?' in text
