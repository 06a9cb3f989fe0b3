"""The settings' `kafka:` section, tried on the client itself: librdkafka knows its own properties best.

**Rule**: a property that does not exist or cannot have its value is named before anything is started. No connection is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException

from connector.settings import KafkaProperty

_NEEDED: Mapping[str, KafkaProperty] = {"group.id": "check", "log_level": 0}


def refused(properties: Mapping[str, KafkaProperty]) -> Mapping[str | None, str]:
    """Return what the client refuses: its words by property, or under None where only the combination is wrong."""
    whole = _try(properties)
    if whole is None:
        return {}
    by_property: dict[str | None, str] = {
        name: why for name, value in properties.items() if (why := _try({name: value})) is not None
    }
    return {**by_property} if by_property else {None: whole}


def _try(properties: Mapping[str, KafkaProperty]) -> str | None:
    try:
        consumer = Consumer({**_NEEDED, **properties})
    except KafkaException as error:
        return str(error.args[0].str())
    except (TypeError, ValueError) as error:
        return str(error)
    consumer.close()
    return None
