"""A scenario: a topic of events, a destination, one connector or several, and what is known about all of it at the end.

**Rule**: events are produced as a customer's backend does (keyed, Avro, framed); settings and mapping are files; the verdict
is `support.judge`'s, on evidence from the broker and the destination.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from support.connector_process import ConnectorProcess, SandboxProcess
from support.events import APP_TOKEN, EVENT_TOKEN, Event, avro, framed, schema_text
from support.judge import Evidence, Produced, assert_promises
from support.kafka_side import KafkaSide, Raw, Stored
from support.waiting import until

PARAMETERS = {
    "gps_adid": "event.device.gaid",
    "idfa": "event.device.idfa",
    "os_name": "event.device.os",
    "os_version": "event.device.os_version",
    "device_name": "event.device.model",
    "ip_address": "event.device.ip",
    "created_at_unix": "event.occurred_at",
    "revenue": "event.amount_cents != null ? dyn(double(event.amount_cents) / 100.0) : null",
    "currency": "event.currency",
}
CALLBACK_PARAMETERS = {"event_id": "event.event_id", "order_id": "event.order_id", "user_id": "event.user_id"}
PARTNER_PARAMETERS = {"sku": "event.sku", "campaign": "event.campaign"}


def mapping_of(topics: Iterable[str], schema: object = "app_event.avsc", event_token: str = EVENT_TOKEN) -> dict[str, Any]:
    """Return a mapping file: test events are dropped, everything else is a purchase in one app."""
    purchase = {
        "name": "purchase",
        "app": "shop",
        "endpoint": "event",
        "event_token": event_token,
        "params": PARAMETERS,
        "callback_params": CALLBACK_PARAMETERS,
        "partner_params": PARTNER_PARAMETERS,
    }
    rules = [{"name": "internal-tests", "when": "event.is_test", "drop": True}, purchase]
    return {
        "apps": {"shop": {"app_token": APP_TOKEN, "environment": "sandbox"}},
        "topics": {topic: {"schema": schema, "rules": rules} for topic in topics},
    }


class Scenario:
    """One topic with its dead-letter topic and group on `kafka`; files under `folder`. `close` stops whatever still runs."""

    def __init__(self, folder: Path, kafka: KafkaSide, registry_url: str | None = None) -> None:
        name = uuid.uuid4().hex[:12]
        self.folder = folder
        self.kafka = kafka
        self.topic = f"app-events-{name}"
        self.dead_letter_topic = f"{self.topic}.dead-letter"
        self.group = f"connector-{name}"
        self.produced: list[Produced] = []
        self._registry_url = registry_url
        self._running: list[ConnectorProcess | SandboxProcess] = []
        self._sandbox: SandboxProcess | None = None
        (folder / "schemas").mkdir()
        (folder / "schemas" / "app_event.avsc").write_text(schema_text())
        self.write_mapping(mapping_of([self.topic]))

    @property
    def sandbox(self) -> SandboxProcess:
        """The destination, which `start_sandbox` started."""
        assert self._sandbox is not None, "no sandbox was started"
        return self._sandbox

    def close(self) -> None:
        """Stop what still runs. The end of each log is written out: pytest shows it beside a failure, and only there."""
        for running in self._running:
            running.stop()
            sys.stdout.write(
                f"--- {running.process.log.name} ends ({running.process.exit_code}):\n{running.process.log_tail(20)}\n"
            )

    def make_topics(self, partitions: int = 6) -> None:
        """Create the topic and its dead-letter topic."""
        self.kafka.make_topic(self.topic, partitions)
        self.kafka.make_topic(self.dead_letter_topic, partitions, {"max.message.bytes": "16000000"})

    def write_mapping(self, mapping: Mapping[str, Any]) -> None:
        """Write the mapping file."""
        (self.folder / "mapping.yaml").write_text(json.dumps(mapping, indent=2))

    def start_sandbox(
        self, faults: Sequence[Mapping[str, Any]] = (), latency_ms: float = 0.0, config: Mapping[str, Any] | None = None
    ) -> SandboxProcess:
        """Start the destination."""
        self._sandbox = SandboxProcess(self.folder, faults, latency_ms, config)
        self._running.append(self._sandbox)
        return self._sandbox

    def settings(self, changes: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """Return the settings; `changes` are laid over them, section by section."""
        plain: dict[str, Any] = {
            "kafka": {
                "bootstrap.servers": self.kafka.bootstrap_servers,
                "group.id": self.group,
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 500,
            },
            "schemas": {"directory": "schemas", **({"registry": {"url": self._registry_url}} if self._registry_url else {})},
            "mapping": "mapping.yaml",
            "adjust": {"base_url": self._sandbox.base_url if self._sandbox else "http://127.0.0.1:9"},
            "delivery": {"max_in_flight": 128},
            "retry": {"initial_s": 0.05, "max_s": 1.0},
        }
        for section, values in (changes or {}).items():
            plain[section] = {**plain.get(section, {}), **values}
        return plain

    def start_connector(self, changes: Mapping[str, Mapping[str, Any]] | None = None, name: str = "member") -> ConnectorProcess:
        """Start a connector; it may not be ready yet."""
        started = ConnectorProcess(self.folder, self.settings(changes), f"{name}-{len(self._running)}")
        self._running.append(started)
        return started

    def produce(self, events: Sequence[Event], schema_id: int = 1) -> list[tuple[int, int]]:
        """Produce events in the Confluent framing; return where each stands."""
        return self.produce_raw(
            events, [Raw(framed(schema_id, avro(each.fields)), each.key, (), each.partition) for each in events]
        )

    def produce_raw(self, events: Sequence[Event], records: Sequence[Raw]) -> list[tuple[int, int]]:
        """Produce `records`, which are what the test makes of `events`, and remember each for the judge."""
        places = self.kafka.produce(self.topic, records)
        self.remember(events, records, places)
        return places

    def remember(self, events: Sequence[Event], records: Sequence[Raw], places: Sequence[tuple[int, int]]) -> None:
        """Tell the judge of events that now stand in the topic."""
        for event, record, (partition, offset) in zip(events, records, places, strict=True):
            self.produced.append(
                Produced(event.fields["event_id"], partition, offset, record.key or None, filtered=event.fields["is_test"])
            )

    def committed(self) -> dict[int, int]:
        """Return the group's committed offsets."""
        return self.kafka.committed(self.group, self.topic)

    def until_all_committed(self, within_s: float = 120.0) -> None:
        """Wait until the group's committed offset stands behind the last event of every partition."""
        wanted: dict[int, int] = {}
        for event in self.produced:
            wanted[event.partition] = max(wanted.get(event.partition, 0), event.offset + 1)

        def all_committed() -> bool:
            committed = self.committed()
            return all(committed[partition] >= offset for partition, offset in wanted.items())

        self.until(all_committed, f"the group committed everything of {self.topic}", within_s, every_s=0.2)

    def until_delivered(self, count: int, within_s: float = 120.0) -> None:
        """Wait until the sandbox answered `count` requests with 200."""
        self.until(lambda: self.sandbox.delivered() >= count, f"{count} events are delivered", within_s, every_s=0.02)

    def until(self, condition: Callable[[], object], what: str, within_s: float, every_s: float = 0.1) -> None:
        """Wait for `condition`. Raises `AssertionError` at once where a connector ended by itself with an error."""

        def holds() -> object:
            for running in self._running:
                code = running.process.exit_code
                if isinstance(running, ConnectorProcess) and code is not None and code > 0:
                    raise AssertionError(f"a connector ended with {code}; its log ends:\n{running.process.log_tail()}")
            return condition()

        until(holds, what, within_s, every_s)

    def dead_letters(self) -> list[Stored]:
        """Return the dead-letter topic."""
        return self.kafka.read_all(self.dead_letter_topic)

    def evidence(self) -> Evidence:
        """Gather what is known from outside."""
        parked = [
            (int(letter.header("connector.partition") or -1), int(letter.header("connector.offset") or -1))
            for letter in self.dead_letters()
        ]
        return Evidence(self.produced, self.sandbox.arrivals(), parked, self.committed())

    def assert_promises(self, repeats_at_most: int = 0) -> Evidence:
        """Let the judge decide; return the evidence."""
        evidence = self.evidence()
        assert_promises(evidence, repeats_at_most)
        return evidence
