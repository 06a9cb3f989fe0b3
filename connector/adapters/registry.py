"""Schemas from a Confluent-compatible registry, by confluent-kafka's own client.

**Rule**: what the registry says of a schema is told apart from a registry that does not answer: only "there is no such schema" is final.
"""

from __future__ import annotations

import json

import httpx2
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, Schema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connector.ports import RegistryUnavailable
from connector.settings import RegistrySettings

_SUBJECT_NOT_FOUND, _VERSION_NOT_FOUND, _SCHEMA_NOT_FOUND = 40401, 40402, 40403


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
        try:
            return await self._whole(await self._client.get_schema(schema_id))
        except SchemaRegistryError as error:
            if error.error_code == _SCHEMA_NOT_FOUND:
                return None
            raise _unavailable(error) from error
        except (httpx2.HTTPError, OSError) as error:
            raise RegistryUnavailable(type(error).__name__) from error

    async def latest(self, subject: str) -> object | None:
        """See `connector.ports.Registry`."""
        try:
            registered = await self._client.get_latest_version(subject)
            return await self._whole(registered.schema)
        except SchemaRegistryError as error:
            if error.error_code in {_SUBJECT_NOT_FOUND, _VERSION_NOT_FOUND}:
                return None
            raise _unavailable(error) from error
        except (httpx2.HTTPError, OSError) as error:
            raise RegistryUnavailable(type(error).__name__) from error

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
            registered = await self._client.get_version(reference.subject, reference.version)
            definitions[reference.name] = _parse(registered.schema)
            await self._collect(registered.schema, definitions)


def _unavailable(error: SchemaRegistryError) -> RegistryUnavailable:
    return RegistryUnavailable(f"HTTP {error.http_status_code}, error code {error.error_code}")


def _parse(schema: Schema) -> object:
    if (schema.schema_type or "AVRO") != "AVRO":
        raise ValueError(f"the registry holds a schema of type {schema.schema_type}, not AVRO")
    parsed: object = json.loads(schema.schema_str or "null")
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
