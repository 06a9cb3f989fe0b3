"""What Kafka takes as the name of a topic.

**Rule**: only Kafka's own law is here; a topic that does not exist is no concern of this file.
"""

from __future__ import annotations

import re

MAX_LENGTH = 249
"""Characters of the longest name (Kafka: `org.apache.kafka.common.internals.Topic`)."""

_NAME = re.compile(r"[a-zA-Z0-9._-]+")


def fault_of(name: str) -> str | None:
    """Return what Kafka has against the topic `name`, or None where it takes it."""
    if not name:
        return "a topic has a name"
    if name in {".", ".."}:
        return f"Kafka takes no topic called {name}"
    if not _NAME.fullmatch(name):
        return "Kafka takes letters, digits, '.', '_' and '-' in the name of a topic"
    if len(name) > MAX_LENGTH:
        return f"Kafka takes {MAX_LENGTH} characters in the name of a topic, this one has {len(name)}"
    return None
