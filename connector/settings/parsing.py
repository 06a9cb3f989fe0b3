"""From a document to settings, with every problem of the file at once."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from connector.document import Document, Path, Problem
from connector.errors import ConfigurationError
from connector.settings.laws import laws
from connector.settings.sections import Settings


def parse(document: Document) -> Settings:
    """Return the settings in `document`.

    Raises `ConfigurationError` with every problem in it: unknown keys, wrong types and ranges, and the laws between keys.
    """
    try:
        settings = Settings.model_validate(document.tree)
    except ValidationError as error:
        raise ConfigurationError([*_shape_problems(document, error), *laws(document, document.tree)]) from None
    problems = laws(document, document.tree)
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
