"""The connector and the sandbox as users run them: processes started by the installed command.

**Rule**: a test learns about them from outside only: HTTP, exit codes, logs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from support.child_process import ChildProcess
from support.free_ports import free_port
from support.judge import Arrival

COMMAND = str(Path(sys.executable).with_name("connector"))
_PAGE = 10_000
Sample = tuple[str, frozenset[tuple[str, str]]]


class ConnectorProcess:
    """`connector run` with the settings in `folder`; `name` tells members of one group apart."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], name: str = "member") -> None:
        self._admin_port = free_port()
        self._settings_file = folder / f"{name}.yaml"
        admin = {"host": "127.0.0.1", "port": self._admin_port}
        # JSON is YAML too.
        self._settings_file.write_text(json.dumps({**settings, "admin": admin}, indent=2))
        self.log = folder / f"{name}.log"
        self.process = ChildProcess([COMMAND, "run", "--settings", str(self._settings_file)], self.log, folder=folder)

    def until_ready(self, within_s: float = 60.0) -> ConnectorProcess:
        """Wait until `/readyz` says so."""
        self.process.until_ready(self.is_ready, "the connector is ready", within_s)
        return self

    def is_ready(self) -> bool:
        """Ask `/readyz`."""
        return self.get("/readyz") == 200

    def get(self, path: str) -> int | None:
        """Return the status that the admin server answers, None where it does not listen."""
        try:
            return httpx.get(f"http://127.0.0.1:{self._admin_port}{path}", timeout=5.0, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def text(self, path: str) -> str:
        """Return what the admin server answers, as text."""
        return httpx.get(f"http://127.0.0.1:{self._admin_port}{path}", timeout=5.0, trust_env=False).text

    def metrics(self) -> dict[Sample, float]:
        """Return all samples of `/metrics` by name and labels."""
        answer = httpx.get(f"http://127.0.0.1:{self._admin_port}/metrics", timeout=5.0, trust_env=False)
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.raise_for_status().text)
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of the metric `adjust_connector_<name>` that carry `labels`."""
        wanted = frozenset(labels.items())
        return sum(
            value
            for (known, carried), value in self.metrics().items()
            if known == f"adjust_connector_{name}" and wanted <= carried
        )

    def sentinels(self) -> dict[str, float]:
        """Return the counters that must stay 0, `unaccounted` among them."""
        samples = self.metrics()
        moved = {
            dict(labels)["sentinel"]: value
            for (name, labels), value in samples.items()
            if name == "adjust_connector_sentinel_total"
        }
        return {**moved, "unaccounted": self.total("unaccounted")}

    def terminate(self, within_s: float = 40.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self.process.wait(within_s)

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()

    def stop(self) -> None:
        """Stop it whatever state it is in."""
        self.process.stop()


class SandboxProcess:
    """`connector sandbox` on a free port, with a faults file and a configuration where they are given."""

    def __init__(
        self,
        folder: Path,
        faults: Sequence[Mapping[str, Any]] = (),
        latency_ms: float = 0.0,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        log = folder / "sandbox.log"
        (folder / "sandbox.yaml").write_text(json.dumps({**(config or {}), "latency_ms": latency_ms}))
        (folder / "faults.json").write_text(json.dumps(list(faults)))
        files = ["--config", str(folder / "sandbox.yaml"), "--faults", str(folder / "faults.json")]
        self.process = ChildProcess([COMMAND, "sandbox", "--host", "127.0.0.1", "--port", "0", *files], log, folder=folder)
        self.process.until_ready(lambda: "listening on" in log.read_text(), "the sandbox listens", within_s=30)
        self.base_url = log.read_text().split("listening on ", 1)[1].split()[0]
        self._client = httpx.Client(base_url=self.base_url, timeout=30.0, trust_env=False)

    def summary(self) -> dict[str, Any]:
        """Return the counts over everything received."""
        answer: dict[str, Any] = self._client.get("/sandbox/summary").raise_for_status().json()
        return answer

    def received(self) -> int:
        """Return how many requests arrived."""
        return int(self.summary()["received"])

    def delivered(self) -> int:
        """Return how many were answered 200."""
        return int(self.summary()["delivered"])

    def set_faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Replace the faults in force."""
        self._client.put("/sandbox/faults", json=list(faults)).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """Return everything that arrived, in order, as the sandbox lists it."""
        entries: list[dict[str, Any]] = []
        while True:
            since = entries[-1]["sequence"] if entries else 0
            page = self._client.get("/sandbox/requests", params={"since": since, "limit": _PAGE}).raise_for_status().json()
            entries += page["requests"]
            if not page["requests"]:
                return entries

    def arrivals(self) -> list[Arrival]:
        """Return everything that arrived on Adjust's paths, as the judge takes it."""
        return [
            Arrival(
                entry["sequence"],
                json.loads(entry["parameters"].get("callback_params", "{}")).get("event_id", ""),
                entry["arrived_s"],
                entry["answered_s"],
                entry["status"],
            )
            for entry in self.requests()
        ]

    def stop(self) -> None:
        """Stop it."""
        self._client.close()
        self.process.stop()
