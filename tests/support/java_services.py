"""The real broker and registry by hand: `PYTHONPATH=tests python -m support.java_services --registry`.

Prints the addresses as `NAME=value` lines, one each, and stays until it is told to stop (Ctrl-C or SIGTERM); then it stops
what it started. With a command after `--` it runs that command with the addresses in its environment instead, and ends with
the command's exit code.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from support.kafka_cluster import KafkaCluster
from support.schema_registry import SchemaRegistry


def main(arguments: list[str] | None = None) -> int:
    """Start what was asked for; return the exit code."""
    given = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connector-services-")))
        addresses = {
            "KAFKA_BOOTSTRAP_SERVERS": stack.enter_context(KafkaCluster(folder / "kafka", given.nodes)).bootstrap_servers
        }
        if given.registry:
            addresses["SCHEMA_REGISTRY_URL"] = stack.enter_context(SchemaRegistry(folder / "registry")).url
        if given.command:
            return subprocess.run(given.command, env={**os.environ, **addresses}, check=False).returncode
        for name, value in addresses.items():
            sys.stdout.write(f"{name}={value}\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="support.java_services", description="A real Kafka broker, and a schema registry.")
    parser.add_argument("--nodes", type=int, default=1, help="brokers in the cluster (default 1)")
    parser.add_argument("--registry", action="store_true", help="start a schema registry too")
    parser.add_argument("command", nargs="*", help="after --: a command to run with the addresses in its environment")
    return parser


if __name__ == "__main__":
    sys.exit(main())
