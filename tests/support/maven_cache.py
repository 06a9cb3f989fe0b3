"""Apache Kafka and the schema registry from Maven Central, kept outside the repository.

**Rule**: a folder in the cache is complete or not there. Two runs at once fetch once: a file lock decides who, and a folder
takes its name by one rename after everything is in it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KAFKA_VERSION = "4.4.0"
REGISTRY_VERSION = "3.0.9"

QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of a Java program that ends before the optimising compiler has paid for itself."""

_OLDEST_JAVA = 17
_FETCH_TIMEOUT_S = 600
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
  </dependency></dependencies>
</project>
"""


class FetchError(RuntimeError):
    """Maven did not deliver."""


def cache_folder() -> Path:
    """Return the folder of everything that is fetched: `$XDG_CACHE_HOME` or `~/.cache`, then the product's name."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "kafka-adjust-connector"


def kafka_folder() -> Path:
    """Return the folder of Kafka's jars, fetching them if they are not there. Raises `FetchError`."""
    return _fetched(f"kafka-{KAFKA_VERSION}", _fetch_kafka)


def registry_folder() -> Path:
    """Return the folder of the registry's runner jar, fetching it if it is not there. Raises `FetchError`."""
    return _fetched(f"apicurio-registry-{REGISTRY_VERSION}", _fetch_registry)


def missing_for_kafka() -> str | None:
    """Say what this machine lacks to run a broker, or None."""
    return _missing(f"kafka-{KAFKA_VERSION}")


def missing_for_registry() -> str | None:
    """Say what this machine lacks to run a registry, or None."""
    return _missing(f"apicurio-registry-{REGISTRY_VERSION}")


def _missing(name: str) -> str | None:
    if java_version() < _OLDEST_JAVA:
        return f"no Java {_OLDEST_JAVA} or later on the PATH"
    if shutil.which("mvn") is None and not (cache_folder() / name).is_dir():
        return "no Maven (mvn) on the PATH to fetch it with"
    return None


def java_version() -> int:
    """Return the major version of the machine's Java, 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found.group(1)) if found else 0


def _fetched(name: str, fetch: Callable[[Path], None]) -> Path:
    cache = cache_folder()
    target = cache / name
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f".{name}.lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=cache) as folder:
                fetch(Path(folder))
                (Path(folder) / "content").rename(target)
    return target


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released when the file is closed, by the end of the process too
        yield


def _fetch_kafka(folder: Path) -> None:
    (folder / "pom.xml").write_text(_POM)
    _maven(folder, "dependency:copy-dependencies", "-DoutputDirectory=content")


def _fetch_registry(folder: Path) -> None:
    artifact = f"io.apicurio:apicurio-registry-app:{REGISTRY_VERSION}:tar.gz:all"
    _maven(folder, "dependency:unpack", f"-Dartifact={artifact}", "-DoutputDirectory=content", "-Dproject.basedir=.")


def _maven(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["mvn", "-q", "-B", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=_FETCH_TIMEOUT_S
    )
    if done.returncode or not (folder / "content").is_dir():
        raise FetchError(f"mvn {' '.join(arguments)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
