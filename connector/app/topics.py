"""For each topic of the mapping: the schema that its rules are checked against, and the rules compiled for it.

**Rule**: a mapping that does not fit the schemas known at start stops the start, with every problem of every topic.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import assert_never

from connector.adapters.decoding import TopicDecoding, reader
from connector.app.files import Configuration
from connector.document import Problem
from connector.errors import ConfigurationError, ServiceUnavailableError
from connector.mapping.compile import compile_topic
from connector.mapping.file_shape import SchemaFile, SchemaSubject
from connector.mapping.parse import TopicMapping
from connector.ports import Registry, RegistryUnavailable

ASK_AGAIN_S = 0.5


async def prepare_topics(configuration: Configuration, registry: Registry | None) -> Mapping[str, TopicDecoding]:
    """Return how each topic is read.

    Raises `ConfigurationError` with all problems, and `ServiceUnavailableError` where a registry is needed and does not answer.
    """
    problems: list[Problem] = []
    topics = {
        name: await _prepare(configuration, topic, registry, problems) for name, topic in configuration.mapping.topics.items()
    }
    if problems:
        raise ConfigurationError(problems)
    return {name: topic for name, topic in topics.items() if topic is not None}


async def _prepare(
    configuration: Configuration, topic: TopicMapping, registry: Registry | None, problems: list[Problem]
) -> TopicDecoding | None:
    path = ("topics", topic.name, "schema")
    schema = await _schema(configuration, topic, registry)
    if schema is None:
        subject = topic.schema.subject if isinstance(topic.schema, SchemaSubject) else topic.name
        settings = configuration.settings.schemas.registry
        message = f"the schema registry {settings.url if settings else ''} has no subject {subject}"
        hint = f"correct the name (the subject of a topic's values is mostly {topic.name}-value), or register the schema first"
        problems.append(configuration.mapping.document.problem(path, message, hint=hint))
        return None
    rules, found = compile_topic(configuration.mapping, topic.name, schema, at_start=True)
    problems.extend(problem for problem in found if problem.severity == "error")
    try:
        known = reader(schema, rules)
    except ValueError as error:
        problems.append(configuration.mapping.document.problem(path, str(error)))
        return None
    own = known if isinstance(topic.schema, SchemaFile) else None
    return TopicDecoding(topic.framing, own, functools.partial(compile_topic, configuration.mapping, topic.name))


async def _schema(configuration: Configuration, topic: TopicMapping, registry: Registry | None) -> object | None:
    match topic.schema:
        case SchemaFile():
            return configuration.schemas.get(topic.schema.name)
        case SchemaSubject():
            return await _newest(configuration, topic, topic.schema.subject, registry)
        case _:
            assert_never(topic.schema)


async def _newest(configuration: Configuration, topic: TopicMapping, subject: str, registry: Registry | None) -> object | None:
    """Fetch the subject that the rules are checked against; a registry that starts at the same time gets a while."""
    settings = configuration.settings.schemas.registry
    if registry is None or settings is None:
        path = ("topics", topic.name, "schema")
        raise ConfigurationError(
            [configuration.mapping.document.problem(path, "a subject needs schemas.registry in the settings")]
        )
    troubles: list[str] = []
    try:
        async with asyncio.timeout(configuration.settings.start_timeout_s):
            return await _ask(registry, subject, troubles)
    except TimeoutError:
        raise ServiceUnavailableError(
            f"schema registry {settings.url} gives no schema: {troubles[-1] if troubles else 'nothing came back'}\n"
            f"    the rules of topic {topic.name} cannot be checked without subject {subject}\n"
            "    hint: start it, correct schemas.registry.url (with its path), or name a schema file for the topic"
        ) from None


async def _ask(registry: Registry, subject: str, troubles: list[str]) -> object | None:
    """Ask until the registry answers; what it did instead is added to `troubles`."""
    while True:
        try:
            return await registry.latest(subject)
        except RegistryUnavailable as error:
            troubles.append(str(error))
            await asyncio.sleep(ASK_AGAIN_S)
