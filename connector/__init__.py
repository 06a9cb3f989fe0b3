"""Kafka to Adjust connector."""

__version__ = "0.1.0"
