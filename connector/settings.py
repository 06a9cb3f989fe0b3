"""The operator's file, `connector.yaml`: every key, its default and the laws between them.

**Rule**: parsed, not validated: after `parse` there is no wrong value left to check for. Unknown keys are errors, and all
problems of the file are reported at once with their place. Does not read files (`connector.adapters.config_file` does).
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connector.document import Document, Path, Problem
from connector.errors import ConfigurationError

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

KafkaProperty = str | bool | int | float


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RegistrySettings(_Section):
    """A Confluent-compatible schema registry."""

    url: str = Field(description="Base URL, as Confluent's own clients take it.")
    username: str | None = Field(default=None, description="User of HTTP basic authentication.")
    password: str | None = Field(default=None, description="Password of HTTP basic authentication.", repr=False)
    ca_file: str | None = Field(default=None, description="PEM file of the certificate authorities to trust.")
    timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(default=10.0, description="Seconds for one registry request.")


class SchemaSettings(_Section):
    """Where Avro schemas come from: a folder of files, a registry, or both."""

    directory: str | None = Field(default=None, description="Folder of the mapping's `schema:` files.")
    registry: RegistrySettings | None = Field(default=None, description="Registry of Confluent-framed records.")


class AdjustSettings(_Section):
    """The destination."""

    base_url: str = Field(default="https://s2s.adjust.com", description="Scheme and host of Adjust's S2S API.")
    allow_plain_http: bool = Field(default=False, description="Allow http:// beyond loopback: S2S tokens travel in the clear.")
    connect_timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(default=5.0, description="Seconds to connect, TLS included.")
    timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(default=30.0, description="Seconds for one request in all.")
    transport: Literal["libcurl", "httpx"] = Field(default="libcurl", description="HTTP client under the hot path.")
    proxy: str | None = Field(default=None, description="Proxy URL; variables of the environment are not read.")
    ca_file: str | None = Field(default=None, description="PEM file of the certificate authorities to trust.")


class DeliverySettings(_Section):
    """How much is under way at once."""

    max_in_flight: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=128, description="Requests in flight at once, over all keys."
    )
    max_buffered: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=20_000, description="Records held in memory before partitions are paused."
    )
    max_buffered_bytes: Annotated[int, Field(ge=1_000_000)] = Field(
        default=128_000_000, description="Bytes of keys and values held in memory before partitions are paused."
    )
    drain_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=20.0,
        description="Seconds that requests in flight get to finish when partitions are revoked or the process stops.",
    )


class RetrySettings(_Section):
    """Waiting times of a request that may succeed later."""

    initial_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=0.5, description="Upper bound of the first wait, in seconds."
    )
    max_s: Annotated[float, Field(gt=0, le=86_400)] = Field(default=60.0, description="Upper bound of every wait, in seconds.")
    not_yet_max_age_s: Annotated[float, Field(gt=0)] = Field(
        default=3600.0,
        description="Seconds after the first attempt at which an unknown device is no longer waited for: dead letter.",
    )
    probe_s: Annotated[float, Field(gt=0, le=3600)] = Field(default=15.0, description="Seconds between probes of a held app.")


class DeadLetterSettings(_Section):
    """Where records go that Adjust rejects or that cannot become a request."""

    topic: str = Field(default="{topic}.dead-letter", description="Name of the dead-letter topic; {topic} is the origin's name.")
    max_message_bytes: Annotated[int, Field(ge=1_000_000, le=1_000_000_000)] = Field(
        default=16_000_000, description="Largest dead letter that is tried: the record plus its headers."
    )


class CommitSettings(_Section):
    """How often progress is committed."""

    interval_ms: Annotated[int, Field(ge=10, le=60_000)] = Field(
        default=250, description="Milliseconds between commits while something moves."
    )


class AdminSettings(_Section):
    """The server of /livez, /readyz and /metrics."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(default=9400, description="Port to listen on; 0 takes a free one.")


class LogSettings(_Section):
    """What is written to standard error."""

    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, JSON lines elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level written.")
    summary_interval_s: Annotated[float, Field(ge=0)] = Field(
        default=60.0, description="Seconds between summaries; 0 writes none."
    )


class Settings(_Section):
    """The whole of `connector.yaml`."""

    kafka: dict[str, KafkaProperty] = Field(description="librdkafka properties, passed on as written.")
    schemas: SchemaSettings
    mapping: str = Field(description="Path of the mapping file.")
    adjust: AdjustSettings = AdjustSettings()
    delivery: DeliverySettings = DeliverySettings()
    retry: RetrySettings = RetrySettings()
    dead_letter: DeadLetterSettings = DeadLetterSettings()
    commit: CommitSettings = CommitSettings()
    admin: AdminSettings = AdminSettings()
    log: LogSettings = LogSettings()
    start_timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=30.0, description="Seconds that brokers and a registry needed at start get to answer."
    )

    @model_validator(mode="before")
    @classmethod
    def _sections_may_be_empty(cls, tree: object) -> object:
        """A section that is written but empty (`admin:`) means its defaults."""
        if not isinstance(tree, dict):
            return tree
        return {name: value for name, value in tree.items() if value is not None or name in {"kafka", "schemas", "mapping"}}


def parse(document: Document) -> Settings:
    """Return the settings in `document`.

    Raises `ConfigurationError` with every problem in it: unknown keys, wrong types and ranges, and the laws between keys.
    """
    try:
        settings = Settings.model_validate(document.tree)
    except ValidationError as error:
        laws = _laws(document, document.tree) if isinstance(document.tree, dict) else []
        raise ConfigurationError(_shape_problems(document, error) + laws) from None
    problems = _laws(document, document.tree)
    if problems:
        raise ConfigurationError(problems)
    return settings


def _shape_problems(document: Document, error: ValidationError) -> list[Problem]:
    problems = []
    seen: set[Path] = set()
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        path: Path = tuple(step for step in item["loc"])
        if path and path[0] == "kafka":
            path = path[:2]
        if path in seen:
            continue
        seen.add(path)
        problems.append(document.problem(path, _message(item["type"], item["msg"]), hint=_hint(item["type"], path)))
    return problems


def _message(kind: str, text: str) -> str:
    match kind:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "this key is required"
        case _:
            return text[0].lower() + text[1:]


def _hint(kind: str, path: Path) -> str | None:
    if kind != "extra_forbidden" or not path:
        return None
    known = _keys(path[:-1])
    return f"the keys here are {', '.join(known)}" if known else None


def _keys(path: Path) -> list[str]:
    model: type[BaseModel] = Settings
    for step in path:
        nested = _section(model, str(step))
        if nested is None:
            return []
        model = nested
    return list(model.model_fields)


def _section(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    info = model.model_fields.get(name)
    options = [info.annotation, *getattr(info.annotation, "__args__", ())] if info else []
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _laws(document: Document, tree: object) -> list[Problem]:
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
