"""What must hold between the keys of `connector.yaml`, and why.

**Rule**: a law says what breaks otherwise. Laws are asked of files that have other problems too, so they take a tree of any shape.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from connector.document import Document, Problem
from connector.settings.sections import DeliverySettings

OWNED_KAFKA_PROPERTIES = {
    "enable.auto.commit": "the connector commits only past settled records",
    "enable.auto.offset.store": "the connector commits only past settled records",
    "auto.commit.interval.ms": "commits follow commit.interval_ms",
    "enable.partition.eof": "the connector reads partitions without end markers",
    "go.delivery.reports": "it belongs to another client library",
    "statistics.interval.ms": "the connector publishes its own metrics on the admin port",
    "on_commit": "callbacks cannot be given in a file",
    "error_cb": "callbacks cannot be given in a file",
    "stats_cb": "callbacks cannot be given in a file",
    "log_cb": "callbacks cannot be given in a file",
    "oauth_cb": "callbacks cannot be given in a file",
}
"""librdkafka properties that would break a guarantee, with the reason that the refusal gives."""

DEFAULT_MAX_POLL_INTERVAL_MS = 300_000
"""librdkafka's default of `max.poll.interval.ms`."""


def laws(document: Document, tree: object) -> list[Problem]:
    """What must hold between keys; `tree` may be of any shape, since it is also asked of files with other problems."""
    if not isinstance(tree, dict):
        return []
    return [*_kafka_laws(document, tree), *_schema_laws(document, tree), *_address_laws(document, tree)]


def _kafka_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    kafka = tree.get("kafka")
    if not isinstance(kafka, dict):
        return []
    problems = [
        document.problem(("kafka", name), f"this property is the connector's own: {reason}", hint="remove it")
        for name, reason in OWNED_KAFKA_PROPERTIES.items()
        if name in kafka
    ]
    problems += [
        document.problem(("kafka",), f"{name} is required") for name in ("bootstrap.servers", "group.id") if not kafka.get(name)
    ]
    drain_s, limit_ms = _drain_s(tree), kafka.get("max.poll.interval.ms", DEFAULT_MAX_POLL_INTERVAL_MS)
    if isinstance(limit_ms, int | str) and str(limit_ms).isdigit() and drain_s * 1000 >= int(limit_ms):
        problems.append(
            document.problem(
                ("delivery", "drain_timeout_s"),
                f"draining may take {drain_s:g} s, but the group gives a member up after max.poll.interval.ms = {limit_ms}",
                hint="lower delivery.drain_timeout_s or raise kafka's max.poll.interval.ms",
            )
        )
    return problems


def _drain_s(tree: dict[str, object]) -> float:
    """Return the drain deadline; a value filled in from the environment is text, and one that is no number is reported elsewhere."""
    delivery = tree.get("delivery")
    given = delivery.get("drain_timeout_s") if isinstance(delivery, dict) else None
    try:
        return float(given) if isinstance(given, int | float | str) else DeliverySettings().drain_timeout_s
    except ValueError:
        return DeliverySettings().drain_timeout_s


def _schema_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    schemas = tree.get("schemas")
    if isinstance(schemas, dict) and not schemas.get("directory") and not schemas.get("registry"):
        return [document.problem(("schemas",), "either directory or registry is required", hint="give one of them, or both")]
    return []


def _address_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    adjust = tree.get("adjust")
    base_url = adjust.get("base_url") if isinstance(adjust, dict) else None
    if not isinstance(adjust, dict) or not isinstance(base_url, str):
        return []
    try:
        parts = urlsplit(base_url)
        port_is_wrong = parts.port == 0
    except ValueError:
        return [document.problem(("adjust", "base_url"), "not a URL")]
    if parts.scheme not in {"http", "https"} or not parts.hostname or port_is_wrong:
        return [document.problem(("adjust", "base_url"), "not an http:// or https:// URL with a host")]
    if parts.query or parts.fragment or parts.username:
        return [document.problem(("adjust", "base_url"), "only scheme, host, port and path are taken", hint="leave the rest out")]
    if parts.scheme == "http" and not is_loopback(parts.hostname) and adjust.get("allow_plain_http") is not True:
        return [
            document.problem(
                ("adjust", "base_url"),
                f"plain http to {parts.hostname}: S2S tokens would travel in the clear",
                hint="use https://, or set adjust.allow_plain_http: true for a network you trust",
            )
        ]
    return []


def is_loopback(host: str) -> bool:
    """Say whether `host` (a name or an address) is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
