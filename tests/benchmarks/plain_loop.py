"""The plain loop that the connector is compared with: what one writes first, with confluent-kafka, fastavro and httpx.

Consumes in batches, decodes, maps by a dict, posts one event after the other with a `httpx.Client`, commits synchronously
after each batch. No order but the partition's, no concurrency, no retries, no dead letters.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import httpx
from confluent_kafka import Consumer


def form(event: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of a purchase, the same as the benchmark's mapping file asks of the connector."""
    device = event["device"]
    parameters = {
        "s2s": "1",
        "app_token": "4w565xzmb54d",
        "event_token": "f0ob4r",
        "environment": "sandbox",
        "gps_adid": device["gaid"],
        "os_name": device["os"],
        "os_version": device["os_version"],
        "device_name": device["model"],
        "ip_address": device["ip"],
        "created_at_unix": str(int(event["occurred_at"].timestamp())),
        "callback_params": json.dumps(
            {"event_id": event["event_id"], "order_id": event["order_id"], "user_id": event["user_id"]}
        ),
        "partner_params": json.dumps({"sku": event["sku"], "campaign": event["campaign"]}),
    }
    if device["idfa"]:
        parameters["idfa"] = device["idfa"]
    if event["amount_cents"] is not None:
        parameters["revenue"] = str(event["amount_cents"] / 100.0)
        parameters["currency"] = event["currency"]
    return parameters


def run(bootstrap_servers: str, topic: str, group: str, schema_file: Path, url: str, count: int) -> None:
    """Deliver `count` events of `topic` to `url`."""
    schema = fastavro.parse_schema(json.loads(schema_file.read_text()))
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    done = 0
    with httpx.Client(trust_env=False) as client:
        while done < count:
            for message in consumer.consume(min(500, count - done), timeout=1.0):
                if message.error() is not None:
                    continue
                event = fastavro.schemaless_reader(io.BytesIO((message.value() or b"")[5:]), schema, None)
                assert isinstance(event, dict)
                client.post(url, data=form(event)).raise_for_status()
                done += 1
            if done:
                consumer.commit(asynchronous=False)
    consumer.close()


def main() -> None:
    """Run the loop from the command line."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "topic", "group", "schema", "url"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    run(given.bootstrap, given.topic, given.group, Path(given.schema), given.url, given.count)


if __name__ == "__main__":
    main()
