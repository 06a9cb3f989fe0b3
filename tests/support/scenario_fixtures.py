"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kafka_side import KafkaSide


@pytest.fixture
def kafka(broker: str) -> Iterator[KafkaSide]:
    """Give a client of the real broker whose topics are deleted at the end of the test."""
    side = KafkaSide(broker)
    yield side
    side.close()
