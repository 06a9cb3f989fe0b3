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
from pathlib import Path
from urllib.error import HTTPError

import pytest

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


def status_of(url: str) -> int:
    """Return the status that an address of this machine answers with."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # an http address of this machine
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


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
        urls = re.findall(r"http://\S+", said)
        paths = {url.split("/", 3)[-1] for url in urls if url.count("/") > 2}
        assert paths == {"livez", "readyz", "metrics", "sandbox/requests", "sandbox/summary"}, said
        for url in urls:
            assert status_of(url) == (200 if url.count("/") > 2 else 404)  # the base of Adjust's API is no page
        kafka = re.search(r"--bootstrap-servers ([0-9.:]+)", said)
        assert kafka, said
        more = [*PROGRAM, "--produce-only", "--events", "120", "--seed", "2", "--bootstrap-servers", kafka[1]]
        produced = subprocess.run(more, capture_output=True, text=True, check=True, timeout=60)
        assert "120 events" in produced.stdout
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert process.returncode == 0, said + rest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after", ["Kafka inside", "joins its group"])
def test_a_signal_before_the_account_ends_with_the_shells_code(number: signal.Signals, code: int, after: str) -> None:
    """A demo that is stopped early says so, drains, and does not look like one whose account is broken."""
    with started("--events", "3000") as process:
        assert process.stdout is not None
        assert any(after in line for line in process.stdout)
        process.send_signal(number)
        said, _ = process.communicate()
    assert process.returncode == code, said
    assert said.endswith("Stopped before the end: there is no account.\n")
    assert "Traceback" not in said


def test_a_pipe_that_nobody_reads_ends_the_demo_quietly(tmp_path: Path) -> None:
    """`connector demo | head -1` ends soon, without a traceback, as programs do that meet SIGPIPE."""
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen([*PROGRAM], stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Kafka inside this process")
        process.stdout.close()
        assert process.wait(60) == 141
        errors.seek(0)
        assert errors.read() == ""


def on_a_terminal(events: int, *, interrupt: bool) -> tuple[int, str]:
    """Run the demo on a terminal of 80 columns, with Ctrl-C once it shows progress if asked; return exit code and output."""
    command = f"stty cols 80 rows 24; exec {' '.join(PROGRAM)} --events {events}"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    script = ["script", "-qec", command, "/dev/null"]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        watchdog = threading.Timer(100, process.kill)
        watchdog.start()
        assert process.stdin is not None
        assert process.stdout is not None
        said = b""
        while chunk := os.read(process.stdout.fileno(), 65_536):
            said += chunk
            if interrupt and b" settled; " in said:
                interrupt = False
                process.stdin.write(b"\x03")
                process.stdin.flush()
        watchdog.cancel()
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())


def bars_of(shown: str) -> list[str]:
    """Return every state of the bar, without what the terminal echoed."""
    return [line.replace("^C", "") for line in re.split(r"[\r\n]+", shown) if " settled; " in line]


def test_a_terminal_shows_one_bar_within_80_columns() -> None:
    """On a terminal the bar is redrawn on its line and never fills it; the account follows and holds."""
    code, shown = on_a_terminal(300, interrupt=False)
    bars = bars_of(shown)
    assert code == 0, shown
    assert all(len(bar.rstrip()) <= 77 for bar in bars)
    assert "300 of 300 settled" in bars[-1]
    assert sum(" settled; " in line for line in shown.split("\n")) == 1, shown
    assert shown.rstrip().endswith("The account holds.")


def test_ctrl_c_leaves_one_bar() -> None:
    """What Ctrl-C echoes does not push the bar to a second line; the demo says that there is no account."""
    code, shown = on_a_terminal(6_000, interrupt=True)
    assert code == 130, shown
    assert sum(" settled; " in line for line in shown.split("\n")) == 1, shown
    assert shown.rstrip().endswith("Stopped before the end: there is no account.")
