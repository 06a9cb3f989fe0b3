"""Which of the client's errors heal by themselves, and which need someone to act.

**Rule**: an error is fatal only where waiting cannot heal it. What is in neither list is told and waited out.
"""

from __future__ import annotations

from confluent_kafka import KafkaError

FATAL = frozenset({
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError.INVALID_GROUP_ID,
    KafkaError.UNSUPPORTED_VERSION,
})  # fmt: skip
"""Errors that waiting does not heal: someone has to act."""

PASSING = frozenset({
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError._WAIT_COORD,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
})  # fmt: skip
"""Errors of a look-up that the next try may not meet."""
