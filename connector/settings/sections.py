"""Every key of `connector.yaml`: its type, its range, its default and what it means.

**Rule**: a key is declared once; parsing, the README's table and the chart's schema come from the declaration. Does not know what must
hold between keys (`connector.settings.laws`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
        default=128_000_000,
        description="Bytes held in memory before partitions are paused; a value counts twice, for the request made of it.",
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
