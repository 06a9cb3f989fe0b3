"""The guide beside the sample mapping says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.mappings import sound_mapping

from connector.adapters.config_file import read
from connector.adjust.endpoints import ENDPOINTS
from connector.adjust.parameters import PARAMETERS
from connector.mapping.compile import compile_topic

SCHEMAS = Path(__file__).parents[2] / "schemas"
GUIDE = (SCHEMAS / "README.md").read_text()


def test_every_mapping_of_the_guide_compiles(tmp_path: Path) -> None:
    """Whoever copies the example gets a mapping without a problem."""
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "mapping.yaml").write_text(block)
        mapping = sound_mapping(read(str(tmp_path / "mapping.yaml"), {}))
        _, problems = compile_topic(mapping, "app-events", json.loads((SCHEMAS / "app_event.avsc").read_text()))
        assert [problem.render() for problem in problems] == []


def test_the_guide_lists_exactly_the_parameters_there_are() -> None:
    """A parameter that is added, renamed or removed is so in the table too."""
    table = GUIDE.partition("## Adjust's parameters")[2]
    listed = {name for row in table.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    constants = {name for facts in ENDPOINTS.values() for name in facts.constants}
    assert listed == set(PARAMETERS) - constants
