"""The tables of README.md, written from the code: `PYTHONPATH=tests python -m support.tables README.md` puts them in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connector.adjust.responses import RESPONSE_RULES, ResponseRule, Voice
from connector.settings import Settings


def settings_table() -> str:
    """Return every key of connector.yaml with its default and meaning."""
    rows = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in _keys(Settings, "")]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, info in model.model_fields.items():
        nested = _nested(info)
        if nested is not None:
            yield from _keys(nested, f"{prefix}{name}.")
        else:
            yield prefix + name, _default(info), info.description or ""


def _nested(info: FieldInfo) -> type[BaseModel] | None:
    options = [info.annotation, *getattr(info.annotation, "__args__", ())]
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "required"
    if info.default is None:
        return "none"
    return f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"


def verdict_table() -> str:
    """Return the ordered table of what an answer means."""
    rows = [f"| {_status(rule)} | {_text(rule)} | {rule.kind.value} | `{rule.reason}` |" for rule in RESPONSE_RULES]
    first = "| 200 | none, `OK`, or a JSON object without `error` and `retry_in` | delivered | |"
    return "\n".join(["| status | body | verdict | reason |", "|---|---|---|---|", first, *rows])


def _status(rule: ResponseRule) -> str:
    if rule.status is None:
        return "any other"
    if isinstance(rule.status, range):
        return f"other {rule.status.start // 100}xx"
    return str(rule.status)


def _text(rule: ResponseRule) -> str:
    if rule.contains:
        return f"“{rule.contains}”"
    return "any" if rule.voice == Voice.ANYONE else "any JSON of Adjust's form"


def placed(readme: str) -> str:
    """Return `readme` with the tables between their markers."""
    for name, table in (("settings", settings_table()), ("verdicts", verdict_table())):
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = readme.split(start)
        _, after = rest.split(end)
        readme = f"{before}{start}{table}\n{end}{after}"
    return readme


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(placed(path.read_text(encoding="utf-8")), encoding="utf-8")
