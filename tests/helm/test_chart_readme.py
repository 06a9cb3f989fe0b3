"""The chart's README and `make image` name the same image, and the steps come in an order that works."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "helm" / "README.md").read_text(encoding="utf-8")
VERSION = YAML(typ="safe").load(ROOT / "helm" / "Chart.yaml")["appVersion"]
COMMANDS = [
    shlex.split(block.replace("\\\n", ""))
    for block in re.findall(r"^    ((?:make image|docker|kubectl|helm) (?:.*\\\n)*.*)$", README, re.MULTILINE)
]


def test_the_image_has_the_tag_that_the_chart_asks_for() -> None:
    """`make image` without a name tags the chart's appVersion."""
    command = ["make", "--dry-run", "--no-print-directory", "-C", str(ROOT), "image", "IMAGE=", "IMAGE_BUILDER=docker"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shlex.split(said) == ["docker", "build", "--tag", f"kafka-adjust-connector:{VERSION}", "."]


def test_the_steps_build_on_each_other() -> None:
    """The image that is installed was built and pushed with the chart's tag, and the secret was made under its name."""
    build, push, secret, install = COMMANDS
    image = build[2].removeprefix("IMAGE=")
    assert image.endswith(f":{VERSION}")
    assert push == ["docker", "push", image]
    given = dict(word.partition("=")[::2] for word in install if "=" in word)
    assert given["image.repository"] == image.removesuffix(f":{VERSION}")
    assert secret[:4] == ["kubectl", "create", "secret", "generic"]
    assert given["existingSecret"] == secret[4]
