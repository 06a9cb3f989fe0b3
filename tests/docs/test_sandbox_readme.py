"""What the sandbox's README shows works as it stands, and its tables are those of the code."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.adapters import config_file
from connector.sandbox import Fault, Sandbox, SandboxApp, SandboxConfig
from connector.sandbox.config import parse
from connector.sandbox.faults import ENDED_ACTIONS, parse_faults

README = (Path(__file__).parents[2] / "connector" / "sandbox" / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def table(model: type[BaseModel]) -> str:
    """Return the table of a model's keys."""
    rows = [
        f"| `{name}` | {_default(field.get_default(call_default_factory=True))} | {field.description} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _default(value: object) -> str:
    if value is None or value in ("", frozenset(), {}):
        return "none"
    return f"`{json.dumps(value) if isinstance(value, bool | float | int) else value}`"


@pytest.mark.parametrize(("name", "model"), [("config", SandboxConfig), ("app", SandboxApp), ("fault", Fault)])
def test_the_tables_list_every_key(name: str, model: type[BaseModel]) -> None:
    """A key that is added, renamed or given another default is described again."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README, re.DOTALL)
    assert found is not None
    assert found[1].strip() == table(model)


def test_the_world_and_the_faults_are_taken(tmp_path: Path) -> None:
    """Both files can be copied."""
    (tmp_path / "sandbox.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    assert parse(config_file.read(str(tmp_path / "sandbox.yaml"), {})).known_after_requests == 3
    faults = parse_faults(blocks("json")[0].encode())
    assert [fault.action for fault in faults] == ["answer", "hang", "answer", "reset"]


def test_every_action_is_described() -> None:
    """The table of the actions is complete."""
    described = set(re.findall(r"^\| `([a-z]+)` \| [^|]+ \|$", README, re.MULTILINE))
    assert described == set(Fault.model_json_schema()["properties"]["action"]["enum"]) >= ENDED_ACTIONS


async def _answers(script: str, base_url: str) -> list[Any]:
    """Run each command of a block in a shell and return the JSON each prints."""
    answers = []
    for command in script.splitlines():
        environment = {**os.environ, "SANDBOX": base_url}
        process = await asyncio.create_subprocess_shell(command, stdout=subprocess.PIPE, env=environment)
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        answers.append(json.loads(output))
    return answers


def test_the_commands_answer_as_said() -> None:
    """The commands for faults and for the journal can be pasted into a shell."""

    async def main() -> None:
        async with Sandbox() as sandbox:
            faults, journal = blocks("sh")
            put, listed, ended = await _answers(faults, sandbox.base_url)
            assert put == listed
            assert (put[0]["status"], put[0]["limit"], ended) == (503, 2, [])
            await _answers(f"curl -s -d s2s=1 {sandbox.base_url}/event", sandbox.base_url)
            summary, listing, reset = await _answers(journal, sandbox.base_url)
            assert (summary["received"], listing["next"], len(listing["requests"])) == (1, 1, 1)
            assert reset == {"status": "OK"}
            assert sandbox.journal.received == 0

    asyncio.run(main())
