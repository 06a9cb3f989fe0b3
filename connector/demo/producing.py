"""Sample events for a Kafka cluster that already exists, as in docker-compose.yml.

**Rule**: with a registry, the events are written in Confluent's wire format under the schema that is registered for the topic
(subject `TOPIC-value`); without one they are bare Avro. Ends when every event is acknowledged.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError  # what confluent-kafka 2.16 raises for its registry calls

from connector.demo.broker import KafkaSide
from connector.demo.generator import Generator, schema_text
from connector.errors import ServiceUnavailableError

MAGIC = b"\x00"


def produce(bootstrap_servers: str, registry_url: str | None, topic: str, events: int, seed: int) -> Mapping[int, int]:
    """Write `events` samples of `seed` to `topic` and return how many lie in each partition.

    Raises `ServiceUnavailableError` where a broker, the topic or the registry is not there.
    """
    kafka = KafkaSide(bootstrap_servers, topic, f"{topic}.dead-letter")
    kafka.await_topics()
    frame = b"" if registry_url is None else MAGIC + _registered(registry_url, topic).to_bytes(4, "big")
    generator = Generator(seed, int(time.time() * 1000), events, frame=frame)
    counts: dict[int, int] = {}
    for place in kafka.produce(generator.samples()).values():
        counts[place.partition] = counts.get(place.partition, 0) + 1
    return counts


def _registered(url: str, topic: str) -> int:
    """Return the id under which the registry at `url` has the events' schema."""
    try:
        return int(SchemaRegistryClient({"url": url}).register_schema(f"{topic}-value", Schema(schema_text(), "AVRO")))
    except (HTTPError, SchemaRegistryError, ValueError) as error:
        raise ServiceUnavailableError(f"the schema registry {url} does not take the schema: {type(error).__name__}") from None
