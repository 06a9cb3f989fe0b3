"""Programs that only exist as Go modules, compiled once a machine and kept in the user's cache.

**Rule**: a program in the cache is complete: it is compiled beside its place and moved there under a lock, so two runs at
once, or a run that is cut off, never leave half a program. Versions are pinned. Does not know what the programs are for.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class ToolUnavailableError(Exception):
    """A program cannot be had on this machine; the text says why and what to do."""


@dataclass(frozen=True)
class GoProgram:
    """A main package of a Go module at a version; `ldflags` go to the linker."""

    name: str
    module: str
    version: str
    package: str
    ldflags: str = ""


HELM = GoProgram(
    "helm",
    "helm.sh/helm/v3",
    "v3.22.0",
    "helm.sh/helm/v3/cmd/helm",
    "-X helm.sh/helm/v3/internal/version.version=v3.22.0",
)
KUBECONFORM = GoProgram("kubeconform", "github.com/yannh/kubeconform", "v0.8.0", "github.com/yannh/kubeconform/cmd/kubeconform")
COMPOSE = GoProgram(
    "docker-compose",
    "github.com/docker/compose/v5",
    "v5.6.0",
    "github.com/docker/compose/v5/cmd",
    "-X github.com/docker/compose/v5/internal.Version=v5.6.0",
)


def cache_directory() -> Path:
    """Return where compiled programs and other fetched tools are kept, made if need be."""
    parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = parent / "kafka-adjust-connector" / "tools"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def held(name: str) -> Iterator[None]:
    """Hold the machine-wide lock `name` in the cache while the block runs; a second process waits."""
    with (cache_directory() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(program: GoProgram) -> Path:
    """Return where `program` is in the cache, whether or not it has been compiled."""
    return cache_directory() / f"{program.name}-{program.version}"


def fetch(program: GoProgram) -> Path:
    """Return the path of `program`, compiling it first where the cache lacks it.

    Raises `ToolUnavailableError` where there is no Go toolchain or the build fails.
    """
    place = cached(program)
    with held(place.name):
        if not place.exists():
            _compile(program, place)
    return place


def _compile(program: GoProgram, place: Path) -> None:
    if shutil.which("go") is None:
        raise ToolUnavailableError(
            f"{program.name} {program.version} is compiled with Go, and there is no `go` on the PATH: install Go"
        )
    sys.stderr.write(f"compiling {program.name} {program.version} (once; minutes where Go's caches are cold)\n")
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        folder = Path(scratch)
        _go(folder, "mod", "init", "tool")
        _require(program, folder)
        _go(folder, "build", "-trimpath", "-ldflags", f"-s -w {program.ldflags}", "-o", "program", program.package)
        (folder / "program").rename(place)


def _require(program: GoProgram, folder: Path) -> None:
    """Require the module in a main module of ours, with its `replace` and `exclude` lines: `go install` refuses such modules."""
    downloaded = json.loads(_go(folder, "mod", "download", "-json", f"{program.module}@{program.version}"))
    described = json.loads(_go(folder, "mod", "edit", "-json", downloaded["GoMod"]))
    edits = [f"-require={program.module}@{program.version}"]
    for line in described.get("Replace") or []:
        old, new = line["Old"], line["New"]
        if new.get("Version"):
            at = f"@{old['Version']}" if old.get("Version") else ""
            edits.append(f"-replace={old['Path']}{at}={new['Path']}@{new['Version']}")
    edits += [f"-exclude={line['Path']}@{line['Version']}" for line in described.get("Exclude") or []]
    _go(folder, "mod", "edit", *edits)


def _go(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    done = subprocess.run(["go", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolUnavailableError(f"go {' '.join(arguments[:2])} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
