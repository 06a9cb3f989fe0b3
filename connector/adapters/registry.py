"""Schemas from a Confluent-compatible registry, by confluent-kafka's own client.

**Rule**: what the registry says of a schema is told apart from a registry that does not answer: only "there is no such schema" is final.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import TypeVar

import httpx2
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, Schema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connector.ports import RegistryUnavailable
from connector.settings import RegistrySettings

MAX_SCHEMA_ID = 2**31 - 1
"""Registries count ids in 32 bits with a sign, and do not understand a question about a larger one."""

_NOT_THERE = frozenset({40401, 40402, 40403})
"""Error codes of a subject, a version and a schema that do not exist."""

_NOT_A_REGISTRY = (ValueError, TypeError, AttributeError, KeyError)
"""What the client raises on a body that is not a registry's: another server answers, or a proxy in between."""

Answer = TypeVar("Answer")


class SchemaRegistry:
    """`connector.ports.Registry`. Made and used inside a running loop."""

    def __init__(self, settings: RegistrySettings) -> None:
        configuration: dict[str, object] = {"url": settings.url, "timeout": settings.timeout_s, "max.retries": 0}
        if settings.username is not None:
            configuration["basic.auth.user.info"] = f"{settings.username}:{settings.password or ''}"
        if settings.ca_file is not None:
            configuration["ssl.ca.location"] = settings.ca_file
        self._client = AsyncSchemaRegistryClient(configuration)

    async def schema(self, schema_id: int) -> object | None:
        """See `connector.ports.Registry`."""
        if schema_id > MAX_SCHEMA_ID:
            return None
        found = await _answer(self._client.get_schema(schema_id))
        return None if found is None else await self._whole(found)

    async def latest(self, subject: str) -> object | None:
        """See `connector.ports.Registry`."""
        found = await _answer(self._client.get_latest_version(subject))
        return None if found is None else await self._whole(found.schema)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.__aexit__(None, None, None)  # type: ignore[no-untyped-call]  # the client's only way to close

    async def _whole(self, schema: Schema) -> object:
        """Return the schema with the definitions it references put where they are first named."""
        definitions: dict[str, object] = {}
        await self._collect(schema, definitions)
        return put_in_place(_parse(schema), definitions)

    async def _collect(self, schema: Schema, definitions: dict[str, object]) -> None:
        for reference in schema.references or []:
            if not reference.name or not reference.subject or not reference.version or reference.name in definitions:
                continue
            registered = await _answer(self._client.get_version(reference.subject, reference.version))
            if registered is None:
                raise ValueError(f"it references {reference.name}, which the registry does not have")
            definitions[reference.name] = _parse(registered.schema)
            await self._collect(registered.schema, definitions)


async def _answer(asked: Awaitable[Answer]) -> Answer | None:
    """Return what the registry answers; None where it says that there is no such thing. Anything that is no answer of a registry raises."""
    try:
        return await asked
    except SchemaRegistryError as error:
        if error.error_code in _NOT_THERE:
            return None
        raise RegistryUnavailable(f"HTTP {error.http_status_code}, error code {error.error_code}") from error
    except (httpx2.HTTPError, OSError, *_NOT_A_REGISTRY) as error:
        raise RegistryUnavailable(type(error).__name__) from error


def _parse(schema: Schema) -> object:
    """Return the schema as JSON. Raises `ValueError` where it is no JSON of a readable depth, or not of Avro."""
    if not isinstance(schema.schema_str, str):
        raise RegistryUnavailable("the answer holds no schema")
    if (schema.schema_type or "AVRO") != "AVRO":
        raise ValueError(f"the registry holds a schema of type {schema.schema_type}, not AVRO")
    try:
        parsed: object = json.loads(schema.schema_str)
    except RecursionError:
        raise ValueError("the schema nests too deeply") from None
    return parsed


def put_in_place(schema: object, definitions: dict[str, object]) -> object:
    """Return `schema` with each name of `definitions` replaced, at its first use, by its definition. `definitions` is emptied."""
    if isinstance(schema, str):
        return put_in_place(definitions.pop(schema), definitions) if schema in definitions else schema
    if isinstance(schema, list):
        return [put_in_place(branch, definitions) for branch in schema]
    if isinstance(schema, dict):
        return {
            key: _fields(value, definitions)
            if key == "fields"
            else put_in_place(value, definitions)
            if key in {"type", "items", "values"}
            else value
            for key, value in schema.items()
        }
    return schema


def _fields(fields: object, definitions: dict[str, object]) -> object:
    if not isinstance(fields, list):
        return fields
    return [
        {**field, "type": put_in_place(field["type"], definitions)} if isinstance(field, dict) and "type" in field else field
        for field in fields
    ]
