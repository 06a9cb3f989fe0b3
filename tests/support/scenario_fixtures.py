"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.kafka_side import KafkaSide
from support.scenario import Scenario


@pytest.fixture
def kafka(broker: str) -> Iterator[KafkaSide]:
    """Give a client of the real broker whose topics are deleted at the end of the test."""
    side = KafkaSide(broker)
    yield side
    side.close()


@pytest.fixture
def scenario(tmp_path: Path, kafka: KafkaSide) -> Iterator[Scenario]:
    """Give a scenario whose schemas lie in files; everything it starts is stopped at the end."""
    mine = Scenario(tmp_path, kafka)
    yield mine
    mine.close()
