"""What must hold between the keys of `connector.yaml`, and why.

**Rule**: a law says what breaks otherwise. Laws are asked of files that have other problems too, so they take a tree of any shape.
"""

from __future__ import annotations

from connector.document import Document, Problem
from connector.settings.addresses import address_laws
from connector.settings.sections import DeliverySettings, RetrySettings
from connector.settings.topic_names import fault_of

OWNED_KAFKA_PROPERTIES = {
    "enable.auto.commit": "the connector commits only past settled records",
    "enable.auto.offset.store": "the connector commits only past settled records",
    "auto.commit.interval.ms": "commits follow commit.interval_ms",
    "enable.partition.eof": "the connector reads partitions without end markers",
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
    parts = (_kafka_laws, _schema_laws, address_laws, _retry_laws, _dead_letter_laws)
    return [problem for part in parts for problem in part(document, tree)]


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
    drain_s = _number(tree, "delivery", "drain_timeout_s", DeliverySettings().drain_timeout_s)
    limit_ms = kafka.get("max.poll.interval.ms", DEFAULT_MAX_POLL_INTERVAL_MS)
    if isinstance(limit_ms, int | str) and str(limit_ms).isdigit() and drain_s * 1000 >= int(limit_ms):
        problems.append(
            document.problem(
                ("delivery", "drain_timeout_s"),
                f"draining may take {drain_s:g} s, but the group gives a member up after max.poll.interval.ms = {limit_ms}",
                hint="lower delivery.drain_timeout_s or raise kafka's max.poll.interval.ms",
            )
        )
    return problems


def _number(tree: dict[str, object], section: str, key: str, default: float) -> float:
    """Return a number of the file; one filled in from the environment is text, and what is no number is reported elsewhere."""
    keys = tree.get(section)
    given = keys.get(key) if isinstance(keys, dict) else None
    try:
        return float(given) if isinstance(given, int | float | str) else default
    except ValueError:
        return default


def _schema_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    schemas = tree.get("schemas")
    if isinstance(schemas, dict) and not schemas.get("directory") and not schemas.get("registry"):
        return [document.problem(("schemas",), "either directory or registry is required", hint="give one of them, or both")]
    return []


def _retry_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    defaults = RetrySettings()
    initial_s = _number(tree, "retry", "initial_s", defaults.initial_s)
    max_s = _number(tree, "retry", "max_s", defaults.max_s)
    if not initial_s > max_s:  # what is no number at all is reported elsewhere
        return []
    message = f"the first wait, {initial_s:g} s, is above retry.max_s, the bound of every wait, {max_s:g} s"
    given = tree.get("retry")
    key = "initial_s" if isinstance(given, dict) and "initial_s" in given else "max_s"
    return [document.problem(("retry", key), message, hint="lower retry.initial_s or raise retry.max_s")]


def _dead_letter_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    section = tree.get("dead_letter")
    pattern = section.get("topic") if isinstance(section, dict) else None
    if not isinstance(pattern, str):
        return []
    place, literal = ("dead_letter", "topic"), pattern.replace("{topic}", "t")
    if "{" in literal or "}" in literal:
        return [document.problem(place, "{topic} is all that is filled in here", hint='write it so: "{topic}.dead-letter"')]
    fault = fault_of(literal)
    return [] if fault is None else [document.problem(place, fault)]
