"""The events of the tests: an Avro record of 25 fields (about 330 bytes), its bytes, and how to make many of them.

**Rule**: an event says who it is (`event_id`, unique, and `sequence` within its key), so that whoever receives it can be
asked what arrived, in which order and how often.
"""

from __future__ import annotations

import io
import json
import struct
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import fastavro
from fastavro.types import Schema

EVENT_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "AppEvent",
    "namespace": "com.acme.events",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "sequence", "type": "long"},
        {"name": "name", "type": "string"},
        {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "is_test", "type": "boolean"},
        {
            "name": "device",
            "type": {
                "type": "record",
                "name": "Device",
                "fields": [
                    {"name": "gaid", "type": ["null", "string"]},
                    {"name": "idfa", "type": ["null", "string"]},
                    {"name": "os", "type": {"type": "enum", "name": "Os", "symbols": ["android", "ios"]}},
                    {"name": "os_version", "type": "string"},
                    {"name": "model", "type": "string"},
                    {"name": "locale", "type": "string"},
                    {"name": "ip", "type": ["null", "string"]},
                ],
            },
        },
        {"name": "user_id", "type": ["null", "string"]},
        {"name": "session_id", "type": "string"},
        {"name": "app_version", "type": "string"},
        {"name": "screen", "type": "string"},
        {"name": "referrer", "type": ["null", "string"]},
        {"name": "campaign", "type": ["null", "string"]},
        {"name": "amount_cents", "type": ["null", "long"]},
        {"name": "currency", "type": ["null", "string"]},
        {"name": "order_id", "type": ["null", "string"]},
        {"name": "sku", "type": ["null", "string"]},
        {"name": "quantity", "type": "int"},
        {"name": "score", "type": "double"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
    ],
}
"""25 leaf fields: 18 of the event and 7 of its device."""

PARSED_SCHEMA = fastavro.parse_schema(EVENT_SCHEMA)

APP_TOKEN = "4w565xzmb54d"  # noqa: S105  # made up, as every token here
EVENT_TOKEN = "f0ob4r"  # noqa: S105  # likewise


class Event(NamedTuple):
    """An event to produce: the Kafka key, the decoded fields, and the partition where the test wants a certain one."""

    key: bytes | None
    fields: Mapping[str, Any]
    partition: int | None = None


def device_id(number: int) -> str:
    """Return the advertising id of device `number`: a lower-case UUID."""
    return str(uuid.UUID(int=0x1000_0000_0000_4000_8000_0000_0000_0000 + number))


def event(number: int, key: int, occurred_at_ms: int, **changes: object) -> Event:
    """Return event `number` of device `key`; `changes` replace fields of the record."""
    fields: dict[str, Any] = {
        "event_id": f"event-{number:08d}",
        "sequence": number,
        "name": "purchase",
        "occurred_at": occurred_at_ms,
        "is_test": False,
        "device": {
            "gaid": device_id(key),
            "idfa": None,
            "os": "android",
            "os_version": "14.0.1",
            "model": "Pixel 8 Pro",
            "locale": "de-DE",
            "ip": f"10.0.{key // 250 % 250}.{key % 250 + 1}",
        },
        "user_id": f"user-{key:06d}",
        "session_id": f"{number:016x}{key:08x}",
        "app_version": "5.12.0-release",
        "screen": "checkout/summary",
        "referrer": "https://shop.example.com/landing?utm_source=newsletter&week=21",
        "campaign": "spring-sale-2026",
        "amount_cents": 499 + number % 10_000,
        "currency": "EUR",
        "order_id": f"order-{number:010d}",
        "sku": f"sku-{number % 977:05d}",
        "quantity": 1 + number % 3,
        "score": (number % 100) / 100.0,
        "tags": ["web", "promo"],
    }
    fields.update(changes)
    return Event(key=f"device-{key:06d}".encode(), fields=fields)


def recent_ms() -> int:
    """Return the UNIX milliseconds of an hour ago: late enough for any destination, early enough to go on from."""
    return int(time.time() * 1000) - 3_600_000


def events(count: int, keys: int, first: int = 0, step_ms: int = 10, first_key: int = 0) -> list[Event]:
    """Return `count` events spread evenly over `keys` devices, `step_ms` milliseconds apart, all in the last hour.

    `first` is the number of the first one; the numbers go on from there. With `step_ms=0` all have one time, so that a
    destination that insists on chronological order takes a repeat as well. `first_key` is the number of the first device.
    """
    start_ms = recent_ms()
    return [event(number, first_key + number % keys, start_ms + number * step_ms) for number in range(first, first + count)]


def avro(fields: Mapping[str, Any], schema: Schema = PARSED_SCHEMA) -> bytes:
    """Return the bare Avro binary of `fields`."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, fields)
    return out.getvalue()


def framed(schema_id: int, body: bytes) -> bytes:
    """Return `body` in the Confluent wire format: a zero byte, the schema id in four bytes, the body."""
    return struct.pack(">bI", 0, schema_id) + body


def schema_text(schema: Schema = EVENT_SCHEMA) -> str:
    """Return a schema as the JSON text that a registry or a file holds."""
    return json.dumps(schema)
