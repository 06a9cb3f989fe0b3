"""From a document to a mapping file: apps, topics and rules as typed values that know their place.

**Rule**: every wrong key and every value of a wrong type is reported, all at once, and left out of what is returned. Does not look
at schemas or expressions (`connector.mapping.compile`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from connector.adjust.endpoints import APP_TOKEN_LENGTH, Environment
from connector.document import Document, Path, Problem
from connector.mapping.file_shape import (
    SUBJECT,
    TABLE,
    AppShape,
    FileShape,
    Rule,
    SchemaFile,
    SchemaSubject,
    TokenTable,
    TopicShape,
)
from connector.mapping.rule_names import with_rule_names
from connector.settings.suggest import close, nearest
from connector.settings.topic_names import fault_of

Shape = TypeVar("Shape")

_HEADER_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class App:
    """An app as Adjust knows it, by the name that rules use. `s2s_token` is None where requests carry no token."""

    name: str
    app_token: str
    s2s_token: str | None = field(default=None, repr=False)
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule and its path in the document; `intact` says that all its keys were understood."""

    path: Path
    rule: Rule
    intact: bool = True


@dataclass(frozen=True, slots=True)
class TopicMapping:
    """How the events of one topic become requests; the first rule whose `when` holds wins."""

    name: str
    schema: SchemaFile | SchemaSubject
    rules: tuple[PlacedRule, ...]
    order_by: str | None = None
    unmatched: Literal["dead_letter", "drop"] = "dead_letter"
    framing: Literal["auto", "confluent", "bare"] = "auto"


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The whole of `mapping.yaml`. `warnings` are problems that do not stop a start."""

    document: Document
    apps: Mapping[str, App]
    topics: Mapping[str, TopicMapping]
    warnings: tuple[Problem, ...] = ()


def read_mapping(document: Document) -> tuple[MappingFile, tuple[Problem, ...]]:
    """Return what can be understood of the mapping in `document`, and the problems of the rest.

    A report can so go on past a wrong key to the expressions. What is to run has no problem at all.
    """
    reading = _Reading(document)
    file = reading.shape(FileShape, document.tree, ())
    apps = {name: app for name in (file.apps if file else ()) if (app := reading.app(name))}
    topics = {name: topic for name in (file.topics if file else ()) if (topic := reading.topic(name))}
    return MappingFile(document, apps, topics, tuple(_warnings(document, apps))), with_rule_names(document, reading.problems)


def _warnings(document: Document, apps: Mapping[str, App]) -> list[Problem]:
    return [
        document.problem(
            ("apps", name, "app_token"),
            f"Adjust's app tokens have {APP_TOKEN_LENGTH} characters, this one has {len(app.app_token)}",
            severity="warning",
        )
        for name, app in apps.items()
        if len(app.app_token) != APP_TOKEN_LENGTH
    ]


class _Reading:
    """One pass over the tree of a document, which collects problems on its way."""

    def __init__(self, document: Document) -> None:
        self.problems: list[Problem] = []
        self._document = document

    def app(self, name: str) -> App | None:
        shape = self.shape(AppShape, self._at("apps", name), ("apps", name))
        if shape and shape.s2s_token and not _HEADER_TOKEN.fullmatch(shape.s2s_token):
            path = ("apps", name, "s2s_token")
            self.problems.append(self._document.problem(path, "holds characters that an HTTP header cannot carry"))
        return App(name, shape.app_token, shape.s2s_token or None, shape.environment) if shape else None

    def topic(self, name: str) -> TopicMapping | None:
        path: Path = ("topics", name)
        if fault := fault_of(name):
            self.problems.append(self._document.problem(path, fault))
        tree = self._at(*path)
        shape = self.shape(TopicShape, tree, path)
        given = tree.get("rules") if isinstance(tree, Mapping) else None
        rules = [
            placed
            for index, rule in enumerate(given if isinstance(given, list) else ())
            if (placed := self._rule(rule, (*path, "rules", index)))
        ]
        self._names_are_unique(rules)
        if shape is None:
            return None
        return TopicMapping(name, shape.schema, tuple(rules), shape.order_by, shape.unmatched, shape.framing)

    def _rule(self, tree: object, path: Path) -> PlacedRule | None:
        known = len(self.problems)
        rule = self.shape(Rule, _without_empty_sections(tree), path)
        return PlacedRule(path, rule, intact=len(self.problems) == known) if rule else None

    def shape(self, shape: type[Shape], tree: object, path: Path) -> Shape | None:
        """Return `tree` as `shape`. A key that is wrong is reported and left out; without it, None where it is required."""
        adapter = TypeAdapter(shape)
        try:
            return adapter.validate_python(tree)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for item in details:
            self._report(item, tree, path, shape)
        try:
            return adapter.validate_python(_pruned(tree, [_real_path(tree, item["loc"]) for item in details]))
        except ValidationError:
            return None

    def _report(self, item: ErrorDetails, tree: object, path: Path, shape: type[object]) -> None:
        inside = _real_path(tree, item["loc"])
        message, hint = item["msg"][0].lower() + item["msg"][1:], None
        match item["type"]:
            case "unexpected_keyword_argument":
                message, hint = "unknown key", nearest(str(item["loc"][-1]), _keys(item["loc"], shape))
            case "missing":
                message = f"{item['loc'][-1]} is required"
            case "string_pattern_mismatch":
                message, hint = "a token is 1 to 64 letters and digits", None
                if item["loc"][-1] == "app_token":
                    message = "an app token has lower-case letters and digits, nothing else"
                    hint = "copy it from Adjust's dashboard"
            case "string_type":
                message = "must be a text, in quotes if it looks like a number or a boolean"
            case "too_short":
                message = "at least one is required here"
            case "dataclass_type" | "dict_type":
                message = "a mapping of keys and values is expected here"
            case "enum" | "literal_error":
                expected = str(item.get("ctx", {}).get("expected", "another value"))
                message, hint = f"must be {expected}", _meant(tree, inside, expected)
        self.problems.append(self._document.problem((*path, *inside), message, hint=hint))

    def _names_are_unique(self, rules: list[PlacedRule]) -> None:
        seen: dict[str, Path] = {}
        for placed in rules:
            if placed.rule.name in seen:
                place = self._document.position(seen[placed.rule.name])
                where = f" in line {place.line}" if place else ""
                self.problems.append(self._document.problem((*placed.path, "name"), f"a rule{where} has this name already"))
            seen.setdefault(placed.rule.name, placed.path)

    def _at(self, *path: str | int) -> object:
        tree: object = self._document.tree
        for step in path:
            tree = tree[step] if isinstance(tree, Mapping) and step in tree else None
        return tree


def _meant(tree: object, inside: Path, expected: str) -> str | None:
    """Return a hint where the value at `inside` is close to one of the texts in `expected`: `'a', 'b' or 'c'`."""
    for step in inside:
        tree = tree[step]  # type: ignore[index]  # the steps lead through the tree
    return close(tree, re.findall("'([^']*)'", expected)) if isinstance(tree, str) else None


def _without_empty_sections(tree: object) -> object:
    """A section that is written but empty (`params:`) means none."""
    if not isinstance(tree, Mapping):
        return tree
    sections = {"params", "callback_params", "partner_params"}
    return {key: value for key, value in tree.items() if value is not None or key not in sections}


def _pruned(tree: object, wrong: list[Path]) -> object:
    """Return `tree` without the values at the paths `wrong`."""
    if () in wrong:
        return None
    if not isinstance(tree, Mapping):
        return tree
    inside = {key: [path[1:] for path in wrong if path[0] == key] for key in tree}
    return {key: _pruned(value, inside[key]) for key, value in tree.items() if () not in inside[key]}


def _real_path(tree: object, loc: tuple[int | str, ...]) -> Path:
    """Return the steps of `loc` that lead through `tree`; the others name alternatives of a type, or what is missing."""
    path: Path = ()
    for step in loc:
        inside = isinstance(tree, Mapping) and step in tree
        if inside or (isinstance(tree, list) and isinstance(step, int) and step < len(tree)):
            tree = tree[step]  # type: ignore[index]  # one of the two
            path = (*path, step)
    return path


def _keys(loc: tuple[int | str, ...], shape: type[object]) -> list[str]:
    """Return the keys that are known where the unknown key at `loc` stands."""
    inner: dict[str, type[object]] = {TABLE: TokenTable, SUBJECT: SchemaSubject}
    for step in loc[:-1]:
        shape = inner.get(str(step), shape)
    return ["from" if name == "source" else name for name in getattr(shape, "__dataclass_fields__", {})]
