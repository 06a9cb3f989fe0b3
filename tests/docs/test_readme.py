"""What the README shows works, and what it lists is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.tables import placed

from connector.app.files import load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    """Settings and verdicts are written from the code (`python -m support.tables README.md`)."""
    assert placed(README) == README


def test_the_files_of_the_readme_pass_the_check(tmp_path: Path) -> None:
    """Both YAML blocks, together with the sample schema, are a configuration that starts."""
    settings, mapping = _blocks("yaml")
    (tmp_path / "connector.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "app_event.avsc").write_bytes((ROOT / "schemas" / "app_event.avsc").read_bytes())
    configuration = load(str(tmp_path / "connector.yaml"), {})
    assert list(configuration.mapping.topics) == ["app-events"]
    assert not configuration.warnings


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_somewhere(path: str) -> None:
    """A file that the README names exists."""
    assert (ROOT / path).exists()


def test_every_make_target_exists() -> None:
    """A command that the README names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for line in re.findall(r"^    make (.*)$", README, re.MULTILINE) for name in line.split("#")[0].split()}
    assert named <= targets
