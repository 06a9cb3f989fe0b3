"""An app event of 25 fields with everything Avro has, one event of it as decoding gives it, and the Kafka record it came in."""

import json

import pytest

from connector.mapping.cel.compiler import Compiler
from connector.record import Record, TopicPartition

SCHEMA = json.loads("""
{"type": "record", "name": "AppEvent", "namespace": "com.acme", "fields": [
  {"name": "event_id", "type": {"type": "string", "logicalType": "uuid"}},
  {"name": "name", "type": "string"},
  {"name": "platform", "type": {"type": "enum", "name": "Platform", "symbols": ["IOS", "ANDROID"]}},
  {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "received_at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}], "default": null},
  {"name": "local_time", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
  {"name": "install_day", "type": {"type": "int", "logicalType": "date"}},
  {"name": "time_of_day", "type": {"type": "int", "logicalType": "time-millis"}},
  {"name": "device", "type": {"type": "record", "name": "Device", "fields": [
    {"name": "id", "type": "string"},
    {"name": "idfa", "type": ["null", "string"]},
    {"name": "gaid", "type": ["null", "string"]},
    {"name": "parent", "type": ["null", "Device"]}]}},
  {"name": "previous_device", "type": ["null", "Device"]},
  {"name": "amount_cents", "type": ["null", "long"]},
  {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
  {"name": "tax", "type": ["null", {"type": "fixed", "name": "Tax", "size": 8, "logicalType": "decimal", "precision": 12, "scale": 4}]},
  {"name": "currency", "type": ["null", "string"]},
  {"name": "quantity", "type": "int"},
  {"name": "score", "type": "double"},
  {"name": "is_test", "type": "boolean"},
  {"name": "consent", "type": ["null", "boolean"]},
  {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "namespace": "com.acme.shop", "fields": [
    {"name": "sku", "type": "string"},
    {"name": "sold_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "note", "type": ["null", "string"]}]}}},
  {"name": "tags", "type": ["null", {"type": "array", "items": "string"}]},
  {"name": "labels", "type": {"type": "map", "values": "string"}},
  {"name": "props", "type": ["null", {"type": "map", "values": ["null", "string"]}]},
  {"name": "extra", "type": ["null", "string", "long", {"type": "map", "values": "string"}]},
  {"name": "fingerprint", "type": {"type": "fixed", "name": "Fingerprint", "size": 4}},
  {"name": "matrix", "type": {"type": "array", "items": {"type": "array", "items": "long"}}}
]}
""")


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    """A compiler for the schema."""
    return Compiler(SCHEMA)


@pytest.fixture
def event() -> dict[str, object]:
    """An event as decoding gives it: logical types raw, union values bare."""
    parent = {"id": "p1", "idfa": "P-IDFA", "gaid": None, "parent": None}
    return {
        "event_id": "0b7a3c1e-8f43-4c1c-9d07-aaaaaaaaaaaa",
        "name": "purchase",
        "platform": "IOS",
        "occurred_at": 1_700_000_000_123,
        "received_at": 1_700_000_001_123_456,
        "local_time": 1_700_000_000_000,
        "install_day": 19_675,
        "time_of_day": 3_600_500,
        "device": {"id": "d1", "idfa": None, "gaid": "G", "parent": parent},
        "previous_device": None,
        "amount_cents": 1250,
        "price": (12345).to_bytes(2, "big", signed=True),
        "tax": (-70000).to_bytes(8, "big", signed=True),
        "currency": None,
        "quantity": 3,
        "score": 2.5,
        "is_test": False,
        "consent": None,
        "items": [
            {"sku": "a-1", "sold_at": 1_700_000_000_000, "note": None},
            {"sku": "b-2", "sold_at": 1_700_000_060_000, "note": "gift"},
        ],
        "tags": ["red", "new"],
        "labels": {"team": "core"},
        "props": None,
        "extra": 5,
        "fingerprint": b"\x00\x01\x02\x03",
        "matrix": [[1, 2], [3]],
    }


@pytest.fixture
def record() -> Record:
    """The Kafka record of the event."""
    headers = (("trace", b"first"), ("empty", None), ("trace", b"second"))
    return Record(TopicPartition("app-events", 3), 42, 1_700_000_000_000, "schlüssel".encode(), b"", headers)
