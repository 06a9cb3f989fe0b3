"""A program that a test started: its own process group, its output in a file, its end by process id.

**Rule**: whatever was started is stopped, after a failure too: politely first, then by SIGKILL, and the whole group.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.waiting import until

_LEASH = str(Path(__file__).with_name("leash.py"))


class DiedError(RuntimeError):
    """A program ended before it was ready."""


class ChildProcess:
    """One started program. `log` receives standard output and standard error together."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self.log = log
        self._name = Path(command[0]).name
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, _LEASH, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=True,
            )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the program runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask the program to stop (SIGTERM)."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the program at once (SIGKILL), as a power cut would, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def wait(self, within_s: float) -> int:
        """Return the exit code. Raises `TimeoutError` if the program still runs after `within_s` seconds."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self._name} still runs after {within_s:g} s; its log ends:\n{self.log_tail()}") from None

    def until_done(self, within_s: float) -> None:
        """Wait until the program has ended well. Raises `DiedError` where it ended with another exit code than 0."""
        code = self.wait(within_s)
        atexit.unregister(self.stop)
        if code:
            raise DiedError(f"{self._name} ended with {code}; its log ends:\n{self.log_tail()}")

    def stop(self, grace_s: float = 10.0) -> None:
        """Stop the program and its group: SIGTERM, then SIGKILL after `grace_s` seconds. May be called twice."""
        atexit.unregister(self.stop)
        if self.exit_code is None:
            self.signal(signal.SIGCONT)  # a frozen program hears no SIGTERM
            self.terminate()
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # nobody of the group is left

    def until_ready(self, ready: Callable[[], object], what: str, within_s: float) -> None:
        """Wait until `ready` says so. Raises `DiedError` or `TimeoutError` with the end of the log; the program is stopped."""

        def answers() -> object:
            if self.exit_code is not None:
                raise DiedError(f"{what}: {self._name} ended with {self.exit_code}; its log ends:\n{self.log_tail()}")
            return ready()

        try:
            until(answers, what, within_s, every_s=0.1)
        except TimeoutError as error:
            self.stop()
            raise TimeoutError(f"{error}; the log of {self._name} ends:\n{self.log_tail()}") from None

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
