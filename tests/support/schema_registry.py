"""A real schema registry that speaks the Confluent API (Apicurio), on a free port of 127.0.0.1.

**Rule**: ready means that the API answered. Schemas survive a stop and a start, as a registry in production keeps them:
they lie in a database file.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from support.child_process import ChildProcess
from support.free_ports import free_port
from support.maven_cache import QUICK_START, REGISTRY_VERSION, registry_folder

_READY_WITHIN_S = 90.0


class SchemaRegistry:
    """One registry; everything it writes is under `folder`. It may be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._running: ChildProcess | None = None

    @property
    def url(self) -> str:
        """The base URL, as Confluent's own clients take it."""
        return f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start the registry, unless it runs, and wait until it lists its subjects."""
        if self._running is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        jar = registry_folder() / f"apicurio-registry-app-{REGISTRY_VERSION}-runner.jar"
        options = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": str(self._port),
            "quarkus.log.level": "WARN",
            "apicurio.datasource.url": f"jdbc:h2:file:{self._folder / 'schemas'}",
        }
        command = ["java", "-Xmx256m", *QUICK_START, *(f"-D{name}={value}" for name, value in options.items()), "-jar", str(jar)]
        self._running = ChildProcess(command, self._folder / "registry.log", folder=self._folder)
        self._running.until_ready(self._answers, "the schema registry lists its subjects", _READY_WITHIN_S)

    def stop(self) -> None:
        """Stop the registry; nothing listens on its port any more."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/subjects", timeout=2.0, trust_env=False).is_success
        except httpx.TransportError:
            return False
