"""What in an Avro schema (parsed JSON) decides how it can be decoded.

**Rule**: a question that cannot be answered is answered on the safe side. Does not validate: fastavro does.
"""

from __future__ import annotations

from collections.abc import Iterator

_NAMED = frozenset({"record", "error", "enum", "fixed"})


def without_logical_types(schema: object) -> object:
    """Return `schema` with its logical types taken off, so that values stay raw."""
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    return schema


def contains_itself(schema: object) -> bool:
    """Say whether a record of `schema` can hold a record of its own type, at any depth."""
    return _recurs(schema, "", frozenset())


def _recurs(schema: object, namespace: str, inside: frozenset[str]) -> bool:
    if isinstance(schema, str):
        return _full_name(schema, namespace) in inside or schema in inside
    if isinstance(schema, list):
        return any(_recurs(branch, namespace, inside) for branch in schema)
    if not isinstance(schema, dict):
        return False
    if schema.get("type") in {"record", "error"}:
        namespace, name = _named(schema, namespace)
        return any(_recurs(field, namespace, inside | {name}) for field in _field_types(schema))
    return any(_recurs(schema.get(key), namespace, inside) for key in ("type", "items", "values"))


def has_items_without_bytes(schema: object) -> bool:
    """Say whether `schema` has an array whose items can take no bytes at all: null, or records and fixed values of nothing."""
    sizes: dict[str, bool] = {}
    _collect(schema, "", sizes)
    return any(_is_empty(items, namespace, sizes) for items, namespace in _arrays(schema, ""))


def _collect(schema: object, namespace: str, empty: dict[str, bool]) -> None:
    """Note of each named type whether its values take no bytes; a type inside itself takes at least one for the way out."""
    if isinstance(schema, list):
        for branch in schema:
            _collect(branch, namespace, empty)
    if not isinstance(schema, dict):
        return
    if schema.get("type") in _NAMED:
        namespace, name = _named(schema, namespace)
        empty[name] = False
        for field in _field_types(schema):
            _collect(field, namespace, empty)
        if schema["type"] == "fixed":
            empty[name] = not schema.get("size")
        elif schema["type"] != "enum":
            empty[name] = all(_is_empty(field, namespace, empty) for field in _field_types(schema))
        return
    for key in ("type", "items", "values"):
        _collect(schema.get(key), namespace, empty)


def _is_empty(schema: object, namespace: str, empty: dict[str, bool]) -> bool:
    if isinstance(schema, str):
        return schema == "null" or empty.get(_full_name(schema, namespace), empty.get(schema, False))
    if not isinstance(schema, dict):
        return False
    if schema.get("type") in _NAMED:
        return empty.get(_named(schema, namespace)[1], False)
    return _is_empty(schema.get("type"), namespace, empty)


def _arrays(schema: object, namespace: str) -> Iterator[tuple[object, str]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _arrays(branch, namespace)
    if not isinstance(schema, dict):
        return
    if schema.get("type") in _NAMED:
        namespace, _ = _named(schema, namespace)
    if schema.get("type") == "array":
        yield schema.get("items"), namespace
    for inner in (*_field_types(schema), schema.get("items"), schema.get("values"), schema.get("type")):
        if not isinstance(inner, str):
            yield from _arrays(inner, namespace)


def _field_types(schema: dict[str, object]) -> list[object]:
    fields = schema.get("fields")
    return [field.get("type") for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []


def _named(schema: dict[str, object], namespace: str) -> tuple[str, str]:
    """Return the namespace inside a named type, and its full name."""
    name = str(schema.get("name"))
    if "." in name:
        return name.rpartition(".")[0], name
    inner = str(schema.get("namespace", namespace))
    return inner, _full_name(name, inner)


def _full_name(name: str, namespace: str) -> str:
    return f"{namespace}.{name}" if namespace and "." not in name else name
