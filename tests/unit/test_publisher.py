"""What a failed write of a dead letter means."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from connector.adapters.kafka.publisher import _why
from connector.errors import ServiceUnavailableError


def test_a_write_that_failed_is_told() -> None:
    """The record is held, and the write is tried again."""
    assert _why(None) is None
    assert "MSG_SIZE_TOO_LARGE" in (_why(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)) or "")


def test_a_producer_that_will_never_write_again_ends_the_process() -> None:
    """Trying again on it would hold the record for ever."""
    with pytest.raises(ServiceUnavailableError, match="gave up"):
        _why(KafkaError(KafkaError._FATAL, "out of sequence", fatal=True))
