"""From a document to settings.

**Rule**: every problem of the file in one report, in words of the file. A value is never repeated: it may be a password.
"""

from __future__ import annotations

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from connector.document import Document, Path, Problem
from connector.errors import ConfigurationError
from connector.settings.expectations import choices, expectation
from connector.settings.laws import laws
from connector.settings.sections import Settings
from connector.settings.suggest import close, nearest


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
    for item in error.errors(include_url=False, include_context=False):
        path: Path = tuple(step for step in item["loc"])
        if path and path[0] == "kafka":
            path = path[:2]
        if path in seen:
            continue
        seen.add(path)
        message, hint = _message(item["type"], path), _hint(item["type"], path, item["input"])
        problems.append(document.problem(path, message, hint=hint))
    return problems


def _message(kind: str, path: Path) -> str:
    match kind:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "this key is required"
        case _:
            return f"must be {expectation(_field(path))}" if path else "a mapping of keys and values is expected here"


def _hint(kind: str, path: Path, given: object) -> str | None:
    """Return what may have been meant; `given` is a value of the file, and is never repeated."""
    if kind == "extra_forbidden" and path:
        return nearest(str(path[-1]), known) if (known := _keys(path[:-1])) else None
    return close(given, choices(_field(path))) if isinstance(given, str) else None


def _field(path: Path) -> FieldInfo | None:
    """Return the declaration of the key at `path`; None where it is a Kafka property."""
    model: type[BaseModel] | None = Settings
    field = None
    for step in path:
        field = model.model_fields.get(str(step)) if model else None
        model = _section(field)
    return field


def _keys(path: Path) -> list[str]:
    model = _section(_field(path)) if path else Settings
    return list(model.model_fields) if model else []


def _section(field: FieldInfo | None) -> type[BaseModel] | None:
    options = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)
