"""`connector sandbox`: the stand-in for Adjust as a process.

**Rule**: prints one line with its address once it listens, and stops on SIGINT or SIGTERM. Nothing else goes to standard
output.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from connector.adapters import config_file
from connector.cli.loop import run_loop
from connector.document import Problem
from connector.errors import ConfigurationError, UnreadableError, UsageError
from connector.sandbox import Fault, Sandbox, SandboxConfig
from connector.sandbox.config import MAX_LATENCY_MS, parse
from connector.sandbox.faults import WrongFaultsError, parse_faults


def serve(host: str, port: int, config: str | None = None, faults: str | None = None, latency_ms: float | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    `config` names a `sandbox.yaml`, `faults` a JSON file with a list of faults, `latency_ms` overrides the configuration's
    wait before every answer. Raises `UnreadableError` or `ConfigurationError` for a file, and `ServiceUnavailableError`
    where the address cannot be had, `UsageError` for a latency or a port out of range.
    """
    settings = parse(config_file.read(config, os.environ)) if config is not None else SandboxConfig()
    if latency_ms is not None:
        if not 0 <= latency_ms <= MAX_LATENCY_MS:
            raise UsageError(f"a latency of {latency_ms:g} ms is none: give 0 to {MAX_LATENCY_MS:g}")
        settings = settings.model_copy(update={"latency_ms": latency_ms})
    run_loop(_serve(Sandbox(settings, _read_faults(faults) if faults is not None else ()), host, port))


async def _serve(sandbox: Sandbox, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await sandbox.start(host, port)
    try:
        sys.stdout.write(f"sandbox listening on {sandbox.base_url}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await sandbox.stop()


def _read_faults(path: str) -> tuple[Fault, ...]:
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from None
    try:
        return parse_faults(text)
    except WrongFaultsError as error:
        raise ConfigurationError([Problem(file=path, message=text, path=place) for place, text in error.problems]) from None
