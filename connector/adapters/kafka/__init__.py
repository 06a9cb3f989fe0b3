"""Kafka, by confluent-kafka: the consumer on its own thread, the producer of dead letters on the loop.

source.py         the consumer: batches in, commits out, partitions that come and go
messages.py       between the client's objects and ours
commands.py       what the loop asks of the consumer's thread
listener.py       who is told what the consumer sees
publisher.py      the producer of dead letters, and what topics there are
properties.py     what the connector sets, and what the client refuses
client_errors.py  which of the client's errors need someone to act
client_log.py     librdkafka's own lines as facts

**Rule**: only the consumer's thread touches the consumer; what it sees is told on the event loop, which owns all state.
"""

from connector.adapters.kafka.client_log import client_logger
from connector.adapters.kafka.properties import refused
from connector.adapters.kafka.publisher import KafkaPublisher
from connector.adapters.kafka.source import KafkaSource

__all__ = ["KafkaPublisher", "KafkaSource", "client_logger", "refused"]
