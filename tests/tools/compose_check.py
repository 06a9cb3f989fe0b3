"""`make compose-check`: docker-compose.yml is what Compose itself takes, and every path it names exists.

**Rule**: a check that could not run says so and fails where CI is set, so that it is never mistaken for one that passed.
Asks no container engine. The ports are the concern of `tests/unit/test_compose_file.py`, which needs no Compose.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.go_programs import COMPOSE, ToolUnavailableError, fetch

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Validate the file; 0 when it is valid, 1 when not, 0 or (in CI) 69 when Compose cannot be had."""
    try:
        compose = fetch(COMPOSE)
    except ToolUnavailableError as error:
        sys.stderr.write(f"compose-check DID NOT RUN: {error}\n")
        return 69 if os.environ.get("CI") else 0
    # A closed port: whatever engine the machine has, it is not asked.
    environment = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:9"}
    command = [str(compose), "--file", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode == 0:
        sys.stdout.write("docker-compose.yml: valid\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
