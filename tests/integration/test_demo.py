"""`connector demo` as a user starts it: it ends within its time, and its account is printed and holds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = [sys.executable, "-m", "connector", "demo"]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the demo with its output in a pipe, and see that it is gone at the end, whatever happens."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    watchdog = threading.Timer(100, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_demo_runs_and_its_account_holds() -> None:
    """A short demo in a pipe: exit code 0, plain lines, an account without a violation, two requests with masked tokens."""
    with started("--events", "800") as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said
    assert "The account holds." in said
    for name in ("delivered twice", "order violations", "dead letters altered", "unaccounted"):
        assert re.search(rf"^ *{name} +0$", said, re.MULTILINE), said
    assert re.search(r"^ *consumed +800$", said, re.MULTILINE), said
    assert len(re.findall(r"^POST /", said, re.MULTILINE)) == 2
    assert "4w565xzmb54d" not in said
    assert "not-a-secret" not in said
    assert "\x1b" not in said
    assert "\r" not in said


def test_keep_running_prints_addresses_that_answer_and_stops_on_sigint() -> None:
    """After the account the demo stays up: the printed addresses answer, more events are delivered, and SIGINT ends it well."""
    with started("--events", "200", "--keep-running") as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "more events" in line:
                break
        said = "".join(lines)
        found = re.search(r"(http://[0-9.:]+)/readyz", said)
        assert found, said
        with urllib.request.urlopen(f"{found[1]}/readyz", timeout=10) as answer:  # noqa: S310  # an http address of this machine
            assert answer.status == 200
        kafka = re.search(r"--bootstrap-servers ([0-9.:]+)", said)
        assert kafka, said
        more = [*PROGRAM, "--produce-only", "--events", "120", "--seed", "2", "--bootstrap-servers", kafka[1]]
        produced = subprocess.run(more, capture_output=True, text=True, check=True, timeout=60)
        assert "120 events" in produced.stdout
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert process.returncode == 0, said + rest
