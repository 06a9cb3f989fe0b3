"""The operator's file, `connector.yaml`.

    sections.py       every key: type, range, default, meaning
    laws.py           what must hold between keys
    addresses.py      what must hold of URLs
    topic_names.py    what Kafka takes as the name of a topic
    expectations.py   what a key takes, in words
    suggest.py        what somebody may have meant
    parsing.py        from a document to settings

**Rule**: parsed, not validated: after `parse` there is no wrong value left to check for. Unknown keys are errors, and all problems of
the file are reported at once with their place. Does not read files (`connector.adapters.config_file` does).
"""

from connector.settings.addresses import is_loopback
from connector.settings.laws import OWNED_KAFKA_PROPERTIES
from connector.settings.parsing import parse
from connector.settings.sections import KafkaProperty, LogSettings, RegistrySettings, RetrySettings, Settings

__all__ = [
    "OWNED_KAFKA_PROPERTIES",
    "KafkaProperty",
    "LogSettings",
    "RegistrySettings",
    "RetrySettings",
    "Settings",
    "is_loopback",
    "parse",
]
