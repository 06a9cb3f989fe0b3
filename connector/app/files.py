"""Settings, mapping and the schema files they name, read together.

**Rule**: every problem of every file is reported at once; nothing is started on half a configuration.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from connector.adapters import config_file, kafka
from connector.document import Document, Path, Problem
from connector.errors import ConfigurationError, UnreadableError
from connector.mapping.compile import compile_topic
from connector.mapping.file_shape import SchemaFile, SchemaSubject
from connector.mapping.parse import MappingFile, TopicMapping, read_mapping
from connector.settings import Settings, parse
from connector.settings.topic_names import fault_of


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything read from files: settings, mapping, and the parsed JSON of the schema files it names, by file name.

    `warnings` are problems that do not stop a start.
    """

    settings: Settings
    mapping: MappingFile
    schemas: Mapping[str, object]
    warnings: tuple[Problem, ...] = ()


def load(settings_path: str, environment: Mapping[str, str]) -> Configuration:
    """Return the configuration that the settings file at `settings_path` names.

    Raises `UnreadableError` where a file cannot be read, and `ConfigurationError` with every problem of all of them.
    """
    document = config_file.read(settings_path, environment)
    problems: list[Problem] = []
    settings = _settings(document, problems)
    if settings is not None:
        problems += [*_kafka_problems(document, settings), *_missing_files(document, settings)]
    mapping = _mapping(document, environment, problems)
    schemas: dict[str, object] = {}
    warnings: list[Problem] = []
    if mapping is not None:
        warnings += mapping.warnings
        schemas = _schemas(document, mapping, problems)
        problems += [*_topic_laws(document, settings, mapping), *_subjects(document, mapping)]
        for name, topic in mapping.topics.items():
            if isinstance(topic.schema, SchemaFile) and topic.schema.name in schemas:
                _, found = compile_topic(mapping, name, schemas[topic.schema.name], at_start=True)
                problems += [problem for problem in found if problem.severity == "error"]
                warnings += [problem for problem in found if problem.severity != "error"]
    if problems or settings is None or mapping is None:
        raise ConfigurationError([*problems, *warnings])
    return Configuration(_placed(document, settings), mapping, schemas, tuple(warnings))


def _placed(document: Document, settings: Settings) -> Settings:
    """Return `settings` with its relative paths seen from the folder of its file."""
    adjust, registry = settings.adjust, settings.schemas.registry
    changes: dict[str, object] = {}
    if adjust.ca_file is not None:
        changes["adjust"] = adjust.model_copy(update={"ca_file": config_file.resolve(document, adjust.ca_file)})
    if registry is not None and registry.ca_file is not None:
        placed = registry.model_copy(update={"ca_file": config_file.resolve(document, registry.ca_file)})
        changes["schemas"] = settings.schemas.model_copy(update={"registry": placed})
    return settings.model_copy(update=changes)


def _settings(document: Document, problems: list[Problem]) -> Settings | None:
    try:
        return parse(document)
    except ConfigurationError as error:
        problems += error.problems
        return None


def _kafka_problems(document: Document, settings: Settings) -> list[Problem]:
    return [
        document.problem(("kafka",) if name is None else ("kafka", name), f"the Kafka client refuses this: {why}")
        for name, why in kafka.refused(settings.kafka).items()
    ]


def _missing_files(document: Document, settings: Settings) -> list[Problem]:
    """Find the files of certificate authorities that are not there: the first request would fail."""
    registry = settings.schemas.registry
    named: dict[Path, str | None] = {("adjust", "ca_file"): settings.adjust.ca_file}
    if registry is not None:
        named["schemas", "registry", "ca_file"] = registry.ca_file
    return [
        document.problem(path, "there is no such file", hint=f"a relative path is seen from {config_file.shown(document.folder)}")
        for path, file in named.items()
        if file is not None and not os.path.isfile(config_file.resolve(document, file))  # noqa: PTH113  # paths stay text
    ]


def _topic_laws(document: Document, settings: Settings | None, mapping: MappingFile) -> list[Problem]:
    """A dead letter needs a topic that Kafka takes; one that lands in a topic which is read would come round for ever."""
    if settings is None:
        return []
    place, problems = ("dead_letter", "topic"), []
    for name in mapping.topics:
        target = settings.dead_letter.topic.replace("{topic}", name)
        if target in mapping.topics:
            message = f"dead letters of {name} would go to a topic that is read"
            problems.append(document.problem(place, message, hint="name another topic"))
        elif (fault := fault_of(target)) and fault_of(name) is None:
            problems.append(document.problem(place, f"dead letters of {name} have no topic: {fault}"))
    return problems


def _subjects(settings: Document, mapping: MappingFile) -> list[Problem]:
    """Find the topics whose schema is a subject, where no registry is named."""
    section = settings.tree.get("schemas") if isinstance(settings.tree, Mapping) else None
    if isinstance(section, Mapping) and section.get("registry"):
        return []
    hint = "add it, with the url of the registry, or name a schema file for the topic"
    return [
        mapping.document.problem(("topics", topic.name, "schema"), "a subject needs schemas.registry in the settings", hint=hint)
        for topic in mapping.topics.values()
        if isinstance(topic.schema, SchemaSubject)
    ]


def _mapping(settings: Document, environment: Mapping[str, str], problems: list[Problem]) -> MappingFile | None:
    """Read the mapping file, whatever else is wrong with the settings that name it."""
    path = settings.tree.get("mapping") if isinstance(settings.tree, Mapping) else None
    if not isinstance(path, str) or not path:
        return None
    try:
        mapping, found = read_mapping(config_file.read(config_file.resolve(settings, path), environment))
    except ConfigurationError as error:
        problems += error.problems
        return None
    except UnreadableError as error:
        problems.append(settings.problem(("mapping",), str(error)))
        return None
    problems += found
    return mapping


def _schemas(settings: Document, mapping: MappingFile, problems: list[Problem]) -> dict[str, object]:
    schemas: dict[str, object] = {}
    section = settings.tree.get("schemas") if isinstance(settings.tree, Mapping) else None
    folder = section.get("directory") if isinstance(section, Mapping) else None
    for topic in mapping.topics.values():
        if not isinstance(topic.schema, SchemaFile) or topic.schema.name in schemas:
            continue
        if not isinstance(folder, str):
            problems.append(_at(mapping, topic, "a schema file needs schemas.directory in the settings"))
            continue
        try:
            schemas[topic.schema.name] = _read_schema(config_file.resolve(settings, os.path.join(folder, topic.schema.name)))  # noqa: PTH118  # paths stay text
        except OSError as error:
            problems.append(_at(mapping, topic, f"the schema file {topic.schema.name} cannot be read: {error.strerror}"))
        except ValueError as error:
            problems.append(_at(mapping, topic, f"the schema file {topic.schema.name} is not JSON: {error}"))
    return schemas


def _read_schema(path: str) -> object:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # paths stay text
        parsed: object = json.load(file)
    return parsed


def _at(mapping: MappingFile, topic: TopicMapping, message: str) -> Problem:
    return mapping.document.problem(("topics", topic.name, "schema"), message)
