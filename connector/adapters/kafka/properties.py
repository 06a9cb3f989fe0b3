"""The settings' `kafka:` section: what the connector adds to it, and the client's own word on the rest.

**Rule**: what the connector owns is not for the settings to say. A property that does not exist or cannot have its value is named
before anything is started. No connection is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException

from connector.settings import KafkaProperty

DEFAULTS: Mapping[str, KafkaProperty] = {
    "auto.offset.reset": "earliest",
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 16_384,
    "client.id": "kafka-adjust-connector",
}
"""What the connector sets where the settings say nothing. `earliest`: a group without commits must not skip what is there."""

CLASSIC_DEFAULTS: Mapping[str, KafkaProperty] = {"partition.assignment.strategy": "range"}
"""Likewise, for the classic group protocol only: with `group.protocol: consumer` the broker assigns."""

OWNED: Mapping[str, KafkaProperty] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": False,
}

_NEEDED: Mapping[str, KafkaProperty] = {"group.id": "check", "log_level": 0}


def consumer_properties(properties: Mapping[str, KafkaProperty]) -> dict[str, object]:
    """Return all properties of the consumer: ours by default, then those of the settings, then what is not for them to say."""
    classic = properties.get("group.protocol", "classic") == "classic"
    return {**DEFAULTS, **(CLASSIC_DEFAULTS if classic else {}), **properties, **OWNED}


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
