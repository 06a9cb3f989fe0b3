"""`make helm-check`: the chart lints, renders with every file of helm/ci, is valid Kubernetes, and keeps its promises.

**Rule**: a check that could not run says so and fails where CI is set, so that it is never mistaken for one that passed.
Nothing is asked of a network once the tools are in the cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.go_programs import HELM, KUBECONFORM, ToolUnavailableError, fetch
from tools.kubernetes_schemas import KUBERNETES_VERSIONS, schema_directory

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm"
SCHEMA_FILES = "{{.NormalizedKubernetesVersion}}{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json"


def run(*command: str | Path, stdin: str | None = None) -> tuple[bool, str]:
    """Run `command`; return whether it succeeded and what it wrote to standard output. Complaints go through."""
    done = subprocess.run(command, cwd=ROOT, input=stdin, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode == 0, done.stdout


def check_values(helm: Path, kubeconform: Path, schemas: Path, values: Path) -> bool:
    """Lint, render and validate the chart with one file of values."""
    good, said = run(helm, "lint", "--strict", CHART, "--values", values)
    if not good:
        sys.stdout.write(said)
        return False
    good, manifests = run(helm, "template", "release", CHART, "--values", values)
    for version in KUBERNETES_VERSIONS if good else ():
        options = ("-strict", "-summary", "-kubernetes-version", version, "-schema-location", f"{schemas}/{SCHEMA_FILES}")
        valid, said = run(kubeconform, *options, "-", stdin=manifests)
        sys.stdout.write(f"{values.name}, Kubernetes {version}: {said}")
        good = good and valid
    return good


def main() -> int:
    """Check the chart; 0 when all is well, 1 when not, 0 or (in CI) 69 when a tool cannot be had."""
    try:
        helm, kubeconform, schemas = fetch(HELM), fetch(KUBECONFORM), schema_directory()
    except ToolUnavailableError as error:
        sys.stderr.write(f"helm-check DID NOT RUN: {error}\n")
        return 69 if os.environ.get("CI") else 0
    checked = [check_values(helm, kubeconform, schemas, values) for values in sorted((CHART / "ci").glob("*.yaml"))]
    if not checked or not all(checked):
        sys.stderr.write("helm-check: the chart is not valid\n")
        return 1
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/helm"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
